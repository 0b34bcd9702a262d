"""The pod template of a v1beta1 component: the operator's defaults beneath the container called `main`.

Rules without another source are those of the operator's source at the time of v1beta1 (internal/dynamo: graph,
component_frontend, component_worker, backend_sglang, backend_vllm).
"""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Final

from sim.kubelet.container_log import option
from sim.kubelet.pods import Role, engine_of
from sim.operator import contract
from sim.operator.contract import Manifest

FS_GROUP: Final = 1000
SHARED_MEMORY: Final = "8Gi"
QUOTED: Final = frozenset(" \t\n\"'\\{}[]$`!")
"""Characters that make the operator quote a word for a shell; ; & | * < > ( ) are not among them."""
BY_NAME: Final = {"env": "name", "ports": "containerPort", "volumeMounts": "mountPath"}
WHOLE: Final = ("livenessProbe", "readinessProbe", "startupProbe")


@dataclass(frozen=True)
class Nearby:
    """The addresses and the discovery backend from the operator's own configuration."""

    nats: str = ""
    etcd: str = ""
    prometheus: str = ""
    discovery: str = "kubernetes"

    def env(self) -> dict[str, str]:
        named = {"NATS_SERVER": self.nats, "ETCD_ENDPOINTS": self.etcd, "PROMETHEUS_ENDPOINT": self.prometheus}
        return {name: value for name, value in named.items() if value}


def components(graph: Manifest) -> list[Manifest]:
    return graph["spec"].get("components") or []


def dynamo_namespace(graph: Manifest, component: Manifest) -> str:
    meta = graph["metadata"]
    return "dynamo" if component.get("globalDynamoNamespace") else f"{meta['namespace']}-{meta['name']}"


def account(graph_name: str) -> str:
    """Return the service account with which a graph's pods query the API server for each other."""
    return f"{graph_name}-k8s-service-discovery"


def _probe(path: str, port: str, period: int, timeout: int, failures: int, **more: int) -> Manifest:
    at = {"httpGet": {"path": path, "port": port}, "periodSeconds": period}
    return at | {"timeoutSeconds": timeout, "failureThreshold": failures} | more


def _frontend() -> Manifest:
    port = str(contract.FRONTEND_PORT)
    return {
        "command": ["python3"],
        "args": ["-m", "dynamo.frontend"],
        "ports": [{"name": "http", "containerPort": contract.FRONTEND_PORT, "protocol": "TCP"}],
        "livenessProbe": _probe("/live", "http", 10, 5, 3, initialDelaySeconds=15),
        "readinessProbe": _probe("/health", "http", 10, 5, 3, initialDelaySeconds=10),
        "startupProbe": _probe("/live", "http", 10, 5, 30),
        "env": [{"name": "DYNAMO_PORT", "value": port}, {"name": "DYN_HTTP_PORT", "value": port}],
    }


def _worker() -> Manifest:
    return {
        "ports": [{"name": "system", "containerPort": contract.SYSTEM_PORT, "protocol": "TCP"}],
        "livenessProbe": _probe("/live", "system", 5, 4, 3),
        "readinessProbe": _probe("/health", "system", 10, 4, 3),
        "startupProbe": _probe("/live", "system", 10, 5, 720),
        "env": [
            {"name": "DYN_SYSTEM_PORT", "value": str(contract.SYSTEM_PORT)},
            {"name": "DYN_SYSTEM_USE_ENDPOINT_HEALTH_STATUS", "value": '["generate"]'},
            {"name": "DYN_HEALTH_CHECK_ENABLED", "value": "true"},
        ],
    }


def _planner() -> Manifest:
    ports = {"metrics": contract.PLANNER_PORT, "system": contract.SYSTEM_PORT}
    return {
        "ports": [{"name": name, "containerPort": port, "protocol": "TCP"} for name, port in ports.items()],
        "livenessProbe": _probe("/live", "system", 5, 4, 1),
        "readinessProbe": _probe("/health", "system", 10, 4, 3),
        "startupProbe": _probe("/live", "system", 10, 5, 720),
        "env": [
            {"name": "PLANNER_PROMETHEUS_PORT", "value": str(contract.PLANNER_PORT)},
            {"name": "DYN_SYSTEM_PORT", "value": str(contract.SYSTEM_PORT)},
        ],
    }


