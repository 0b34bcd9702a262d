"""Why a container fails, according to its log: its symptoms and its last lines, with secrets masked."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from wideep.engines import engine_signs
from wideep.masking import masked
from wideep.signs import GENERAL_SIGNS, Place, Sign, Symptom

__all__ = ["LASTING", "SIGNS", "Found", "Place", "Symptom", "find_symptom", "last_lines", "last_words", "place_of"]

SIGNS: Final = (*GENERAL_SIGNS, *engine_signs())
LASTING: Final = frozenset(
    {
        Symptom.POOL,
        Symptom.MEMORY,
        Symptom.HEAP,
        Symptom.DISPATCH,
        Symptom.SHARED_MEMORY,
        Symptom.LOCKED_MEMORY,
        Symptom.ARGUMENTS,
        Symptom.LIBRARY,
        Symptom.DRIVER,
    }
)
"""Symptoms that a restart of the same container does not fix."""


@dataclass(frozen=True)
class Found:
    """A symptom, the whole line that shows it, and its offset in the log.

    ``said`` is the part of the line that is worth quoting by itself; the whole line if there is no such part.
    """

    symptom: Symptom
    line: str
    at: int
    said: str


def place_of(role: str) -> Place:
    """Return where a graph's pod of this role runs: an engine, or a part without GPUs (frontend, planner)."""
    return Place.ENGINE if role in ("prefill", "decode") else Place.FRONTEND


def find_symptom(log: str, place: Place, signs: Iterable[Sign] = SIGNS) -> Found | None:
    """Return the most informative symptom in a log; None if it shows none.

    A line that names a cause takes precedence over one that names only a failure, and that over one that follows from a
    failure elsewhere (``signs.Depth``). Of equal ones the first counts in an engine's log, since the rest follows from
    it, and the last in a download's, since earlier ones were retried. The order of ``signs`` does not matter.
    """
    first = -1 if place is Place.DOWNLOAD else 1
    found = [(sign, match) for sign in signs if place in sign.places for match in sign.pattern.finditer(log)]
    best = min(found, key=lambda one: (one[0].depth, first * one[1].start()), default=None)
    return _found(log, *best) if best else None


def _found(log: str, sign: Sign, match: re.Match[str]) -> Found:
    begin = log.rfind("\n", 0, match.start()) + 1
    end = log.find("\n", match.start())
    line = log[begin : end if end >= 0 else len(log)].strip()
    return Found(sign.symptom, line, match.start(), (match.groupdict().get("said") or line).strip())


def last_words(log: str) -> str:
    """Return the last line that mentions an error among the last 40; without one, the last line; masked."""
    lines = _lines(log)
    telling = [line for line in lines[-TAIL:] if ERRORS.search(line)]
    return masked((telling or lines or [""])[-1])


def last_lines(log: str, count: int) -> list[str]:
    """Return the last ``count`` non-empty lines, masked."""
    return [masked(line) for line in _lines(log)[-count:]]


def _lines(log: str) -> list[str]:
    return [line.strip() for line in log.splitlines() if line.strip()]


TAIL: Final = 40
"""Number of last lines that are searched for an error."""
ERRORS: Final = re.compile(r"error|exception|fail|fatal|refused|denied", re.IGNORECASE)
