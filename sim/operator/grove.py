"""Stand-in for Grove v0.1.0-alpha.3: a graph as one PodCliqueSet, its cliques and scaling groups, and their pods.

A service of one node is a clique of its pods; one of several nodes is a scaling group of a leader clique (SERVICE-ldr,
one pod) and a worker clique (SERVICE-wkr, the other pods). Names are Grove's: SET-INDEX-CLIQUE, or
SET-INDEX-GROUP-INDEX-CLIQUE, and for a pod the same with its own index (Grove adds five random characters).
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass

from sim.kubelet import pods
from sim.operator import contract, graph
from sim.operator.contract import Manifest

TEMPLATE = "grove.io/pod-template-hash"
"""Annotation that identifies the template of a pod."""
NAME_LIMIT = 45
"""Characters that Grove's webhook allows for the names of set, scaling group and clique together."""


def clique_set(live: Manifest, surroundings: pods.Surroundings) -> Manifest:
    """Return the PodCliqueSet of a graph; raise ValueError if Grove's webhook or the operator would refuse it."""
    cliques: list[Manifest] = []
    groups: list[Manifest] = []
    for key, service in graph.services(live).items():
        several = contract.nodes(service) > 1
        made = _cliques(live, key, service, surroundings)
        for clique in made:
            _check_name(live["metadata"]["name"], key.lower() if several else "", clique["name"])
        cliques += made
        if several:
            names = [clique["name"] for clique in made]
            replicas = service.get("replicas", 1)
            groups.append({"name": key.lower(), "cliqueNames": names, "replicas": replicas, "minAvailable": 1})
    template = {
        "cliques": cliques,
        "headlessServiceConfig": {"publishNotReadyAddresses": True},
        "cliqueStartupType": "CliqueStartupTypeAnyOrder",
        "podCliqueScalingGroups": groups,
    }
    meta = live["metadata"]
    return {
        "apiVersion": contract.GROVE_API,
        "kind": "PodCliqueSet",
        "metadata": {
            "name": meta["name"],
            "namespace": meta["namespace"],
            "labels": {contract.LABEL_GRAPH: meta["name"]},
            "ownerReferences": [contract.owner_reference(live)],
        },
        "spec": {"replicas": 1, "template": template},
    }


def _check_name(graph_name: str, group: str, clique: str) -> None:
    length = len(graph_name) + len(group) + len(clique)
    if length > NAME_LIMIT:
        parts = " + ".join(f"{part!r}" for part in (graph_name, group, clique) if part)
        raise ValueError(
            f"failed to sync the Grove PodCliqueSet: admission webhook denied the request: combined resource name "
            f"length {length} exceeds {NAME_LIMIT}-character limit ({parts})"
        )


def _cliques(live: Manifest, key: str, service: Manifest, surroundings: pods.Surroundings) -> list[Manifest]:
    nodes = contract.nodes(service)
    replicas = {pods.Role.MAIN: service.get("replicas", 1)}
    if nodes > 1:
        replicas = {pods.Role.LEADER: 1, pods.Role.WORKER: nodes - 1}
    made: list[Manifest] = []
    for role, count in replicas.items():
        template = pods.pod_template(live, key, service, surroundings, role)
        name = key.lower() if role is pods.Role.MAIN else f"{key.lower()}-{role.value}"
        spec = {"roleName": name, "replicas": count, "minAvailable": 1, "podSpec": template["spec"]}
        made.append({"name": name, "spec": spec, **template["metadata"]})
    return made


def clique_status(there: int, ready: int, gated: int) -> Manifest:
    """Return a PodClique's status from its numbers of pods: existing, Ready, and still gated from the scheduler."""
    waiting = {"scheduleGatedReplicas": gated, "scheduledReplicas": there - gated}
    return {"replicas": there, "readyReplicas": ready, "updatedReplicas": there, **waiting}


def group_status(group: Manifest, available: int, scheduled: int) -> Manifest:
    """Return a PodCliqueScalingGroup's status from its numbers of replicas: with all pods ready, and scheduled."""
    replicas = group["spec"]["replicas"]
    there = {"replicas": replicas, "scheduledReplicas": scheduled, "updatedReplicas": replicas}
    return there | {"availableReplicas": available}


def set_status(clique_set: Manifest, whole: bool) -> Manifest:
    """Return the status of a PodCliqueSet with one replica; `whole` says whether all its gangs are ready."""
    generation = clique_set["metadata"]["generation"]
    return {"replicas": 1, "availableReplicas": int(whole), "updatedReplicas": 1, "observedGeneration": generation}


def not_ready(live: Manifest | None) -> str:
    """Return why a clique or scaling group is not ready, in the operator's words; empty if it is ready."""
    if not live:
        return "resource not found"
    status, wanted = live.get("status") or {}, live["spec"]["replicas"]
    word, count = (
        ("available", "availableReplicas") if live["kind"] == "PodCliqueScalingGroup" else ("ready", "readyReplicas")
    )
    there = status.get(count, 0)
    return "" if there == wanted else f"desired={wanted}, {word}={there}"


