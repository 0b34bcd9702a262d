"""The status of a pod as a kubelet writes it: waiting for something, running, or ended. Bodies of a strategic patch."""

from __future__ import annotations

from datetime import UTC, datetime

from sim.agent.contract import Manifest


def _now() -> str:
    return datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def waiting(pod: Manifest, reason: str, message: str) -> Manifest:
    """Its containers wait, as in ImagePullBackOff."""
    return _status(pod, "Pending", "ContainersNotReady", {"waiting": {"reason": reason, "message": message}})


def running(pod: Manifest, *, ready: bool, restarts: int = 0, exit_code: int | None = None) -> Manifest:
    """Its containers run; `exit_code` is that of their last end, where they were started again."""
    now = _now()
    more: Manifest = {"started": True, "restartCount": restarts}
    if exit_code is not None:
        ended = {"exitCode": exit_code, "reason": "Error", "startedAt": now, "finishedAt": now}
        more["lastState"] = {"terminated": ended}
    return _status(pod, "Running", "" if ready else "ContainersNotReady", {"running": {"startedAt": now}}, more)


def finished(pod: Manifest) -> Manifest:
    """Its containers have done their work."""
    now = _now()
    ended = {"exitCode": 0, "reason": "Completed", "startedAt": now, "finishedAt": now}
    return _status(pod, "Succeeded", "PodCompleted", {"terminated": ended})


def _status(pod: Manifest, phase: str, reason: str, state: Manifest, more: Manifest | None = None) -> Manifest:
    """Ready when there is no reason against it."""
    ready = not reason
    conditions = [
        {"type": kind, "status": str(ready), "reason": reason, "lastTransitionTime": _now()}
        for kind in ("Ready", "ContainersReady")
    ]
    containers = [
        {
            "name": container["name"],
            "image": container.get("image", ""),
            "imageID": "",
            "ready": ready,
            "restartCount": 0,
            "state": {"$patch": "replace", **state},
            **(more or {}),
        }
        for container in pod["spec"]["containers"]
    ]
    return {"status": {"phase": phase, "conditions": conditions, "containerStatuses": containers}}
