"""The CRDs that the operator of Dynamo 1.6.1 applies when it starts: Dynamo's own fields around a real pod template.

The pod template's schema is the one that the running API server publishes, so that a field that Kubernetes does not
know is refused, as the real CRD refuses it. Dynamo's own fields are those of its v1beta1 types; of the experimental
ones only the names are known here, and any content is accepted.

The real CRDs serve v1alpha1 too, and the operator converts. Here v1alpha1 stays a version of the CRD, since objects may
be stored in it, but is not served: a graph of an older release has to be deleted before its platform is.
"""

from __future__ import annotations

from typing import Any, Final

from sim.operator import contract
from sim.operator.contract import Manifest

Schema = dict[str, Any]
POD_TEMPLATE: Final = "io.k8s.api.core.v1.PodTemplateSpec"
ENV: Final = "io.k8s.api.core.v1.EnvVar"
KEPT: Final = (
    *("type", "format", "enum", "default", "required", "minimum", "maximum", "pattern"),
    *("x-kubernetes-list-type", "x-kubernetes-list-map-keys", "x-kubernetes-map-type"),
)
"""Keys of a published schema that a CRD accepts."""
QUANTITY: Final[Schema] = {
    "x-kubernetes-int-or-string": True,
    "anyOf": [{"type": "integer"}, {"type": "string"}],
    "pattern": r"^[+-]?([0-9]+|[0-9]+\.[0-9]*|\.[0-9]+)([KMGTPE]i|[numkMGTPE]|[eE][+-]?[0-9]+)?$",
}
MAP: Final[Schema] = {"type": "object", "additionalProperties": {"type": "string"}}
OPEN: Final[Schema] = {"type": "object", "x-kubernetes-preserve-unknown-fields": True}
STRING: Final[Schema] = {"type": "string"}
METADATA: Final[Schema] = {
    "type": "object",
    "properties": {
        **dict.fromkeys(("name", "namespace"), STRING),
        **dict.fromkeys(("annotations", "labels"), MAP),
        "finalizers": {"type": "array", "items": STRING},
    },
}
"""Metadata of a template. The API server's published schema also has the fields that only it writes."""
SPECIAL: Final[dict[str, Schema]] = {
    "io.k8s.apimachinery.pkg.api.resource.Quantity": QUANTITY,
    "io.k8s.apimachinery.pkg.util.intstr.IntOrString": {
        "x-kubernetes-int-or-string": True,
        "anyOf": [{"type": "integer"}, {"type": "string"}],
    },
    "io.k8s.apimachinery.pkg.apis.meta.v1.ObjectMeta": METADATA,
}


def structural(name: str, published: dict[str, Schema]) -> Schema:
    """Return a published schema as a CRD accepts it: inlined, without references, descriptions and other keys."""
    return SPECIAL[name] if name in SPECIAL else _inlined(published[name], published)


def _inlined(schema: Schema, published: dict[str, Schema]) -> Schema:
    references = [part["$ref"] for part in [schema, *schema.get("allOf", [])] if "$ref" in part]
    if references:
        return structural(references[0].rpartition("/")[2], published)
    made: Schema = {key: value for key, value in schema.items() if key in KEPT and value != {}}
    if "properties" in schema:
        made["properties"] = {key: _inlined(value, published) for key, value in schema["properties"].items()}
        for key in schema.get("required", []):
            made["properties"][key].pop("default", None)  # published as "", which an enum does not accept
    for inner in ("items", "additionalProperties"):
        if inner in schema:
            made[inner] = _inlined(schema[inner], published)
    return made


def _number(minimum: int, **more: object) -> Schema:
    return {"type": "integer", "format": "int32", "minimum": minimum, **more}


