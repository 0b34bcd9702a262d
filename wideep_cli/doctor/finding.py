"""Findings of the checks: a verdict, the situation, and the next steps."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from wideep.errors import Problem
from wideep_cluster.errors import Answer

__all__ = ["Finding", "Section", "Verdict", "answered", "fails", "holds", "unknown"]


class Verdict(StrEnum):
    """The outcome of a check. What could not be seen is ``UNKNOWN``: neither good nor bad."""

    PASSED = "holds"
    FAILED = "does not hold"
    UNKNOWN = "could not be told"


class Section(StrEnum):
    """The part of the report to which a finding belongs; the value is its heading."""

    CLUSTER = "Cluster"
    GPUS = "GPU nodes"
    STORAGE = "Storage"
    PLATFORM = "Dynamo platform"
    NAMESPACE = "Namespace"
    OUTSIDE = "From this machine"
    GRAPH = "What is deployed"


@dataclass(frozen=True)
class Finding:
    """One verdict. ``check`` is its name for scripts, ``what`` describes the situation.

    ``fix`` lists the next steps; ``key`` is the key of the stack config to change, empty if there is none.
    """

    section: Section
    check: str
    verdict: Verdict
    what: str
    fix: tuple[str, ...] = ()
    key: str = ""


def holds(section: Section, check: str, what: str) -> Finding:
    """Build a finding for a check that passed."""
    return Finding(section, check, Verdict.PASSED, what)


def fails(section: Section, check: str, what: str, *fix: str, key: str = "") -> Finding:
    """Build a finding for a check that failed; ``fix`` says what to do."""
    return Finding(section, check, Verdict.FAILED, what, fix, key)


def unknown(section: Section, check: str, what: str, *fix: str, key: str = "") -> Finding:
    """Build a finding for something that could not be seen; ``fix`` says how it could be."""
    return Finding(section, check, Verdict.UNKNOWN, what, fix, key)


def answered(section: Section, check: str, answer: Answer) -> Finding | None:
    """Turn an answer that ``pulumi up`` would raise as an error into a finding; return None if all is well."""
    if answer is None:
        return None
    if isinstance(answer, Problem):
        what = f"{answer.rule[0].upper()}{answer.rule[1:]}."
        return fails(section, check, what, *map(str.strip, answer.fix.splitlines()), key=answer.key)
    return unknown(section, check, str(answer))
