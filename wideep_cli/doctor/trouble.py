"""Problems of a graph's pods: one finding per cause, however many pods share it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Final

from wideep.masking import masked
from wideep.text import some_of
from wideep_cli.doctor.check_context import CheckContext
from wideep_cli.doctor.finding import Finding, Section, Verdict
from wideep_cluster.objects import Pod

__all__ = ["Diagnosis", "PodCheck", "config_key", "grouped", "redact"]

LONGEST: Final = 300
"""Characters of a log line or a message that are worth quoting."""


@dataclass(frozen=True)
class Diagnosis:
    """A cause and its next steps. ``cause`` is a sentence that follows the pods' names and a colon."""

    check: str
    cause: str
    fix: tuple[str, ...] = ()
    key: str = ""
    verdict: Verdict = Verdict.FAILED


PodCheck = Callable[[CheckContext, Pod], Diagnosis | None]
"""A check of one pod for one kind of problem; returns None if the pod does not have it."""


def grouped(found: Iterable[tuple[Pod, Diagnosis]]) -> Iterator[Finding]:
    """Yield one finding for each distinct diagnosis, with the pods that share it."""
    pods: dict[Diagnosis, list[str]] = {}
    for pod, trouble in found:
        pods.setdefault(trouble, []).append(pod.name)
    for trouble, names in pods.items():
        what = redact(f"{some_of(names, 2)}: {trouble.cause}")
        yield Finding(Section.GRAPH, trouble.check, trouble.verdict, what, trouble.fix, trouble.key)


def redact(text: str) -> str:
    """Return the text on one line, truncated, without anything that looks like a credential."""
    line = masked(" ".join(text.split()))
    return line if len(line) <= LONGEST * 2 else line[: LONGEST * 2] + "…"


def config_key(pod: Pod, name: str) -> str:
    """Return the config key of the pod's role, ``layout.decode.NAME``; ``layout.NAME`` for a pod without a role."""
    component = pod.component
    return f"layout.{component}.{name}" if component and component != "frontend" else f"layout.{name}"
