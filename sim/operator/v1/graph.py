"""The objects of a v1beta1 graph: its account for discovery, its components or its PodCliqueSet, and its status."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final

from sim.kubelet.pods import Role
from sim.operator import contract, graph
from sim.operator.contract import Manifest
from sim.operator.v1 import template
from sim.operator.v1.template import Nearby

NAME_LIMIT: Final = 45
"""Characters that Grove allows for the names of set, scaling group and clique together."""
SHORTEST: Final = 8
"""Minimum length of a set's name, however long the other names are."""
RBAC: Final = "rbac.authorization.k8s.io"


def set_name(live: Manifest) -> str:
    """Return the PodCliqueSet's name: the graph's, or where it is too long for Grove a cut with four digits of its
    hash."""
    name: str = live["metadata"]["name"]
    room = max(SHORTEST, NAME_LIMIT - max((_room(one) for one in template.components(live)), default=0))
    return name if len(name) <= room else f"{name[: room - 5]}-{_fnv32a(name.encode()) & 0xFFFF:04x}"


def _room(component: Manifest) -> int:
    name = len(component["name"])
    return 2 * name + len("-ldr") if contract.nodes(component) > 1 else name


def _fnv32a(data: bytes) -> int:
    digest = 0x811C9DC5
    for byte in data:
        digest = (digest ^ byte) * 0x01000193 & 0xFFFFFFFF
    return digest


def name_errors(live: Manifest) -> list[str]:
    """Return the names that exceed Grove's limit even if the graph's name is shortened."""
    found: list[str] = []
    for component in template.components(live):
        length = SHORTEST + _room(component)
        if length > NAME_LIMIT:
            said = f"combined resource name length {length} exceeds {NAME_LIMIT}-character limit"
            found.append(f"component {component['name']!r}: {said}")
    return found


def discovery(live: Manifest) -> list[Manifest]:
    """Return the service account with which the graph's pods discover each other, and its Role and RoleBinding."""
    name = template.account(live["metadata"]["name"])
    watch = ["get", "list", "watch"]
    rules = [
        {"apiGroups": [""], "resources": ["endpoints", "pods"], "verbs": watch},
        {"apiGroups": ["discovery.k8s.io"], "resources": ["endpointslices"], "verbs": watch},
        {
            "apiGroups": ["nvidia.com"],
            "resources": ["dynamoworkermetadatas"],
            "verbs": [*watch, "create", "update", "patch", "delete"],
        },
    ]
    binding = {
        "roleRef": {"apiGroup": RBAC, "kind": "Role", "name": f"{name}-role"},
        "subjects": [{"kind": "ServiceAccount", "name": name, "namespace": live["metadata"]["namespace"]}],
    }
    return [
        _owned(live, "v1", "ServiceAccount", name),
        _owned(live, f"{RBAC}/v1", "Role", f"{name}-role", rules=rules),
        _owned(live, f"{RBAC}/v1", "RoleBinding", f"{name}-binding", **binding),
    ]


def planner_account(live: Manifest) -> Manifest:
    """Return the service account with which a planner scales. It belongs to the namespace, and outlives the graph."""
    meta = {"name": contract.PLANNER_ACCOUNT, "namespace": live["metadata"]["namespace"]}
    return {"apiVersion": "v1", "kind": "ServiceAccount", "metadata": meta}


def _owned(owner: Manifest, api: str, kind: str, name: str, **more: object) -> Manifest:
    meta = owner["metadata"]
    labels = {contract.LABEL_GRAPH: meta.get("labels", {}).get(contract.LABEL_GRAPH, meta["name"])}
    made = {"name": name, "namespace": meta["namespace"], "labels": labels}
    return {
        "apiVersion": api,
        "kind": kind,
        "metadata": made | {"ownerReferences": [contract.owner_reference(owner)]},
        **more,
    }


def component_object(live: Manifest, component: Manifest) -> Manifest:
    """Return the DynamoComponentDeployment of one component, with the graph's backend framework."""
    name = contract.component_name(live["metadata"]["name"], component["name"])
    made = _owned(live, contract.API_V1, contract.COMPONENT, name)
    made["metadata"]["labels"] |= {
        contract.LABEL_SERVICE: component["name"],
        contract.LABEL_NAMESPACE: template.dynamo_namespace(live, component),
    }
    framework = live["spec"].get("backendFramework")
    return made | {"spec": component | ({"backendFramework": framework} if framework else {})}


def deployment(live: Manifest, component: Manifest, nearby: Nearby, owner: Manifest) -> Manifest:
    """Return the Deployment of a one-node component."""
    name = contract.component_name(live["metadata"]["name"], component["name"])
    pod = template.pod_template(live, component, nearby)
    strategy = pod["metadata"]["annotations"].get(contract.ANNOTATION_STRATEGY)
    rolling = {"type": "RollingUpdate", "rollingUpdate": {"maxSurge": "25%", "maxUnavailable": "25%"}}
    made = _owned(owner, "apps/v1", "Deployment", name)
    made["metadata"]["labels"] |= pod["metadata"]["labels"]
    return made | {
        "spec": {
            "replicas": component.get("replicas", 1),
            "selector": {"matchLabels": {contract.LABEL_SELECTOR: name}},
            "strategy": {"type": "Recreate"} if strategy == "Recreate" else rolling,
            "template": pod,
        }
    }