_DEFAULTS: Final[dict[str, Callable[[], Manifest]]] = {
    "frontend": _frontend,
    "planner": _planner,
    **dict.fromkeys(contract.WORKER_TYPES, _worker),
}


def _identity(graph: Manifest, component: Manifest, nearby: Nearby) -> list[Manifest]:
    meta = graph["metadata"]
    said = {
        "DYN_NAMESPACE": dynamo_namespace(graph, component),
        "DYN_COMPONENT": component.get("type") or "",
        "DYN_PARENT_DGD_K8S_NAME": meta["name"],
        "DYN_PARENT_DGD_K8S_NAMESPACE": meta["namespace"],
        "DYN_DISCOVERY_BACKEND": nearby.discovery,
        **({"DYN_NAMESPACE_PREFIX": dynamo_namespace(graph, component)} if component.get("type") == "frontend" else {}),
        **nearby.env(),
    }
    fields = {"POD_NAME": "metadata.name", "POD_NAMESPACE": "metadata.namespace", "POD_UID": "metadata.uid"}
    of_pod = [{"name": name, "valueFrom": {"fieldRef": {"fieldPath": path}}} for name, path in fields.items()]
    return [*({"name": name, "value": value} for name, value in said.items()), *of_pod]


def by_key(key: str, *layers: Iterable[Manifest]) -> list[Manifest]:
    """Return the entries of all layers; a later layer replaces an entry in its place. The real operator also keeps
    duplicates, of which the last counts."""
    merged: dict[object, Manifest] = {}
    for layer in layers:
        for entry in layer:
            merged[entry[key]] = entry
    return list(merged.values())


def _over(base: Manifest, top: Manifest) -> Manifest:
    """Return `top` merged over `base`: keyed lists by their key, maps field by field; probes and the rest are
    replaced."""
    merged = copy.deepcopy(base)
    for key, value in top.items():
        below = merged.get(key)
        if key in BY_NAME:
            merged[key] = by_key(BY_NAME[key], below or [], value)
        elif isinstance(value, dict) and isinstance(below, dict) and key not in WHOLE:
            merged[key] = _over(below, value)
        else:
            merged[key] = copy.deepcopy(value)
    return merged


def main_of(component: Manifest) -> Manifest:
    """Return the container `main` of a component's pod template; empty if there is none."""
    return next((one for one in containers_of(component) if one["name"] == contract.MAIN_CONTAINER), {})


def containers_of(component: Manifest) -> list[Manifest]:
    return ((component.get("podTemplate") or {}).get("spec") or {}).get("containers") or []


def _main(graph: Manifest, component: Manifest, nearby: Nearby) -> Manifest:
    base = _DEFAULTS.get(component.get("type") or "", lambda: {"env": []})()
    base["env"] = [*base["env"], *_identity(graph, component, nearby), *(graph["spec"].get("env") or [])]
    base["env"] = by_key("name", base["env"])
    return _over({"name": contract.MAIN_CONTAINER, **base}, main_of(component))


def quoted(word: str) -> str:
    """Return a word as the operator quotes it for a shell."""
    return "'" + word.replace("'", "'\"'\"'") + "'" if QUOTED & set(word) else word


def _sglang_flags(leader: str, nodes: int, role: Role) -> str:
    rank = "0" if role is Role.LEADER else "$((GROVE_PCLQ_POD_INDEX + 1))"
    return f"--dist-init-addr {leader}:{contract.SGLANG_PORT} --nnodes {nodes} --node-rank {rank}"


def _vllm_flags(leader: str, words: list[str], nodes: int, role: Role) -> str:
    """Return the flags for this node's data-parallel ranks, an equal share of `--data-parallel-size`."""
    local = int(option(words, "--data-parallel-size", default="1")) // nodes
    first = "0" if role is Role.LEADER else f"$(({local} * (GROVE_PCLQ_POD_INDEX + 1)))"
    return (
        f"--data-parallel-hybrid-lb --data-parallel-size-local {local} --data-parallel-start-rank {first} "
        f"--data-parallel-address {leader} --data-parallel-rpc-port {contract.VLLM_PORT}"
    )


