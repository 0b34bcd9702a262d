{{/* Stand-in for the schema that both CRDs of Dynamo 0.6.0 share: a service of the graph, and the pod parts in it.
     No field keeps unknown ones except those that a Wide-EP graph never writes. */}}

{{- define "schema.quantity" -}}
x-kubernetes-int-or-string: true
anyOf: [{type: integer}, {type: string}]
pattern: ^[+-]?([0-9]+|[0-9]+\.[0-9]*|\.[0-9]+)([KMGTPE]i|[numkMGTPE]|[eE][+-]?[0-9]+)?$
{{- end }}

{{- define "schema.map" -}}
{type: object, additionalProperties: {type: string}}
{{- end }}

{{- define "schema.open" -}}
{type: object, x-kubernetes-preserve-unknown-fields: true}
{{- end }}

{{- define "schema.conditions" -}}
type: array
items:
  type: object
  required: [lastTransitionTime, message, reason, status, type]
  properties:
    lastTransitionTime: {type: string, format: date-time}
    message: {type: string, maxLength: 32768}
    observedGeneration: {type: integer, format: int64, minimum: 0}
    reason: {type: string, minLength: 1, maxLength: 1024, pattern: "^[A-Za-z]([A-Za-z0-9_,:]*[A-Za-z0-9_])?$"}
    status: {type: string, enum: ["True", "False", "Unknown"]}
    type: {type: string, maxLength: 316}
{{- end }}

{{- define "schema.keyRef" -}}
type: object
required: [key]
properties:
  key: {type: string}
  name: {type: string}
  optional: {type: boolean}
{{- end }}

{{- define "schema.env" -}}
type: array
items:
  type: object
  required: [name]
  properties:
    name: {type: string}
    value: {type: string}
    valueFrom:
      type: object
      properties:
        configMapKeyRef: {{- include "schema.keyRef" . | nindent 10 }}
        secretKeyRef: {{- include "schema.keyRef" . | nindent 10 }}
        fieldRef: {type: object, required: [fieldPath], properties: {apiVersion: {type: string}, fieldPath: {type: string}}}
        resourceFieldRef: {{ include "schema.open" . }}
{{- end }}

{{- define "schema.envFrom" -}}
type: array
items:
  type: object
  properties:
    prefix: {type: string}
    configMapRef: {type: object, properties: {name: {type: string}, optional: {type: boolean}}}
    secretRef: {type: object, properties: {name: {type: string}, optional: {type: boolean}}}
{{- end }}

{{- define "schema.port" -}}
{x-kubernetes-int-or-string: true, anyOf: [{type: integer}, {type: string}]}
{{- end }}

{{- define "schema.probe" -}}
type: object
properties:
  exec: {type: object, properties: {command: {type: array, items: {type: string}}}}
  grpc: {type: object, required: [port], properties: {port: {type: integer, format: int32}, service: {type: string}}}
  httpGet:
    type: object
    required: [port]
    properties:
      host: {type: string}
      path: {type: string}
      port: {{ include "schema.port" . }}
      scheme: {type: string}
      httpHeaders:
        type: array
        items: {type: object, required: [name, value], properties: {name: {type: string}, value: {type: string}}}
  tcpSocket: {type: object, required: [port], properties: {host: {type: string}, port: {{ include "schema.port" . }}}}
  failureThreshold: {type: integer, format: int32}
  initialDelaySeconds: {type: integer, format: int32}
  periodSeconds: {type: integer, format: int32}
  successThreshold: {type: integer, format: int32}
  terminationGracePeriodSeconds: {type: integer, format: int64}
  timeoutSeconds: {type: integer, format: int32}
{{- end }}