def clique_set(live: Manifest, nearby: Nearby) -> Manifest:
    """Return the PodCliqueSet of a graph. All pods of a multi-node worker are placed together (from 1.1 on)."""
    cliques: list[Manifest] = []
    groups: list[Manifest] = []
    for component in template.components(live):
        made = _cliques(live, component, nearby)
        cliques += made
        if contract.nodes(component) > 1:
            names = [clique["name"] for clique in made]
            least = component.get("minAvailable", 1)
            replicas = {"replicas": component.get("replicas", 1), "minAvailable": least}
            groups.append({"name": component["name"].lower(), "cliqueNames": names, **replicas})
    of_set = {
        "cliques": cliques,
        "headlessServiceConfig": {"publishNotReadyAddresses": True},
        "cliqueStartupType": "CliqueStartupTypeAnyOrder",
        "podCliqueScalingGroups": groups,
    }
    spec = {"replicas": 1, "template": of_set}
    return _owned(live, contract.GROVE_API, "PodCliqueSet", set_name(live), spec=spec)


def _cliques(live: Manifest, component: Manifest, nearby: Nearby) -> list[Manifest]:
    nodes, name = contract.nodes(component), component["name"].lower()
    replicas = {Role.MAIN: component.get("replicas", 1)}
    if nodes > 1:
        replicas = {Role.LEADER: 1, Role.WORKER: nodes - 1}
    made: list[Manifest] = []
    for role, count in replicas.items():
        pod = template.pod_template(live, component, nearby, role)
        clique = name if role is Role.MAIN else f"{name}-{role.value}"
        least = component.get("minAvailable", 1) if role is Role.MAIN else count
        spec = {"roleName": clique, "replicas": count, "minAvailable": least, "podSpec": pod["spec"]}
        made.append({"name": clique, "spec": spec, **pod["metadata"]})
    return made


@dataclass(frozen=True)
class Part:
    """The object behind one component, its counts of replicas, and why it is not ready, if it is not."""

    kind: str
    name: str
    replicas: dict[str, int]
    reason: str = ""
    message: str = ""

    def status(self, namespace: str) -> Manifest:
        """Return the component's entry in the graph's status."""
        named = {"componentKind": self.kind, "componentNames": [self.name], "runtimeNamespace": namespace}
        return named | self.replicas


@dataclass(frozen=True)
class Report:
    """The result of a reconciliation."""

    state: graph.State
    reason: str
    message: str
    parts: dict[str, Part] = field(default_factory=dict)

    @classmethod
    def of(cls, parts: dict[str, Part]) -> Report:
        waiting = {name: part for name, part in parts.items() if part.reason}
        if not waiting:
            return cls(graph.State.SUCCESSFUL, "all_resources_are_ready", "All resources are ready", parts)
        reasons = {part.reason for part in waiting.values()}
        reason = reasons.pop() if len(reasons) == 1 else "mixed_not_ready_reasons"
        said = "; ".join(f"{part.kind.lower()}/{part.name}: {part.message}" for part in waiting.values())
        return cls(graph.State.PENDING, reason, f"Resources not ready: {said}", parts)

    @classmethod
    def failed(cls, message: str) -> Report:
        return cls(graph.State.FAILED, "failed_to_reconcile_the_resources", message)


def part_of_grove(kind: str, name: str, live: Manifest | None) -> Part:
    """Return the state of a clique, which counts ready pods, or of a scaling group, which counts whole replicas."""
    if not live:
        return Part(kind, name, {"replicas": 0}, "some_resources_are_not_ready", "resource not found")
    status, wanted = live.get("status") or {}, live["spec"]["replicas"]
    word = "availableReplicas" if kind == "PodCliqueScalingGroup" else "readyReplicas"
    there, updated = status.get(word, 0), status.get("updatedReplicas", 0)
    counts = {"replicas": status.get("replicas", 0), word: there, "updatedReplicas": updated}
    if there >= wanted:
        return Part(kind, name, counts)
    short = status.get("scheduledReplicas", 0) < wanted or status.get("scheduleGatedReplicas", 0) > 0
    reason = "insufficient_capacity" if short else "updating" if updated < wanted else "pods_not_ready"
    return Part(kind, name, counts, reason, f"desired={wanted}, {word.removesuffix('Replicas')}={there}")


def part_of_deployment(live: Manifest) -> Part:
    """Return the state of a Deployment, as far as its controller has progressed with the newest spec."""
    status, wanted = live.get("status") or {}, live["spec"].get("replicas", 1)
    words = ("replicas", "readyReplicas", "availableReplicas", "updatedReplicas")
    counts = {word: status.get(word, 0) for word in words}
    name = live["metadata"]["name"]
    if graph.deployment_ready(live):
        return Part("Deployment", name, counts)
    updated = counts["updatedReplicas"] >= wanted
    reason = "pods_not_ready" if updated else "updating"
    return Part("Deployment", name, counts, reason, f"desired={wanted}, available={counts['availableReplicas']}")
