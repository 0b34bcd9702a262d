"""Containers that end, or never become ready: by exit code, by what their log says last, by how long it is silent."""

from __future__ import annotations

import re
from typing import Final

from ops.cluster.objects import Component, ContainerStatus, Pod, Terminated
from ops.doctor.case import Case, shown_seconds
from ops.doctor.finding import Verdict
from ops.doctor.symptoms import read_symptom
from ops.doctor.trouble import LONGEST, Trouble, hidden
from wideep import symptoms

__all__ = ["crash_trouble", "last_words", "loading_trouble"]

OOM_KILLED: Final = "OOMKilled"
RECENT_SECONDS: Final = 1800
"""A restart that long ago still counts for a pod that is ready again."""
PROGRESS: Final = re.compile(r"(\d{1,3})%\s+Completed")


def crash_trouble(case: Case, pod: Pod) -> Trouble | None:
    """The main container has ended at least once, and lately."""
    status = pod.main_status
    ended = _ended(status)
    if status is None or ended is None or (ended.exit_code == 0 and ended.reason != OOM_KILLED):
        return None
    if pod.ready and case.seconds_since(ended.finished_at) > RECENT_SECONDS:
        return None
    times = f" ({status.restart_count} restarts)" if status.restart_count else ""
    if ended.reason == OOM_KILLED:
        return _killed(pod, times)
    log = case.view.logs(pod, True) or ""
    symptom = read_symptom(case, pod, log + (case.view.logs(pod, False) or ""))
    if symptom:
        return symptom
    words = last_words(log)
    said = f", after: {words}" if words else ""
    role = pod.component or pod.name
    cause = f"its container ended with exit code {ended.exit_code}{times}{said}"
    return Trouble("crash", cause, (f"wideep logs --role {role} shows the rest.",))


def _ended(status: ContainerStatus | None) -> Terminated | None:
    if status is None:
        return None
    return status.state.terminated or (status.last_state.terminated if status.restart_count else None)


def _killed(pod: Pod, times: str) -> Trouble:
    """The memory of the node or of the container's limit, not of a GPU."""
    limit = pod.main.resources.limits.get("memory")
    if pod.component is Component.FRONTEND:
        cause = f"killed for memory: its limit is {limit or 'the node'}{times}."
        return Trouble("memory", cause, ("frontend.replicas: one more shares the requests",), "frontend.replicas")
    cause = f"killed for memory of {'its limit of ' + limit if limit else 'node ' + pod.spec.node_name}{times}."
    fix = f"Other pods on {pod.spec.node_name} take memory (kubectl describe node); hardware.nodeSelector keeps off it."
    return Trouble("memory", cause, (fix,), "hardware.nodeSelector")


def loading_trouble(case: Case, pod: Pod) -> Trouble | None:
    """It runs, and is not ready: a symptom in its log, a start that takes longer than it may, or just loading."""
    status = pod.main_status
    running = status.state.running if status else None
    if pod.ready or running is None or pod.component is None:
        return None
    log = case.view.logs(pod, False) or ""
    symptom = read_symptom(case, pod, log)
    if symptom:
        return symptom
    seconds = case.seconds_since(running.started_at)
    progress = PROGRESS.findall(log)
    where = f"weights {progress[-1]} % loaded" if progress else "no weights loaded yet"
    cause = f"has been starting for {shown_seconds(seconds)}, {where}; last line: {last_words(log) or 'none'}"
    if seconds > case.plan.ready_timeout_seconds:
        fix = f"It may take {shown_seconds(case.plan.ready_timeout_seconds)}: wideep logs --role {pod.component}"
        return Trouble("loading", cause, (fix,))
    return Trouble("loading", cause, verdict=Verdict.UNKNOWN)


def last_words(log: str) -> str:
    """The last line that speaks of an error; without one, the last line."""
    return hidden(symptoms.last_words(log))[:LONGEST]
