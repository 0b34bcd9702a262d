"""A fake cluster of GPU nodes for burn-ins, which prints lines recorded on real GPUs."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from wideep_cluster import ClusterError, ForbiddenError, Listing
from wideep_cluster.kinds import CONFIG_MAPS, JOBS, NODES, PODS
from wideep_cluster.objects import ConfigMap, Job, Meta, Namespace, Node, Pod

__all__ = ["RECORDED", "FakeCluster", "arguments_of", "holder", "node", "said"]

RECORDED = Path(__file__).parents[1] / "unit" / "burnin" / "recorded"
HEALTHY = (RECORDED / "h100x4-quick.jsonl").read_text()
RESOURCES = ("nvidia.com/gpu", "rdma/ib")


def node(name: str, gpus: int = 8, **spec: object) -> Node:
    """Return a GPU node that is Ready."""
    status = {
        "allocatable": dict.fromkeys(RESOURCES, str(gpus)),
        "conditions": [{"type": "Ready", "status": "True"}],
    }
    metadata = {"name": name, "labels": {"kubernetes.io/hostname": f"{name}.lab"}}
    return Node.model_validate({"metadata": metadata, "spec": spec, "status": status})


def holder(name: str, on: str, gpus: int) -> Pod:
    """Return another user's pod that holds GPUs."""
    container = {"name": "main", "resources": {"limits": dict.fromkeys(RESOURCES, str(gpus))}}
    spec = {"nodeName": on, "containers": [container]}
    return Pod.model_validate({"metadata": {"name": name, "namespace": "theirs"}, "spec": spec})


@dataclass
class FakeCluster:
    """A cluster that accepts Jobs. By node, ``says`` is what its pod prints, ``waits`` why its pod does not start."""

    nodes: tuple[Node, ...] = ()
    pods: tuple[Pod, ...] = ()
    says: dict[str, str] = field(default_factory=dict[str, str])
    waits: dict[str, str] = field(default_factory=dict[str, str])
    refused: str = ""
    """The node whose Job an admission rule refuses."""
    interrupted: bool = False
    read_only: bool = False
    """Whether writing ConfigMaps is forbidden."""
    maps: dict[str, dict[str, Any]] = field(default_factory=dict[str, dict[str, Any]])
    jobs: dict[str, dict[str, Any]] = field(default_factory=dict[str, dict[str, Any]])
    made: list[dict[str, Any]] = field(default_factory=list[dict[str, Any]])

    def list(self, kind: object, namespace: str | None = None, **_: str) -> Listing[Any]:
        """Return nodes, Jobs, the pods that hold GPUs, or, in a namespace, the pods of the Jobs."""
        if kind is NODES:
            return Listing(self.nodes, "1")
        if kind is JOBS:
            return Listing(tuple(Job.model_validate({"metadata": job["metadata"]}) for job in self.jobs.values()), "1")
        assert kind is PODS
        if namespace is None:
            return Listing(self.pods, "1")
        if self.interrupted:
            raise KeyboardInterrupt
        return Listing(tuple(self._pod(name, job) for name, job in self.jobs.items()), "1")

    def find(self, kind: object, name: str, _namespace: str | None = None) -> Namespace | ConfigMap | None:
        """Return a ConfigMap, or the stack's namespace; None if it does not exist."""
        if kind is CONFIG_MAPS:
            return ConfigMap.model_validate(self.maps[name]) if name in self.maps else None
        return Namespace(metadata=Meta(name=name)) if self.nodes else None

    def merge(self, kind: object, name: str, _namespace: str, manifest: dict[str, Any]) -> None:
        """Store a ConfigMap's data."""
        assert kind is CONFIG_MAPS
        if self.read_only:
            raise ForbiddenError("patch", "configmaps", "in namespace lab")
        self.maps.setdefault(name, {"metadata": {"name": name}, "data": {}})["data"].update(manifest["data"])

    def create(self, _kind: object, _namespace: str, manifest: dict[str, Any]) -> Job:
        """Store a Job."""
        if self._node(manifest) == self.refused:
            raise ClusterError("admission webhook denies the Job")
        self.made.append(manifest)
        self.jobs[manifest["metadata"]["name"]] = manifest
        return Job.model_validate({"metadata": manifest["metadata"]})

    def delete(self, kind: object, name: str, _namespace: str) -> None:
        """Delete a Job or a ConfigMap; a missing one is no error."""
        if self.read_only and kind is CONFIG_MAPS:
            raise ForbiddenError("delete", "configmaps", "in namespace lab")
        (self.maps if kind is CONFIG_MAPS else self.jobs).pop(name, None)

    def logs(self, pod: Pod, container: str, **_: object) -> str | None:
        """Return the output of the node's pod."""
        assert container == "burnin"
        return self.says.get(pod.metadata.labels["node"])

    def _node(self, manifest: dict[str, Any]) -> str:
        arguments = arguments_of(manifest)
        return arguments[arguments.index("--node") + 1]

    def _pod(self, name: str, job: dict[str, Any]) -> Pod:
        where = self._node(job)
        owners = [{"kind": "Job", "name": name}]
        metadata = {"name": f"{name}-x", "namespace": "lab", "labels": {"node": where}, "ownerReferences": owners}
        waiting = {"name": "burnin", "state": {"waiting": {"reason": self.waits.get(where, "")}}}
        pending = {"phase": "Pending", "containerStatuses": [waiting]}
        status = pending if where in self.waits else {"phase": "Succeeded", "podIP": "10.0.0.7"}
        spec = {"nodeName": where, "containers": [{"name": "burnin"}]}
        return Pod.model_validate({"metadata": metadata, "spec": spec, "status": status})


def arguments_of(manifest: dict[str, Any]) -> list[str]:
    """Return the arguments of the measuring program in a Job."""
    return manifest["spec"]["template"]["spec"]["containers"][0]["args"]


def said(name: str) -> str:
    """Return the healthy recording, with the name of another node."""
    return HEALTHY.replace('"gpu-0"', f'"{name}"')
