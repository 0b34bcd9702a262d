"""A pod's status as a kubelet writes it, as bodies of a strategic merge patch."""

from __future__ import annotations

from datetime import UTC, datetime

from sim.operator.contract import Manifest


def _now() -> str:
    return datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def waiting(pod: Manifest, reason: str, message: str) -> Manifest:
    """Return the status of a pod whose containers wait, as in ImagePullBackOff."""
    return _status(pod, "Pending", "ContainersNotReady", {"waiting": {"reason": reason, "message": message}})


def running(
    pod: Manifest, *, ready: bool, restarts: int = 0, exit_code: int | None = None, message: str = ""
) -> Manifest:
    """Return the status of a pod whose containers run; `exit_code` and `message` describe their last end, if any."""
    more: Manifest = {"started": True, "restartCount": restarts}
    if exit_code is not None:
        more["lastState"] = {"terminated": _ended(exit_code, message)}
    state = {"running": {"startedAt": _now()}}
    return _status(pod, "Running", "" if ready else "ContainersNotReady", state, more)


def crashed(pod: Manifest, *, restarts: int, exit_code: int, message: str) -> Manifest:
    """Return the status of a pod whose containers have ended and are about to be restarted."""
    more: Manifest = {"started": False, "restartCount": restarts}
    more["lastState"] = {"terminated": _ended(exit_code, message)}
    said = f"back-off restarting failed container={pod['spec']['containers'][0]['name']} pod={pod['metadata']['name']}"
    waiting = {"waiting": {"reason": "CrashLoopBackOff", "message": said}}
    return _status(pod, "Running", "ContainersNotReady", waiting, more)


def failed(pod: Manifest, *, exit_code: int, message: str) -> Manifest:
    """Return the status of a pod whose containers have failed and are not restarted."""
    return _status(pod, "Failed", "PodFailed", {"terminated": _ended(exit_code, message)})


def _ended(exit_code: int, message: str) -> Manifest:
    now = _now()
    ended = {"exitCode": exit_code, "reason": "Error", "startedAt": now, "finishedAt": now}
    return ended | ({"message": message} if message else {})


def finished(pod: Manifest) -> Manifest:
    """Return the status of a pod whose containers have completed."""
    now = _now()
    ended = {"exitCode": 0, "reason": "Completed", "startedAt": now, "finishedAt": now}
    return _status(pod, "Succeeded", "PodCompleted", {"terminated": ended})


def _status(pod: Manifest, phase: str, reason: str, state: Manifest, more: Manifest | None = None) -> Manifest:
    """Return a pod's status; the pod is ready if `reason` is empty."""
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