@dataclass(frozen=True)
class Gang:
    """Cliques that are placed together or not at all: those of one replica of a scaling group, or a single clique."""

    group: str
    """Name of the scaling group; empty for a clique outside one."""
    cliques: list[Manifest]


def gangs(clique_set: Manifest) -> list[Gang]:
    """Return every gang of a PodCliqueSet, as PodClique objects."""
    template, name = clique_set["spec"]["template"], clique_set["metadata"]["name"]
    by_name = {clique["name"]: clique for clique in template["cliques"]}
    made: list[Gang] = []
    for group in template.get("podCliqueScalingGroups") or []:
        members = [by_name.pop(clique) for clique in group["cliqueNames"]]
        group_name = f"{name}-0-{group['name']}"
        for index in range(group["replicas"]):
            prefix = f"{group_name}-{index}"
            made.append(Gang(group_name, [_clique_object(clique_set, prefix, m, group_name, index) for m in members]))
    alone = [Gang("", [_clique_object(clique_set, f"{name}-0", clique, "", 0)]) for clique in by_name.values()]
    return [*alone, *made]


def graph_of(clique_set: Manifest) -> str:
    """Return the graph that a PodCliqueSet was made for. From 1.0 on the set's own name may be a shortened one."""
    meta = clique_set["metadata"]
    name: str = (meta.get("labels") or {}).get(contract.LABEL_GRAPH, meta["name"])
    return name


def scaling_groups(clique_set: Manifest) -> list[Manifest]:
    """Return the PodCliqueScalingGroup objects of a PodCliqueSet."""
    meta = clique_set["metadata"]
    return [
        {
            "apiVersion": contract.GROVE_API,
            "kind": "PodCliqueScalingGroup",
            "metadata": {
                "name": f"{meta['name']}-0-{group['name']}",
                "namespace": meta["namespace"],
                "labels": {contract.LABEL_CLIQUE_SET: meta["name"], contract.LABEL_GRAPH: graph_of(clique_set)},
                "ownerReferences": [contract.owner_reference(clique_set)],
            },
            "spec": {name: group[name] for name in ("replicas", "minAvailable", "cliqueNames")},
        }
        for group in clique_set["spec"]["template"].get("podCliqueScalingGroups") or []
    ]


def _clique_object(clique_set: Manifest, prefix: str, clique: Manifest, group: str, index: int) -> Manifest:
    meta = clique_set["metadata"]
    name = f"{prefix}-{clique['name']}"
    labels = (clique.get("labels") or {}) | {contract.LABEL_CLIQUE_SET: meta["name"], contract.LABEL_CLIQUE: name}
    if group:
        labels[contract.LABEL_SCALING_GROUP] = group
    return {
        "apiVersion": contract.GROVE_API,
        "kind": "PodClique",
        "metadata": {
            "name": name,
            "namespace": meta["namespace"],
            "labels": labels,
            "annotations": clique.get("annotations") or {},
            "ownerReferences": [contract.owner_reference(clique_set)],
        },
        "spec": clique["spec"] | {"podSpec": _with_grove_env(clique["spec"]["podSpec"], meta["name"], group, index)},
    }


def _with_grove_env(pod_spec: Manifest, set_name: str, group: str, index: int) -> Manifest:
    """Return the pod spec with Grove's variables about the pod's place, from which the leader's address is built."""
    place = {"GROVE_PCS_NAME": set_name, "GROVE_PCS_INDEX": "0", "GROVE_HEADLESS_SERVICE": f"{set_name}-0"}
    if group:
        place |= {"GROVE_PCSG_NAME": group, "GROVE_PCSG_INDEX": str(index)}
    env = [{"name": name, "value": value} for name, value in place.items()]
    containers = [{**one, "env": pods.merge_env(one.get("env") or [], env)} for one in pod_spec["containers"]]
    return pod_spec | {"containers": containers}


def pod(clique: Manifest, index: int) -> Manifest:
    """Return the pod of a clique at an index, gated until its whole gang has room."""
    meta = clique["metadata"]
    name = f"{meta['name']}-{index}"
    spec = clique["spec"]["podSpec"]
    env = [{"name": "GROVE_PCLQ_NAME", "value": meta["name"]}, {"name": "GROVE_PCLQ_POD_INDEX", "value": str(index)}]
    containers = [{**one, "env": pods.merge_env(one.get("env") or [], env)} for one in spec["containers"]]
    template = hashlib.sha256(json.dumps(clique["spec"]["podSpec"], sort_keys=True).encode()).hexdigest()[:16]
    place = {"hostname": name, "subdomain": f"{meta['labels'][contract.LABEL_CLIQUE_SET]}-0"}
    gates = [{"name": contract.GROVE_GATE}]
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {
            "name": name,
            "namespace": meta["namespace"],
            "labels": meta["labels"] | {contract.LABEL_POD_INDEX: str(index)},
            "annotations": (meta.get("annotations") or {}) | {TEMPLATE: template},
            "ownerReferences": [contract.owner_reference(clique)],
        },
        "spec": spec | place | {"containers": containers, "schedulingGates": gates},
    }
