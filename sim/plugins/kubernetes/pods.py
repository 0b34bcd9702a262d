"""What goes wrong with the pods of a Job, Deployment or StatefulSet, in the words of pulumi-kubernetes."""

from __future__ import annotations

from collections.abc import Iterator

from sim.plugins.kubernetes.api import Object
from sim.plugins.kubernetes.waiting import full_name


def owned(pod: Object, owner: Object) -> bool:
    """Whether a pod is one of the owner's: the owner's selector matches its labels."""
    wanted = ((owner.get("spec") or {}).get("selector") or {}).get("matchLabels") or {}
    labels = pod["metadata"].get("labels") or {}
    return bool(wanted) and wanted.items() <= labels.items()


def problem(pod: Object) -> str:
    """Why a pod is not ready, "" if it is, or if it just has not got there yet."""
    status = pod.get("status") or {}
    conditions = {c.get("type"): c for c in status.get("conditions") or []}
    if status.get("phase") == "Succeeded" or conditions.get("PodScheduled", {}).get("status") == "False":
        return ""
    for name in ("Initialized", "Ready"):
        condition = conditions.get(name)
        if condition is None:
            return ""
        if condition.get("status") == "True":
            continue
        errors = [text for container in status.get("containerStatuses") or [] for text in _errors(container)]
        if errors or condition.get("message"):
            said = condition["message"] if condition.get("reason") and condition.get("message") else ""
            return f"[Pod {full_name(pod)}]: {said}" + "\n".join(errors)
        return ""
    return ""


def _errors(container: Object) -> Iterator[str]:
    if container.get("ready"):
        return
    state = container.get("state") or {}
    if (waiting := state.get("waiting")) and waiting.get("reason") != "ContainerCreating":
        yield f"[{waiting.get('reason')}] {waiting.get('message', '')}"
    if (ended := state.get("terminated")) and ended.get("reason"):
        if ended.get("message"):
            yield f"[{ended['reason']}] {ended['message']}"
        else:
            yield f'container "{container.get("name")}" completed with exit code {ended.get("exitCode")}'
    if last := (container.get("lastState") or {}).get("terminated"):
        why = f"{last.get('reason')}: exit code {last.get('exitCode')}"
        yield f'container "{container.get("name")}" terminated at {last.get("finishedAt")} ({why})'
        if last.get("message"):
            yield last["message"]
