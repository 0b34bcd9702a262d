"""What a check finds."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from wideep.errors import Problem
from wideep_cluster.errors import Answer

__all__ = ["Finding", "Section", "Verdict", "answered", "fails", "holds", "unknown"]


class Verdict(StrEnum):
    """Three answers: what could not be seen is neither good nor bad."""

    PASSED = "holds"
    FAILED = "does not hold"
    UNKNOWN = "could not be told"


class Section(StrEnum):
    """Where a check looks."""

    CLUSTER = "Cluster"
    GPUS = "GPU nodes"
    STORAGE = "Storage"
    PLATFORM = "Dynamo platform"
    NAMESPACE = "Namespace"
    OUTSIDE = "From this machine"
    GRAPH = "What is deployed"


@dataclass(frozen=True)
class Finding:
    """One verdict. ``check`` is its name for scripts, ``what`` what is there, ``fix`` the next step, one way a line.

    ``key`` is the key of the stack config to change, where there is one.
    """

    section: Section
    check: str
    verdict: Verdict
    what: str
    fix: tuple[str, ...] = ()
    key: str = ""


def holds(section: Section, check: str, what: str) -> Finding:
    """It is as the stack needs it."""
    return Finding(section, check, Verdict.PASSED, what)


def fails(section: Section, check: str, what: str, *fix: str, key: str = "") -> Finding:
    """It is not; ``fix`` is what to do."""
    return Finding(section, check, Verdict.FAILED, what, fix, key)


def unknown(section: Section, check: str, what: str, *fix: str, key: str = "") -> Finding:
    """It could not be seen; ``fix`` is how it could."""
    return Finding(section, check, Verdict.UNKNOWN, what, fix, key)


def answered(section: Section, check: str, answer: Answer) -> Finding | None:
    """Show what ``pulumi up`` would make an error of; None where all is well."""
    if answer is None:
        return None
    if isinstance(answer, Problem):
        what = f"{answer.rule[0].upper()}{answer.rule[1:]}."
        return fails(section, check, what, *map(str.strip, answer.fix.splitlines()), key=answer.key)
    return unknown(section, check, str(answer))
