"""Diagnose containers that exit or never become ready, by exit code, last log lines and time since the start."""

from __future__ import annotations

import re
import signal
from itertools import islice
from typing import Final

from wideep import symptoms
from wideep.text import duration
from wideep_cli.doctor.check_context import CheckContext
from wideep_cli.doctor.finding import Verdict
from wideep_cli.doctor.symptoms import read_symptom
from wideep_cli.doctor.trouble import LONGEST, Diagnosis, redact
from wideep_cluster.objects import Component, ContainerStatus, Pod, Terminated

__all__ = ["crash_trouble", "last_words", "loading_trouble", "serving_trouble"]

OOM_KILLED: Final = "OOMKilled"
RECENT_SECONDS: Final = 1800
"""For this long, a restart still counts against a pod that is ready again."""
SERVING_LOGS: Final = 4
"""Ready pods of a role whose logs are read. The calls must not grow with the graph, and a connection that fails shows
at many of its ends."""
SERVING_LINES: Final = 100
"""A serving worker writes this many lines in about a minute; older trouble has passed."""
CONNECTIONS: Final = ("kv-transfer", "communication", "platform")
LINES: Final = 3
SIGNALLED: Final = 128
PROGRESS: Final = re.compile(r"(\d{1,3})%\s+Completed")


def crash_trouble(case: CheckContext, pod: Pod) -> Diagnosis | None:
    """Diagnose a main container that has exited with an error; if the pod is ready again, only recently."""
    status = pod.main_status
    ended = _ended(status)
    if status is None or ended is None or (ended.exit_code == 0 and ended.reason != OOM_KILLED):
        return None
    if pod.ready and case.seconds_since(ended.finished_at) > RECENT_SECONDS:
        return None
    times = f" ({status.restart_count} restarts)" if status.restart_count else ""
    if ended.reason == OOM_KILLED:
        return _killed(pod, times)
    before, now = case.view.logs(pod, True) or "", case.view.logs(pod, False) or ""
    return read_symptom(case, pod, f"{before}\n{now}") or _unknown(pod, status, ended, before or now, times)


def _unknown(pod: Pod, status: ContainerStatus, ended: Terminated, log: str, times: str) -> Diagnosis:
    """Describe an exit without a known cause: its last lines, and the command that shows the full log."""
    lines = redact(" / ".join(symptoms.last_lines(log, LINES)))
    telling = last_words(log)
    said = f", after: {telling}" if telling else ", and left no log"
    said += f" (its last lines: {lines})" if lines and lines != telling else ""
    previous = "" if status.state.terminated else " --previous"
    fix = f"wideep logs --role {pod.component or pod.name}{previous} shows the full log; it matches no known cause."
    return Diagnosis("crash", f"its container exited with {_exit(ended)}{times}{said}", (fix,))


def _exit(ended: Terminated) -> str:
    """Return ``exit code 139 (SIGSEGV)``: a code above 128 is 128 plus the number of the signal that ended it."""
    number = ended.exit_code - SIGNALLED
    known = number in {each.value for each in signal.Signals}
    return f"exit code {ended.exit_code}" + (f" ({signal.Signals(number).name})" if known else "")


def _ended(status: ContainerStatus | None) -> Terminated | None:
    if status is None:
        return None
    return status.state.terminated or (status.last_state.terminated if status.restart_count else None)


def _killed(pod: Pod, times: str) -> Diagnosis:
    """Diagnose an OOM kill: the memory of the node or of the container's limit ran out, not a GPU's."""
    limit = pod.main.resources.limits.get("memory")
    if pod.component is Component.FRONTEND:
        cause = f"OOMKilled (host memory): its limit is {limit or 'the node'}{times}."
        return Diagnosis(
            "memory", cause, ("increase frontend.replicas, which shares the requests",), "frontend.replicas"
        )
    cause = (
        "OOMKilled: out of the host memory of "
        f"{'its limit of ' + limit if limit else 'node ' + pod.spec.node_name}{times}."
    )
    fix = (
        f"Other pods on {pod.spec.node_name} use memory (kubectl describe node); exclude the node with "
        "hardware.nodeSelector."
    )
    return Diagnosis("memory", cause, (fix,), "hardware.nodeSelector")


def loading_trouble(case: CheckContext, pod: Pod) -> Diagnosis | None:
    """Diagnose a container that runs but is not ready: a symptom in its log, a start past its deadline, or loading."""
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
    cause = f"has been starting for {duration(seconds)} ({where}); last line: {last_words(log) or 'none'}"
    if seconds > case.plan.ready_timeout_seconds:
        fix = f"The deadline is {duration(case.plan.ready_timeout_seconds)}: check wideep logs --role {pod.component}"
        return Diagnosis("loading", cause, (fix,))
    return Diagnosis("loading", cause, verdict=Verdict.UNKNOWN)


def serving_trouble(case: CheckContext, pod: Pod) -> Diagnosis | None:
    """Diagnose a ready worker whose recent log shows failing connections: requests fail although nothing crashes."""
    if not pod.ready or pod.component in (None, Component.FRONTEND):
        return None
    serving = (each.name for each in case.graph_pods if each.ready and each.component is pod.component)
    if pod.name not in islice(serving, SERVING_LOGS):
        return None
    lines = (case.view.logs(pod, False) or "").splitlines()[-SERVING_LINES:]
    found = read_symptom(case, pod, "\n".join(lines))
    return found if found and found.check in CONNECTIONS else None


def last_words(log: str) -> str:
    """Return the last line that mentions an error, or else the last line."""
    return redact(symptoms.last_words(log))[:LONGEST]
