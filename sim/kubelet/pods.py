"""The pod template of a 0.6.0 service: the operator's defaults, the user's extraPodSpec, the multi-node flags.

The rules are those of the 0.6.0 operator's source (internal/dynamo: graph, component_frontend, component_worker,
backend_sglang), in its order: defaults, mainContainer over them, envs, probes, resources, volumes, flags.
"""

import copy
import re
from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum

from sim.operator import contract
from sim.operator.contract import Manifest


class Role(Enum):
    """The role of a pod within its worker."""

    MAIN = "main"
    LEADER = "ldr"
    WORKER = "wkr"


@dataclass(frozen=True)
class Surroundings:
    """The addresses that the operator knows from its own flags."""

    nats: str
    etcd: str
    prometheus: str = ""

    def env(self) -> dict[str, str]:
        named = {"NATS_SERVER": self.nats, "ETCD_ENDPOINTS": self.etcd, "PROMETHEUS_ENDPOINT": self.prometheus}
        return {name: value for name, value in named.items() if value}


def _probe(path: str, port: str, **seconds: int) -> Manifest:
    return {"httpGet": {"path": path, "port": port}, **seconds}


def _frontend() -> Manifest:
    check = """curl -s http://localhost:${DYNAMO_PORT}/health | jq -e '.status == "healthy"'"""
    slow = {"initialDelaySeconds": 60, "periodSeconds": 60, "timeoutSeconds": 30, "failureThreshold": 10}
    return {
        "name": contract.MAIN_CONTAINER,
        "command": ["python3"],
        "args": ["-m", "dynamo.frontend"],
        "ports": [{"name": "http", "containerPort": contract.FRONTEND_PORT, "protocol": "TCP"}],
        "livenessProbe": _probe("/health", "http", **slow),
        "readinessProbe": {"exec": {"command": ["/bin/sh", "-c", check]}, **slow},
        "resources": {"requests": {"cpu": "1", "memory": "2Gi"}, "limits": {"cpu": "1", "memory": "2Gi"}},
        "env": [
            {"name": "DYNAMO_PORT", "value": str(contract.FRONTEND_PORT)},
            {"name": "DYN_HTTP_PORT", "value": str(contract.FRONTEND_PORT)},
        ],
    }


def _worker() -> Manifest:
    return {
        "name": contract.MAIN_CONTAINER,
        "ports": [{"name": "system", "containerPort": contract.SYSTEM_PORT, "protocol": "TCP"}],
        "livenessProbe": _probe("/live", "system", periodSeconds=5, timeoutSeconds=4, failureThreshold=1),
        "readinessProbe": _probe("/health", "system", periodSeconds=10, timeoutSeconds=4, failureThreshold=3),
        "startupProbe": _probe("/live", "system", periodSeconds=10, timeoutSeconds=5, failureThreshold=720),
        "env": [
            {"name": "DYN_SYSTEM_ENABLED", "value": "true"},
            {"name": "DYN_SYSTEM_PORT", "value": str(contract.SYSTEM_PORT)},
            {"name": "DYN_SYSTEM_USE_ENDPOINT_HEALTH_STATUS", "value": '["generate"]'},
        ],
    }


def merge_env(*layers: list[Manifest]) -> list[Manifest]:
    """Return the variables of all layers, later layers winning, sorted by name so that a graph's template is stable."""
    merged = {entry["name"]: entry for layer in layers for entry in layer}
    return [merged[name] for name in sorted(merged)]


def _over(base: Manifest, top: Manifest) -> Manifest:
    """Return `top` merged over `base`: maps are merged, everything else is replaced."""
    merged = copy.deepcopy(base)
    for key, value in top.items():
        both_maps = isinstance(value, dict) and isinstance(merged.get(key), dict)
        merged[key] = _over(merged[key], value) if both_maps else copy.deepcopy(value)
    return merged


def resources(service: Manifest) -> Manifest:
    """Return the service's resources in a container's form; `gpu` becomes nvidia.com/gpu, in the limits only."""
    wanted: Manifest = {}
    for side in ("limits", "requests"):
        given = (service.get("resources") or {}).get(side) or {}
        amounts = {key: given[key] for key in ("cpu", "memory") if key in given} | (given.get("custom") or {})
        if side == "limits" and given.get("gpu"):
            amounts["nvidia.com/gpu"] = given["gpu"]
        if amounts:
            wanted[side] = amounts
    return wanted


def _volumes(service: Manifest) -> tuple[list[Manifest], list[Manifest]]:
    """Return the pod's volumes, and the mounts of its main container."""
    volumes: list[Manifest] = []
    mounts: list[Manifest] = []
    for mount in service.get("volumeMounts") or []:
        if not mount.get("mountPoint"):
            raise ValueError("volumeMount.mountPoint is required when useAsCompilationCache is false")
        volumes.append({"name": mount["name"], "persistentVolumeClaim": {"claimName": mount["name"]}})
        mounts.append({"name": mount["name"], "mountPath": mount["mountPoint"]})
    memory = service.get("sharedMemory") or {}
    if not memory.get("disabled"):
        size = memory.get("size") or "8Gi"
        volumes.append({"name": "shared-memory", "emptyDir": {"medium": "Memory", "sizeLimit": size}})
        mounts.append({"name": "shared-memory", "mountPath": "/dev/shm"})  # noqa: S108 - a path inside the container
    return volumes, mounts