def _component(pod_template: Schema) -> Schema:
    """Return the fields of a component, which are the same in a graph and in a DynamoComponentDeployment."""
    role = {"name": {"type": "string", "enum": ["leader", "worker"]}, "podTemplate": pod_template}
    cache = {"pvcName": {"type": "string", "minLength": 1}, "mountPath": STRING}
    return {
        "name": {
            "type": "string",
            "minLength": 1,
            "maxLength": 63,
            "pattern": "^[A-Za-z0-9]([-A-Za-z0-9]*[A-Za-z0-9])?$",
        },
        "type": {"type": "string", "enum": list(contract.TYPES)},
        "replicas": _number(0),
        "minAvailable": _number(1),
        "multinode": {"type": "object", "properties": {"nodeCount": _number(2, default=2)}},
        "runtimeVersionOverride": {"type": "string", "pattern": r"^(0|[1-9]\d{0,3})(\.(0|[1-9]\d{0,3})){2}$"},
        "globalDynamoNamespace": {"type": "boolean"},
        "sharedMemorySize": QUANTITY,
        "podTemplate": pod_template,
        "roles": {
            "type": "array",
            "items": {"type": "object", "required": ["name"], "properties": role | {"replicas": _number(0)}},
            "x-kubernetes-list-type": "map",
            "x-kubernetes-list-map-keys": ["name"],
        },
        "compilationCache": {"type": "object", "required": ["pvcName"], "properties": cache},
        "modelRef": {"type": "object", "required": ["name"], "properties": {"name": STRING, "revision": STRING}},
        "frontendSidecar": STRING,
        "dynamoSidecar": STRING,
        "topologyConstraint": {
            "type": "object",
            "properties": {"clusterTopologyName": STRING, "packDomain": STRING},
        },
        **dict.fromkeys(("scalingAdapter", "eppConfig", "providerOverride", "experimental"), OPEN),
    }


FRAMEWORK: Final[Schema] = {"type": "string", "enum": ["sglang", "vllm", "trtllm"]}


def _graph_spec(pod_template: Schema, env: Schema) -> Schema:
    component = {"type": "object", "required": ["name"], "properties": _component(pod_template)}
    strategy = {"type": {"type": "string", "enum": ["Sequential", "Parallel"], "default": "Sequential"}}
    strategy["order"] = {"type": "array", "items": STRING}
    restart = {"id": {"type": "string", "minLength": 1}, "strategy": {"type": "object", "properties": strategy}}
    return {
        "type": "object",
        "properties": {
            "annotations": MAP,
            "labels": MAP,
            "backendFramework": FRAMEWORK,
            "components": {
                "type": "array",
                "maxItems": 25,
                "items": component,
                "x-kubernetes-list-type": "map",
                "x-kubernetes-list-map-keys": ["name"],
            },
            "env": {"type": "array", "items": env},
            "priorityClassName": STRING,
            "restart": {"type": "object", "required": ["id"], "properties": restart},
            "topologyConstraint": {
                "type": "object",
                "properties": {"clusterTopologyName": STRING, "packDomain": STRING},
            },
            **dict.fromkeys(("experimental", "providerOverride"), OPEN),
        },
    }


CONDITIONS: Final[Schema] = {
    "type": "array",
    "items": {
        "type": "object",
        "required": ["lastTransitionTime", "message", "reason", "status", "type"],
        "properties": {
            "lastTransitionTime": {"type": "string", "format": "date-time"},
            "message": {"type": "string", "maxLength": 32768},
            "observedGeneration": {"type": "integer", "format": "int64", "minimum": 0},
            "reason": {"type": "string", "minLength": 1, "maxLength": 1024},
            "status": {"type": "string", "enum": ["True", "False", "Unknown"]},
            "type": {"type": "string", "maxLength": 316},
        },
    },
    "x-kubernetes-list-type": "map",
    "x-kubernetes-list-map-keys": ["type"],
}
REPLICAS: Final[Schema] = {
    "type": "object",
    "required": ["componentKind"],
    "properties": {
        "componentKind": STRING,
        "componentNames": {"type": "array", "items": STRING},
        "runtimeNamespace": STRING,
        **{name: _number(0) for name in ("replicas", "readyReplicas", "availableReplicas", "updatedReplicas")},
    },
}
OBSERVED: Final[Schema] = {"observedGeneration": {"type": "integer", "format": "int64"}, "conditions": CONDITIONS}
GRAPH_STATUS: Final[Schema] = {
    "type": "object",
    "properties": {
        **OBSERVED,
        "state": {"type": "string", "default": "initializing"},
        "components": {"type": "object", "additionalProperties": REPLICAS},
        **dict.fromkeys(("restart", "checkpoints", "rollingUpdate", "placement"), OPEN),
    },
}
COMPONENT_STATUS: Final[Schema] = {"type": "object", "properties": {**OBSERVED, "component": REPLICAS}}