{{- define "schema.container" -}}
type: object
properties:
  name: {type: string}
  image: {type: string}
  imagePullPolicy: {type: string}
  command: {type: array, items: {type: string}}
  args: {type: array, items: {type: string}}
  workingDir: {type: string}
  env: {{- include "schema.env" . | nindent 4 }}
  envFrom: {{- include "schema.envFrom" . | nindent 4 }}
  lifecycle: {{ include "schema.open" . }}
  livenessProbe: {{- include "schema.probe" . | nindent 4 }}
  readinessProbe: {{- include "schema.probe" . | nindent 4 }}
  startupProbe: {{- include "schema.probe" . | nindent 4 }}
  ports:
    type: array
    items:
      type: object
      required: [containerPort]
      properties:
        containerPort: {type: integer, format: int32}
        hostIP: {type: string}
        hostPort: {type: integer, format: int32}
        name: {type: string}
        protocol: {type: string}
  resources:
    type: object
    properties:
      claims: {type: array, items: {{ include "schema.open" . }}}
      limits:
        type: object
        additionalProperties: {{- include "schema.quantity" . | nindent 10 }}
      requests:
        type: object
        additionalProperties: {{- include "schema.quantity" . | nindent 10 }}
  restartPolicy: {type: string}
  securityContext:
    type: object
    properties:
      allowPrivilegeEscalation: {type: boolean}
      capabilities:
        type: object
        properties:
          add: {type: array, items: {type: string}}
          drop: {type: array, items: {type: string}}
      privileged: {type: boolean}
      procMount: {type: string}
      readOnlyRootFilesystem: {type: boolean}
      runAsGroup: {type: integer, format: int64}
      runAsNonRoot: {type: boolean}
      runAsUser: {type: integer, format: int64}
      seccompProfile: {type: object, required: [type], properties: {localhostProfile: {type: string}, type: {type: string}}}
  stdin: {type: boolean}
  terminationMessagePath: {type: string}
  terminationMessagePolicy: {type: string}
  tty: {type: boolean}
  volumeMounts:
    type: array
    items:
      type: object
      required: [mountPath, name]
      properties:
        mountPath: {type: string}
        mountPropagation: {type: string}
        name: {type: string}
        readOnly: {type: boolean}
        subPath: {type: string}
        subPathExpr: {type: string}
{{- end }}

{{- define "schema.requirements" -}}
type: array
items:
  type: object
  required: [key, operator]
  properties:
    key: {type: string}
    operator: {type: string}
    values: {type: array, items: {type: string}}
{{- end }}

{{- define "schema.labelSelector" -}}
type: object
properties:
  matchLabels: {{ include "schema.map" . }}
  matchExpressions: {{- include "schema.requirements" . | nindent 4 }}
{{- end }}

{{- define "schema.podAffinityTerm" -}}
type: object
required: [topologyKey]
properties:
  labelSelector: {{- include "schema.labelSelector" . | nindent 4 }}
  namespaceSelector: {{- include "schema.labelSelector" . | nindent 4 }}
  matchLabelKeys: {type: array, items: {type: string}}
  mismatchLabelKeys: {type: array, items: {type: string}}
  namespaces: {type: array, items: {type: string}}
  topologyKey: {type: string}
{{- end }}

{{- define "schema.podAffinity" -}}
type: object
properties:
  requiredDuringSchedulingIgnoredDuringExecution:
    type: array
    items: {{- include "schema.podAffinityTerm" . | nindent 6 }}
  preferredDuringSchedulingIgnoredDuringExecution:
    type: array
    items:
      type: object
      required: [podAffinityTerm, weight]
      properties:
        weight: {type: integer, format: int32}
        podAffinityTerm: {{- include "schema.podAffinityTerm" . | nindent 10 }}
{{- end }}

{{- define "schema.nodeTerm" -}}
type: object
properties:
  matchExpressions: {{- include "schema.requirements" . | nindent 4 }}
  matchFields: {{- include "schema.requirements" . | nindent 4 }}
{{- end }}

{{- define "schema.affinity" -}}
type: object
properties:
  podAffinity: {{- include "schema.podAffinity" . | nindent 4 }}
  podAntiAffinity: {{- include "schema.podAffinity" . | nindent 4 }}
  nodeAffinity:
    type: object
    properties:
      requiredDuringSchedulingIgnoredDuringExecution:
        type: object
        required: [nodeSelectorTerms]
        properties:
          nodeSelectorTerms:
            type: array
            items: {{- include "schema.nodeTerm" . | nindent 14 }}
      preferredDuringSchedulingIgnoredDuringExecution:
        type: array
        items:
          type: object
          required: [preference, weight]
          properties:
            weight: {type: integer, format: int32}
            preference: {{- include "schema.nodeTerm" . | nindent 14 }}
{{- end }}

