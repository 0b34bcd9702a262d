"""A graph and its pods as the API server returns them, for tests of what they wait for."""

from __future__ import annotations

from typing import Any

Json = dict[str, Any]

__all__ = ["WRITTEN", "crashed", "event", "graph", "loading", "pending", "pod", "pulling", "ready"]

WRITTEN = "2026-01-01T00:10:00Z"
"""Time of the graph's last change; pods are younger unless a test says otherwise."""


def graph(*, ready: bool = False, state: str = "pending", generation: int = 1, says: str = "") -> Json:
    """Return the graph ``g``."""
    fields = [
        {"time": WRITTEN, "fieldsV1": {"f:spec": {}}},
        {"time": "2026-01-01T00:20:00Z", "subresource": "status", "fieldsV1": {"f:status": {}}},
    ]
    condition = {"type": "Ready", "status": str(ready), "message": says}
    return {
        "metadata": {"name": "g", "generation": generation, "managedFields": fields},
        "status": {"state": state, "conditions": [condition]},
    }


def pod(
    name: str, status: Json, *, created: str = "2026-01-01T00:10:05Z", node: str = "n", leaving: bool = False
) -> Json:
    """Return a pod of the graph; its name begins with its role."""
    role = name.split("-")[0]
    labels = {"nvidia.com/dynamo-graph-deployment-name": "g", "nvidia.com/dynamo-component-type": "frontend"}
    if role != "frontend":
        labels |= {"nvidia.com/dynamo-component-type": "worker", "nvidia.com/dynamo-sub-component-type": role}
    metadata = {"name": name, "labels": labels, "creationTimestamp": created}
    metadata |= {"deletionTimestamp": created} if leaving else {}
    return {"metadata": metadata, "spec": {"nodeName": node}, "status": status}


def pending(name: str, says: str) -> Json:
    """Return a pod that fits on no node."""
    placed = {"type": "PodScheduled", "status": "False", "reason": "Unschedulable", "message": says}
    return pod(name, {"phase": "Pending", "conditions": [placed]}, node="")


def pulling(name: str, reason: str = "ContainerCreating", says: str = "") -> Json:
    """Return a pod whose container has not started."""
    return pod(name, _status("Pending", {"waiting": {"reason": reason, "message": says}}))


def loading(name: str, **how: Any) -> Json:
    """Return a pod that runs but is not ready."""
    return pod(name, _status("Running", {"running": {"startedAt": WRITTEN}}), **how)


def ready(name: str, **how: Any) -> Json:
    """Return a pod that is ready."""
    return pod(name, _status("Running", {"running": {"startedAt": WRITTEN}}, ready=True), **how)


def crashed(name: str, times: int, code: int = 1, **how: Any) -> Json:
    """Return a pod whose container has ended ``times`` times."""
    last = {"terminated": {"exitCode": code, "reason": "Error"}}
    return pod(name, _status("Running", {"waiting": {"reason": "CrashLoopBackOff"}}, restarts=times, last=last), **how)


def event(about: str, reason: str, message: str, version: str = "1") -> Json:
    """Return a Warning event."""
    return {
        "metadata": {"name": f"{about}.{reason}", "uid": f"{about}.{reason}", "resourceVersion": version},
        "type": "Warning",
        "reason": reason,
        "message": message,
        "involvedObject": {"kind": "ReplicaSet", "name": about},
    }


def _status(phase: str, state: Json, *, ready: bool = False, restarts: int = 0, last: Json | None = None) -> Json:
    container = {"name": "main", "ready": ready, "restartCount": restarts, "state": state, "lastState": last or {}}
    condition = {"type": "Ready", "status": str(ready)}
    return {"phase": phase, "conditions": [condition], "containerStatuses": [container]}
