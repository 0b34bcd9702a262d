"""Conversion of log lines in Dynamo's JSON form (``telemetry.jsonLogs``) to the text that Dynamo writes without it.

Code that searches logs then has to know one form only. The members are those of real lines of 0.6.0 and 1.6.1; a line
written by Python code, including the engine's, has its module in ``log.target``.
"""

from __future__ import annotations

import json
from typing import Final, cast

__all__ = ["readable_line", "readable_log"]

ALWAYS: Final = ("time", "level", "target", "message")
"""String members that every line of this form has; JSON from other programs is left as it is."""
PLACES: Final = frozenset({"file", "line", "log.file", "log.line", "log.target"})
"""Members that give the line's position in the source, which the readable form does not have either."""


def readable_log(text: str, stamped: bool = False) -> str:
    """Return a log with each of Dynamo's JSON lines as text. With ``stamped``, each line begins with a timestamp and a
    space, which is repeated on every line of a multi-line message."""
    if "{" not in text:
        return text
    return "".join(f"{line}\n" for raw in text.splitlines() for line in _lines(raw, stamped))


def _lines(raw: str, stamped: bool) -> list[str]:
    stamp, space, line = raw.partition(" ") if stamped else ("", "", raw)
    return [f"{stamp}{space}{part}" for part in readable_line(line).split("\n")]


def readable_line(line: str) -> str:
    """Return a line of Dynamo's JSON form as ``TIME LEVEL TARGET: MESSAGE NAME=VALUE``; any other line as it is."""
    found = _members(line)
    if found is None:
        return line
    target = found.get("log.target", found["target"])
    rest = [f"{name}={value}" for name, value in found.items() if name not in PLACES.union(ALWAYS)]
    return " ".join([f"{found['time']} {found['level']} {target}: {found['message']}".rstrip(), *rest])


def _members(line: str) -> dict[str, object] | None:
    """Return the members of one of Dynamo's JSON lines; None for any other line."""
    if not (line.startswith("{") and line.rstrip().endswith("}")):
        return None
    try:
        found: object = json.loads(line)
    except (ValueError, RecursionError):
        return None
    members = cast("dict[str, object]", found)
    return members if all(isinstance(members.get(name), str) for name in ALWAYS) else None