{{- define "schema.podSpec" -}}
activeDeadlineSeconds: {type: integer, format: int64}
affinity: {{- include "schema.affinity" . | nindent 2 }}
automountServiceAccountToken: {type: boolean}
containers:
  type: array
  items: {{- include "schema.container" . | nindent 4 }}
dnsConfig: {{ include "schema.open" . }}
dnsPolicy: {type: string}
enableServiceLinks: {type: boolean}
hostAliases: {type: array, items: {{ include "schema.open" . }}}
hostIPC: {type: boolean}
hostNetwork: {type: boolean}
hostPID: {type: boolean}
hostname: {type: string}
imagePullSecrets: {type: array, items: {type: object, properties: {name: {type: string}}}}
initContainers:
  type: array
  items: {{- include "schema.container" . | nindent 4 }}
nodeName: {type: string}
nodeSelector: {{ include "schema.map" . }}
preemptionPolicy: {type: string}
priority: {type: integer, format: int32}
priorityClassName: {type: string}
restartPolicy: {type: string}
runtimeClassName: {type: string}
schedulerName: {type: string}
schedulingGates: {type: array, items: {type: object, required: [name], properties: {name: {type: string}}}}
securityContext: {{ include "schema.open" . }}
serviceAccountName: {type: string}
shareProcessNamespace: {type: boolean}
subdomain: {type: string}
terminationGracePeriodSeconds: {type: integer, format: int64}
tolerations:
  type: array
  items:
    type: object
    properties:
      effect: {type: string}
      key: {type: string}
      operator: {type: string}
      tolerationSeconds: {type: integer, format: int64}
      value: {type: string}
topologySpreadConstraints:
  type: array
  items:
    type: object
    required: [maxSkew, topologyKey, whenUnsatisfiable]
    properties:
      labelSelector: {{- include "schema.labelSelector" . | nindent 8 }}
      matchLabelKeys: {type: array, items: {type: string}}
      maxSkew: {type: integer, format: int32}
      minDomains: {type: integer, format: int32}
      nodeAffinityPolicy: {type: string}
      nodeTaintsPolicy: {type: string}
      topologyKey: {type: string}
      whenUnsatisfiable: {type: string}
volumes: {type: array, items: {{ include "schema.open" . }}}
{{- end }}

{{- define "schema.resources" -}}
type: object
properties:
  cpu: {type: string}
  memory: {type: string}
  gpu: {type: string}
  custom: {{ include "schema.map" . }}
{{- end }}

{{- define "schema.component" -}}
annotations: {{ include "schema.map" . }}
labels: {{ include "schema.map" . }}
autoscaling: {{ include "schema.open" . }}
componentType: {type: string}
subComponentType: {type: string}
dynamoNamespace: {type: string}
serviceName: {type: string}
envFromSecret: {type: string}
envs: {{- include "schema.env" . | nindent 2 }}
extraPodMetadata:
  type: object
  properties:
    annotations: {{ include "schema.map" . }}
    labels: {{ include "schema.map" . }}
extraPodSpec:
  type: object
  properties:
    mainContainer: {{- include "schema.container" . | nindent 6 }}
    {{- include "schema.podSpec" . | nindent 4 }}
ingress: {{ include "schema.open" . }}
livenessProbe: {{- include "schema.probe" . | nindent 2 }}
readinessProbe: {{- include "schema.probe" . | nindent 2 }}
multinode:
  type: object
  required: [nodeCount]
  properties:
    nodeCount: {type: integer, format: int32, minimum: 2, default: 2}
replicas: {type: integer, format: int32}
resources:
  type: object
  properties:
    claims: {type: array, items: {{ include "schema.open" . }}}
    limits: {{- include "schema.resources" . | nindent 6 }}
    requests: {{- include "schema.resources" . | nindent 6 }}
sharedMemory:
  type: object
  properties:
    disabled: {type: boolean}
    size: {{- include "schema.quantity" . | nindent 6 }}
volumeMounts:
  type: array
  items:
    type: object
    required: [name]
    properties:
      mountPoint: {type: string}
      name: {type: string}
      useAsCompilationCache: {type: boolean, default: false}
{{- end }}
