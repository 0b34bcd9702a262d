"""Plain YAML scalars with the values that Pulumi's parser, Go's yaml.v3, gives them: YAML 1.2 booleans, octal numbers
in the old and the new form, no base-60 numbers. tests/unit/cli/test_yaml_values.py records Pulumi's own values."""

from __future__ import annotations

import datetime
import re
from collections.abc import Iterator
from typing import Final

__all__ = ["plain_value", "resolvers"]

INT: Final = re.compile(r"[-+]?(0b[01_]+|0o[0-7_]+|0x[0-9a-fA-F_]+|0[0-7_]*|[1-9][0-9_]*)$")
FLOAT: Final = re.compile(r"[-+]?(\.[0-9_]+|[0-9][0-9_]*(\.[0-9_]*)?)([eE][-+]?[0-9_]+)?$")
WORDS: Final = re.compile(r"[-+]?\.(inf|Inf|INF)$|\.(nan|NaN|NAN)$")
BOOL: Final = re.compile(r"(true|True|TRUE|false|False|FALSE)$")
DATE: Final = re.compile(r"[0-9]{4}-[0-9]{1,2}-[0-9]{1,2}$")
_BASES: Final = {"0b": 2, "0o": 8, "0x": 16}

Tag = tuple[str, re.Pattern[str]]


def resolvers() -> Iterator[tuple[str, re.Pattern[str], str]]:
    """Yield each tag, the pattern of its scalars, and the characters that they begin with; the first match counts."""
    yield "tag:yaml.org,2002:bool", BOOL, "tTfF"
    yield "tag:yaml.org,2002:int", INT, "-+0123456789"
    yield "tag:yaml.org,2002:float", FLOAT, "-+0123456789."
    yield "tag:yaml.org,2002:float", WORDS, "-+."
    yield "tag:yaml.org,2002:timestamp", DATE, "0123456789"


def plain_value(word: str) -> object:
    """Return the value of a scalar that one of the patterns matches. A number without a fraction is an integer, as in
    the JSON that Pulumi passes on; a date is the string that Go prints for it."""
    if BOOL.match(word):
        return word.lower() == "true"
    if DATE.match(word):
        return _day(word)
    plain = word.replace("_", "")
    if INT.match(word):
        digits = plain.lstrip("+-").lower()
        base = _BASES.get(digits[:2], 8 if digits.startswith("0") else 10)
        number = int(digits, base)
        return -number if plain.startswith("-") else number
    if WORDS.match(word):
        return float(word.lower().replace(".", ""))
    value = float(plain)
    return int(value) if value.is_integer() else value


def _day(word: str) -> str:
    """Return a date as Go prints it; text that is not a date of the calendar stays as it is."""
    try:
        return f"{datetime.date(*map(int, word.split('-')))} 00:00:00 +0000 UTC"
    except ValueError:
        return word
