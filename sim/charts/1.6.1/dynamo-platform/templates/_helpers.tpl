{{/* Stand-in for the helpers of NVIDIA's dynamo-platform chart 1.6.1 and its sub-charts: names, labels, what it refuses. */}}

{{/* As a sub-chart names itself: the release's name alone when that already holds the sub-chart's name. */}}
{{- define "platform.fullname" -}}
{{- if contains .name .root.Release.Name -}}
{{- .root.Release.Name | trunc 63 | trimSuffix "-" -}}
{{- else -}}
{{- printf "%s-%s" .root.Release.Name .name | trunc 63 | trimSuffix "-" -}}
{{- end -}}
{{- end }}

{{- define "platform.operator" -}}
{{- include "platform.fullname" (dict "root" . "name" "dynamo-operator") -}}
{{- end }}

{{- define "platform.selector" -}}
app.kubernetes.io/name: {{ .name }}
app.kubernetes.io/instance: {{ .root.Release.Name }}
{{- end }}

{{- define "platform.labels" -}}
{{ include "platform.selector" . }}
app.kubernetes.io/managed-by: {{ .root.Release.Service }}
helm.sh/chart: {{ .root.Chart.Name }}-{{ .root.Chart.Version }}
{{- end }}

{{/* A cluster bears one cluster-wide operator, and none beside namespace-restricted ones: told apart by their roles. */}}
{{- define "platform.refuseSecondOperator" -}}
{{- $own := printf "%s-manager-role" (include "platform.operator" .) -}}
{{- $restricted := (index .Values "dynamo-operator").namespaceRestriction.enabled -}}
{{- range (lookup "rbac.authorization.k8s.io/v1" "ClusterRole" "" "").items -}}
  {{- if and (contains "-dynamo-operator-" .metadata.name) (hasSuffix "-manager-role" .metadata.name) (ne .metadata.name $own) -}}
    {{- fail (printf "VALIDATION ERROR: Found existing cluster-wide Dynamo operator (ClusterRole: %s). Only one cluster-wide Dynamo operator should be deployed per cluster: use it, or uninstall its release first." .metadata.name) -}}
  {{- end -}}
{{- end -}}
{{- if not $restricted -}}
{{- range (lookup "rbac.authorization.k8s.io/v1" "Role" "" "").items -}}
  {{- if and (contains "-dynamo-operator-" .metadata.name) (hasSuffix "-manager-role" .metadata.name) -}}
    {{- fail (printf "VALIDATION ERROR: Found existing namespace-restricted Dynamo operators (Role %s in namespace %s). Cannot deploy a cluster-wide operator beside them: uninstall them first, or set namespaceRestriction.enabled=true." .metadata.name .metadata.namespace) -}}
  {{- end -}}
{{- end -}}
{{- end -}}
{{- end }}

{{/* Grove or KAI is used where this release installs it, or the cluster is said to have it. */}}
{{- define "platform.uses" -}}
{{- $one := index .root.Values.global .name -}}
{{- if or $one.install $one.enabled }}true{{ else }}false{{ end -}}
{{- end }}

{{/* Where a webhook is called. The API server of the simulation cannot reach a Service: the simulation says in a ConfigMap
     where the operator's stand-in listens instead. Without it (helm template) the Service, as in the real chart. */}}
{{- define "platform.webhook" -}}
{{- $found := (lookup "v1" "ConfigMap" "kube-system" "sim-webhooks").data -}}
{{- if $found -}}
url: {{ $found.url }}{{ .path }}
caBundle: {{ $found.caBundle }}
{{- else -}}
service: {name: {{ include "platform.operator" .root }}-webhook-service, namespace: {{ .root.Release.Namespace }}, path: {{ .path }}}
{{- end -}}
{{- end }}
