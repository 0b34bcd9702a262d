"""What a log says of why a container does not work: its symptoms, its last words, and nothing that is a secret."""

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
"""What the same container meets again however often it is started."""


@dataclass(frozen=True)
class Found:
    """A symptom, the whole line that shows it, and where in the log it stands.

    ``said`` is the part of the line that is worth quoting alone; the line where there is no such part.
    """

    symptom: Symptom
    line: str
    at: int
    said: str


def place_of(role: str) -> Place:
    """Where a graph's pod of this role runs: an engine, or what needs no GPU (the frontend, a planner)."""
    return Place.ENGINE if role in ("prefill", "decode") else Place.FRONTEND


def find_symptom(log: str, place: Place, signs: Iterable[Sign] = SIGNS) -> Found | None:
    """The most telling symptom that a log shows; None where it shows none.

    What names a cause is preferred to what names only a failure, and that to what follows from failures elsewhere
    (``signs.Depth``). Of equals an engine's first counts, since the rest follows from it; a download's last, since it
    has tried again after those before. The order of ``signs`` does not matter.
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
    """The last line that speaks of an error; without one, the last line."""
    lines = _lines(log)
    telling = [line for line in lines[-TAIL:] if ERRORS.search(line)]
    return masked((telling or lines or [""])[-1])


def last_lines(log: str, count: int) -> list[str]:
    """The last ``count`` lines that are not empty."""
    return [masked(line) for line in _lines(log)[-count:]]


def _lines(log: str) -> list[str]:
    return [line.strip() for line in log.splitlines() if line.strip()]


TAIL: Final = 40
"""Lines in which an error is looked for."""
ERRORS: Final = re.compile(r"error|exception|fail|fatal|refused|denied", re.IGNORECASE)
