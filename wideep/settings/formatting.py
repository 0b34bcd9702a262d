"""How messages show a value, and how they guess what was meant."""

from __future__ import annotations

import difflib
import json
from collections.abc import Iterable, Sequence
from typing import Final

from wideep.masking import MASK, masked, visible

__all__ = ["close_matches", "join_path", "redact", "suggest"]

LONGEST: Final = 60
LOOKED_AT: Final = 1000
"""Characters of a value that are examined; the rest is ignored."""


def redact(value: object) -> str:
    """Return a value of the config, short and on one line, with anything that looks like a token masked."""
    if isinstance(value, dict) and "secure" in value:
        return MASK
    plain = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    text = visible(masked(plain[:LOOKED_AT])).replace("\n", "\\n").replace("\t", "\\t")
    return text if len(text) <= LONGEST else f"{text[: LONGEST - 1]}…"


def join_path(path: Sequence[str]) -> str:
    """Return a key's path as one text: ``layout.decode.tp``."""
    return ".".join(redact(part) or '""' for part in path)


def suggest(word: str, known: Iterable[str]) -> str:
    """Return a question with the known names that resemble the word, or else the list of all known names."""
    names = sorted(known)
    like = close_matches(word, names)
    return f"did you mean {' or '.join(like)}?" if like else f"one of {', '.join(names)}"


def close_matches(word: str, known: Iterable[str]) -> list[str]:
    """Return at most three known names that resemble the word, ignoring case and underscores, the nearest first."""
    plain = {_plain(name): name for name in known}
    return [plain[match] for match in difflib.get_close_matches(_plain(word), plain, n=3, cutoff=0.6)]


def _plain(word: str) -> str:
    return word[:LOOKED_AT].lower().replace("_", "")
