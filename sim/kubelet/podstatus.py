"""The status of a pod as a kubelet writes it: waiting for something, running, or ended. Bodies of a strategic patch."""

from __future__ import annotations

from datetime import UTC, datetime

from sim.operator.contract import Manifest


def _now() -> str:
    return datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def waiting(pod: Manifest, reason: str, message: str) -> Manifest:
    """Its containers wait, as in ImagePullBackOff."""
    return _status(pod, "Pending", "ContainersNotReady", {"waiting": {"reason": reason, "message": message}})


def running(
    pod: Manifest, *, ready: bool, restarts: int = 0, exit_code: int | None = None, message: str = ""
) -> Manifest:
    """Its containers run; `exit_code` and `message` are of their last end, where they were started again."""
    more: Manifest = {"started": True, "restartCount": restarts}
    if exit_code is not None:
        more["lastState"] = {"terminated": _ended(exit_code, message)}
    state = {"running": {"startedAt": _now()}}
    return _status(pod, "Running", "" if ready else "ContainersNotReady", state, more)


def crashed(pod: Manifest, *, restarts: int, exit_code: int, message: str) -> Manifest:
    """Its containers have ended, and wait for their next try."""
    more: Manifest = {"started": False, "restartCount": restarts}
    more["lastState"] = {"terminated": _ended(exit_code, message)}
    said = f"back-off restarting failed container={pod['spec']['containers'][0]['name']} pod={pod['metadata']['name']}"
    waiting = {"waiting": {"reason": "CrashLoopBackOff", "message": said}}
    return _status(pod, "Running", "ContainersNotReady", waiting, more)


def failed(pod: Manifest, *, exit_code: int, message: str) -> Manifest:
    """Its containers have ended, and are not tried again."""
    return _status(pod, "Failed", "PodFailed", {"terminated": _ended(exit_code, message)})


def _ended(exit_code: int, message: str) -> Manifest:
    now = _now()
    ended = {"exitCode": exit_code, "reason": "Error", "startedAt": now, "finishedAt": now}
    return ended | ({"message": message} if message else {})


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