def crds(published: dict[str, Schema]) -> list[Manifest]:
    """Return the CRDs, built from the schemas that the API server publishes for `v1`."""
    pod_template, env = structural(POD_TEMPLATE, published), structural(ENV, published)
    component = {
        "type": "object",
        "properties": {**_component(pod_template), "backendFramework": FRAMEWORK},
    }
    return [
        _crd("DynamoGraphDeployment", "dgd", "Ready", _graph_spec(pod_template, env), GRAPH_STATUS),
        _crd("DynamoComponentDeployment", "dcd", "Available", component, COMPONENT_STATUS),
        _scaling_adapter(),
        _worker_metadata(),
    ]


def _named(kind: str, short: str, versions: list[Manifest]) -> Manifest:
    plural = f"{kind.lower()}s"
    names = {"kind": kind, "listKind": f"{kind}List", "plural": plural, "singular": kind.lower()}
    return {
        "apiVersion": "apiextensions.k8s.io/v1",
        "kind": "CustomResourceDefinition",
        "metadata": {"name": f"{plural}.nvidia.com", "annotations": {"helm.sh/resource-policy": "keep"}},
        "spec": {
            "group": "nvidia.com",
            "scope": "Namespaced",
            "names": {**names, "shortNames": [short]},
            "versions": versions,
        },
    }


def _version(name: str, *, stored: bool, properties: Schema) -> Manifest:
    root = {"apiVersion": STRING, "kind": STRING, "metadata": {"type": "object"}}
    return {
        "name": name,
        "served": stored,
        "storage": stored,
        "schema": {"openAPIV3Schema": {"type": "object", "properties": root | properties}},
    }


def _crd(kind: str, short: str, condition: str, spec: Schema, status: Schema) -> Manifest:
    columns = [
        {"name": condition, "type": "string", "jsonPath": f'.status.conditions[?(@.type=="{condition}")].status'},
        {"name": "Backend", "type": "string", "jsonPath": ".spec.backendFramework"},
        {"name": "Age", "type": "date", "jsonPath": ".metadata.creationTimestamp"},
    ]
    newer = _version("v1beta1", stored=True, properties={"spec": spec, "status": status})
    newer |= {"subresources": {"status": {}}, "additionalPrinterColumns": columns}
    older = _version("v1alpha1", stored=False, properties={"spec": OPEN, "status": OPEN})
    return _named(kind, short, [older | {"subresources": {"status": {}}}, newer])


def _scaling_adapter() -> Manifest:
    """Return the CRD that an autoscaler targets. The real one, stored as v1alpha1, also has v1beta1 with
    `componentName`."""
    named = {"name": {"type": "string", "minLength": 1}, "serviceName": {"type": "string", "minLength": 1}}
    target = {"type": "object", "required": list(named), "properties": named}
    spec = {"type": "object", "required": ["replicas", "dgdRef"]}
    spec["properties"] = {"replicas": _number(0), "dgdRef": target}
    seen = {"replicas": _number(0), "selector": STRING, "lastScaleTime": {"type": "string", "format": "date-time"}}
    made = _version(
        "v1alpha1", stored=True, properties={"spec": spec, "status": {"type": "object", "properties": seen}}
    )
    scale = {"specReplicasPath": ".spec.replicas", "statusReplicasPath": ".status.replicas"}
    made["subresources"] = {"status": {}, "scale": {**scale, "labelSelectorPath": ".status.selector"}}
    made["additionalPrinterColumns"] = [
        {"name": "DGD", "type": "string", "jsonPath": ".spec.dgdRef.name"},
        {"name": "SERVICE", "type": "string", "jsonPath": ".spec.dgdRef.serviceName"},
        {"name": "REPLICAS", "type": "integer", "jsonPath": ".status.replicas"},
        {"name": "AGE", "type": "date", "jsonPath": ".metadata.creationTimestamp"},
    ]
    return _named(contract.ADAPTER, "dgdsa", [made])


def _worker_metadata() -> Manifest:
    """Return the CRD in which a worker under Kubernetes discovery records what it serves."""
    data = {"type": "object", "required": ["data"], "properties": {"data": OPEN}}
    return _named("DynamoWorkerMetadata", "dwm", [_version("v1alpha1", stored=True, properties={"spec": data})])