def engine_of(container: Manifest) -> str | None:
    """Return the engine that a container starts with Dynamo's own command; None if it starts none."""
    words = " ".join([*container.get("command", []), *container.get("args", [])])
    found = re.search(r"python[0-9.]*\s+[^|&;]*-m\s+[^|&;]*dynamo\.(sglang|vllm|trtllm)", words)
    return found[1] if found else None


def add_multinode_flags(container: Manifest, service_key: str, nodes: int, role: Role) -> None:
    """Add the leader's address, the number of nodes and this node's rank; workers compute theirs in a shell.

    The operator joins the words without quoting them: an argument with a space in it becomes two.
    """
    leader = f"$(GROVE_PCSG_NAME)-$(GROVE_PCSG_INDEX)-{service_key.lower()}-ldr-0.$(GROVE_HEADLESS_SERVICE)"
    rank = "0" if role is Role.LEADER else "$((GROVE_PCLQ_POD_INDEX + 1))"
    flags = f"--dist-init-addr {leader}:{contract.SGLANG_PORT} --nnodes {nodes} --node-rank {rank}"
    if role is Role.WORKER:
        for probe in ("livenessProbe", "readinessProbe", "startupProbe"):
            container.pop(probe, None)
        words = [*container.get("command", []), *container.get("args", []), flags]
        container["command"], container["args"] = ["sh", "-c"], [f"exec {' '.join(words)}"]
    else:
        container["args"] = [*container.get("args", []), *flags.split()]


def _other() -> Manifest:
    return {"name": contract.MAIN_CONTAINER}


_DEFAULTS: dict[str, Callable[[], Manifest]] = {"frontend": _frontend, "worker": _worker}


def main_container(service: Manifest, surroundings: Surroundings, envs: list[Manifest]) -> Manifest:
    base = _DEFAULTS.get(service.get("componentType") or "", _other)()
    given = (service.get("extraPodSpec") or {}).get("mainContainer") or {}
    container: Manifest = _over(base, given) | {"name": contract.MAIN_CONTAINER}
    standard = [{"name": name, "value": value} for name, value in surroundings.env().items()]
    container["env"] = merge_env(standard, base.get("env", []), given.get("env") or [], envs, service.get("envs") or [])
    for probe in ("livenessProbe", "readinessProbe"):
        if service.get(probe):
            container[probe] = service[probe]
    if given.get("startupProbe"):
        container["startupProbe"] = given["startupProbe"]
    container["resources"] = _over(container.get("resources") or {}, resources(service))
    if service.get("envFromSecret"):
        container.setdefault("envFrom", []).append({"secretRef": {"name": service["envFromSecret"]}})
    return container


def pod_template(
    graph: Manifest, key: str, service: Manifest, surroundings: Surroundings, role: Role = Role.MAIN
) -> Manifest:
    """Return labels, annotations and spec of the pods of `key`; raise ValueError for what the operator refuses."""
    meta = graph["metadata"]
    nodes = contract.nodes(service)
    identity = [
        {"name": "DYN_NAMESPACE", "value": contract.dynamo_namespace(graph, service)},
        {"name": "DYN_COMPONENT", "value": service.get("componentType") or ""},
        {"name": "DYN_PARENT_DGD_K8S_NAME", "value": meta["name"]},
        {"name": "DYN_PARENT_DGD_K8S_NAMESPACE", "value": meta["namespace"]},
    ]
    container = main_container(service, surroundings, [*identity, *(graph["spec"].get("envs") or [])])
    volumes, mounts = _volumes(service)
    container["volumeMounts"] = [*(container.get("volumeMounts") or []), *mounts]
    if nodes > 1 and engine_of(container) == "sglang":
        add_multinode_flags(container, key, nodes, role)
    extra = copy.deepcopy({k: v for k, v in (service.get("extraPodSpec") or {}).items() if k != "mainContainer"})
    spec = extra | {
        "containers": [*(extra.get("containers") or []), container],
        "volumes": [*(extra.get("volumes") or []), *volumes],
    }
    spec.setdefault("terminationGracePeriodSeconds", 60)
    more = service.get("extraPodMetadata") or {}
    labels = pod_labels(graph, key, service, role) | (service.get("labels") or {}) | (more.get("labels") or {})
    annotations = (service.get("annotations") or {}) | (more.get("annotations") or {})
    return {"metadata": {"labels": labels, "annotations": annotations}, "spec": spec}


def pod_labels(graph: Manifest, key: str, service: Manifest, role: Role = Role.MAIN) -> dict[str, str]:
    name = graph["metadata"]["name"]
    suffix = "" if role is Role.MAIN else f"-{role.value}"
    labels = {
        contract.LABEL_SELECTOR: contract.component_name(name, key + suffix),
        contract.LABEL_GRAPH: name,
        contract.LABEL_SERVICE: key,
        contract.LABEL_NAMESPACE: contract.dynamo_namespace(graph, service),
        contract.LABEL_TYPE: service.get("componentType") or "",
        contract.LABEL_SUBTYPE: service.get("subComponentType") or "",
    }
    if (graph["metadata"].get("annotations") or {}).get(contract.ANNOTATION_METRICS) != "false":
        labels[contract.LABEL_METRICS] = "true"
    return {label: value for label, value in labels.items() if value}
