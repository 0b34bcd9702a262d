"""The objects of a 0.6.0 graph: its components, a component's Deployment and Service, and their status."""

import copy
from dataclasses import dataclass
from enum import StrEnum

from sim.kubelet import pods
from sim.operator import contract
from sim.operator.contract import Manifest


class State(StrEnum):
    """The `status.state` of a graph."""

    PENDING = "pending"
    SUCCESSFUL = "successful"
    FAILED = "failed"


@dataclass(frozen=True)
class Outcome:
    """The result of a reconciliation: the graph's state, and the reason and message of its Ready condition."""

    state: State
    reason: str
    message: str

    @classmethod
    def of(cls, waiting: dict[str, str]) -> "Outcome":
        """Return the outcome for `waiting`, which maps each resource that is not ready to its reason."""
        if not waiting:
            return cls(State.SUCCESSFUL, "all_resources_are_ready", "All resources are ready")
        message = "Resources not ready: " + "; ".join(f"{name}: {reason}" for name, reason in waiting.items())
        return cls(State.PENDING, "some_resources_are_not_ready", message)

    @classmethod
    def failed(cls, message: str) -> "Outcome":
        return cls(State.FAILED, "failed_to_reconcile_the_resources", message)


def services(graph: Manifest) -> dict[str, Manifest]:
    return graph["spec"].get("services") or {}


def components(graph: Manifest) -> dict[str, Manifest]:
    """Return one DynamoComponentDeployment for each service; raise ValueError if their Dynamo namespaces differ."""
    made: dict[str, Manifest] = {}
    agreed = ""
    for key, service in services(graph).items():
        namespace = contract.dynamo_namespace(graph, service)
        if agreed and namespace != agreed:
            raise ValueError(
                f"namespace mismatch for component {key}: graph uses namespace {agreed} "
                f"but component specifies {namespace}"
            )
        agreed = namespace
        made[key] = _component(graph, key, service, namespace)
    return made


def _component(graph: Manifest, key: str, service: Manifest, namespace: str) -> Manifest:
    name = graph["metadata"]["name"]
    labels = {
        contract.LABEL_SERVICE: key,
        contract.LABEL_NAMESPACE: namespace,
        contract.LABEL_GRAPH: name,
    }
    spec = copy.deepcopy(service) | {"serviceName": key, "dynamoNamespace": namespace}
    spec["labels"] = (service.get("labels") or {}) | labels
    spec["envs"] = pods.merge_env(graph["spec"].get("envs") or [], service.get("envs") or [])
    if graph["spec"].get("backendFramework"):
        spec["backendFramework"] = graph["spec"]["backendFramework"]
    return {
        "apiVersion": contract.API,
        "kind": contract.COMPONENT,
        "metadata": {
            "name": contract.component_name(name, key),
            "namespace": graph["metadata"]["namespace"],
            "labels": labels,
            "ownerReferences": [contract.owner_reference(graph)],
        },
        "spec": spec,
    }


def deployment(component: Manifest, surroundings: pods.Surroundings) -> Manifest:
    """Return the Deployment of a one-node component."""
    spec, name = component["spec"], component["metadata"]["name"]
    key = spec["serviceName"]
    template = pods.pod_template(_graph_of(component), key, spec, surroundings)
    strategy = (spec.get("annotations") or {}).get(contract.ANNOTATION_STRATEGY)
    rolling = {"type": "RollingUpdate", "rollingUpdate": {"maxSurge": "25%", "maxUnavailable": "25%"}}
    return {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": _owned(component, template["metadata"]["labels"]),
        "spec": {
            "replicas": spec.get("replicas", 1),
            "selector": {"matchLabels": {contract.LABEL_SELECTOR: name}},
            "strategy": {"type": "Recreate"} if strategy == "Recreate" else rolling,
            "template": template,
        },
    }


def service(component: Manifest) -> Manifest | None:
    """Return the Service of a frontend; None for other components."""
    if component["spec"].get("componentType") not in ("frontend", "main"):
        return None
    return frontend_service(component, component["metadata"]["name"])


def frontend_service(owner: Manifest, name: str) -> Manifest:
    metadata = _owned(owner, {contract.LABEL_SELECTOR: name}) | {"name": name}
    port = {"name": "http", "port": contract.FRONTEND_PORT, "targetPort": "http", "protocol": "TCP"}
    return {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": metadata,
        "spec": {"selector": {contract.LABEL_SELECTOR: name}, "ports": [port]},
    }


def _graph_of(component: Manifest) -> Manifest:
    """Return the part of the graph that this component's pod template needs."""
    meta = component["metadata"]
    name = meta["labels"].get(contract.LABEL_GRAPH, meta["name"])
    return {"metadata": {"name": name, "namespace": meta["namespace"]}, "spec": {}}


def _owned(owner: Manifest, labels: dict[str, str]) -> Manifest:
    meta = owner["metadata"]
    references = [contract.owner_reference(owner)]
    return {"name": meta["name"], "namespace": meta["namespace"], "labels": labels, "ownerReferences": references}


def deployment_ready(live: Manifest) -> bool:
    """Tell whether a Deployment is ready by the operator's criteria: its controller has observed the last change, and
    all wanted pods are updated and available."""
    status, wanted = live.get("status") or {}, live["spec"].get("replicas", 1)
    if status.get("observedGeneration", 0) < live["metadata"]["generation"]:
        return False
    return status.get("updatedReplicas", 0) >= wanted and status.get("availableReplicas", 0) >= wanted


def condition(kind: str, holds: bool, reason: str, message: str) -> Manifest:
    return {"type": kind, "status": "True" if holds else "False", "reason": reason, "message": message}


def is_true(live: Manifest | None, kind: str) -> bool:
    conditions = ((live or {}).get("status") or {}).get("conditions") or []
    return any(entry["type"] == kind and entry["status"] == "True" for entry in conditions)


def is_ready(pod: Manifest) -> bool:
    return is_true(pod, "Ready") and "deletionTimestamp" not in pod["metadata"]


def with_condition(live: Manifest, entry: Manifest, now: str) -> list[Manifest]:
    """Return the object's conditions with `entry` set; its transition time changes only when its status does."""
    conditions = list((live.get("status") or {}).get("conditions") or [])
    before = next((old for old in conditions if old["type"] == entry["type"]), None)
    since = before["lastTransitionTime"] if before and before["status"] == entry["status"] else now
    kept = [old for old in conditions if old["type"] != entry["type"]]
    return [*kept, {**entry, "lastTransitionTime": since}]