def add_multinode_flags(container: Manifest, name: str, nodes: int, role: Role) -> None:
    """Add the leader's address, the number of nodes and this node's rank; workers compute theirs in a shell."""
    leader = f"$(GROVE_PCSG_NAME)-$(GROVE_PCSG_INDEX)-{name.lower()}-ldr-0.$(GROVE_HEADLESS_SERVICE)"
    if engine_of(container) == "vllm":
        flags = _vllm_flags(leader, list(container.get("args") or []), nodes, role)
    else:
        flags = _sglang_flags(leader, nodes, role)
    if role is Role.LEADER:
        container["args"] = [*(container.get("args") or []), *flags.split()]
        return
    for probe in WHOLE:
        container.pop(probe, None)
    words = [*(container.get("command") or []), *(container.get("args") or [])]
    container["command"] = ["sh", "-c"]
    container["args"] = [f"exec {' '.join(map(quoted, words))} {flags}"]


def _volumes(spec: Manifest, component: Manifest) -> list[Manifest]:
    """Return the template's own volumes, the shared memory, and a claim for each mount without a volume of its name."""
    container = spec["containers"][0]
    volumes = list(spec.get("volumes") or [])
    size = component.get("sharedMemorySize", SHARED_MEMORY)
    if str(size) != "0":
        volumes.append({"name": "shared-memory", "emptyDir": {"medium": "Memory", "sizeLimit": size}})
        mount = {"name": "shared-memory", "mountPath": "/dev/shm"}  # noqa: S108 - a path inside the container
        container["volumeMounts"] = by_key("mountPath", container.get("volumeMounts") or [], [mount])
    known = {volume["name"] for volume in volumes}
    missing = dict.fromkeys(m["name"] for m in container.get("volumeMounts") or [] if m["name"] not in known)
    return [*volumes, *({"name": name, "persistentVolumeClaim": {"claimName": name}} for name in missing)]


def pod_template(graph: Manifest, component: Manifest, nearby: Nearby, role: Role = Role.MAIN) -> Manifest:
    """Return labels, annotations and spec of a component's pods; `main` is the first container."""
    given = copy.deepcopy(component.get("podTemplate") or {})
    container = _main(graph, component, nearby)
    nodes = contract.nodes(component)
    if nodes > 1 and engine_of(container) in ("sglang", "vllm"):
        add_multinode_flags(container, component["name"], nodes, role)
    sidecars = [one for one in containers_of(component) if one["name"] != contract.MAIN_CONTAINER]
    spec = (given.get("spec") or {}) | {"containers": [container, *sidecars]}
    spec.setdefault("securityContext", {"fsGroup": FS_GROUP})
    spec.setdefault("terminationGracePeriodSeconds", 60)
    if component.get("type") == "planner":
        spec.setdefault("serviceAccountName", contract.PLANNER_ACCOUNT)
    if nearby.discovery == "kubernetes" and not spec.get("serviceAccountName"):
        spec["serviceAccountName"] = account(graph["metadata"]["name"])
    spec["volumes"] = _volumes(spec, component)
    of_template = given.get("metadata") or {}
    labels = (graph["spec"].get("labels") or {}) | (of_template.get("labels") or {})
    annotations = (graph["spec"].get("annotations") or {}) | (of_template.get("annotations") or {})
    labels |= pod_labels(graph, component, nearby, role)
    return {"metadata": {"labels": labels, "annotations": annotations}, "spec": spec}


def pod_labels(graph: Manifest, component: Manifest, nearby: Nearby, role: Role = Role.MAIN) -> dict[str, str]:
    """Return the labels that the operator sets over those of the template."""
    meta = graph["metadata"]
    suffix = "" if role is Role.MAIN else f"-{role.value}"
    labels = {
        contract.LABEL_SELECTOR: contract.component_name(meta["name"], component["name"] + suffix),
        contract.LABEL_GRAPH: meta["name"],
        contract.LABEL_SERVICE: component["name"],
        contract.LABEL_NAMESPACE: dynamo_namespace(graph, component),
        contract.LABEL_TYPE: component.get("type") or "",
        contract.LABEL_DISCOVERY: nearby.discovery,
        contract.LABEL_DISCOVERED: "true" if nearby.discovery == "kubernetes" else "",
    }
    if (meta.get("annotations") or {}).get(contract.ANNOTATION_METRICS) != "false":
        labels[contract.LABEL_METRICS] = "true"
    return {label: value for label, value in labels.items() if value}
