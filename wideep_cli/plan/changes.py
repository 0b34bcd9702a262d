"""Comparison of two nested values, path by path."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import cast

__all__ = ["ABSENT", "Change", "argument_changes", "changes"]

ABSENT = "–"
"""The text that stands for an absent value."""


@dataclass(frozen=True)
class Change:
    """One path with its value before and after."""

    path: str
    before: str
    after: str

    def __str__(self) -> str:
        return f"{self.path}: {self.before} → {self.after}"


def changes(before: object, after: object, path: str) -> Iterator[Change]:
    """Yield every leaf that differs, in the order of the paths."""
    if before == after:
        return
    if isinstance(before, Mapping) and isinstance(after, Mapping):
        old, new = cast(Mapping[str, object], before), cast(Mapping[str, object], after)
        for key in dict.fromkeys([*old, *new]):
            yield from changes(old.get(key), new.get(key), f"{path}.{key}" if path else key)
        return
    if (old_items := _by_name(cast(object, before))) and (new_items := _by_name(after)):
        yield from changes(old_items, new_items, path)
        return
    yield Change(path, _shown(cast(object, before)), _shown(after))


def _by_name(value: object) -> dict[str, object]:
    """Return a list of named items (variables, containers, volumes) as a mapping; empty for anything else."""
    if not isinstance(value, list | tuple):
        return {}
    items = cast(Sequence[object], value)
    named = [cast(Mapping[str, object], item) for item in items if isinstance(item, Mapping) and "name" in item]
    return {str(item["name"]): item for item in named} if len(named) == len(items) else {}


def argument_changes(before: Sequence[str], after: Sequence[str], path: str) -> Iterator[Change]:
    """Yield the flags in which two command lines differ. Their order does not count."""
    old, new = _flags(before), _flags(after)
    for flag in dict.fromkeys([*old, *new]):
        if old.get(flag) != new.get(flag):
            yield Change(f"{path} {flag}", _flag_value(old, flag), _flag_value(new, flag))


def _flags(args: Sequence[str]) -> dict[str, str]:
    """Return each flag with the words that follow it."""
    flags: dict[str, list[str]] = {}
    words: list[str] = []
    for arg in args:
        if arg.startswith("--"):
            words = flags.setdefault(arg, [])
        else:
            words.append(arg)
    return {flag: " ".join(values) for flag, values in flags.items()}


def _flag_value(flags: Mapping[str, str], flag: str) -> str:
    return (flags[flag] or "set") if flag in flags else ABSENT


def _shown(value: object) -> str:
    match value:
        case None:
            return ABSENT
        case Mapping():
            items = cast(Mapping[str, object], value).items()
            return "{" + ", ".join(f"{key}: {_shown(item)}" for key, item in items) + "}"
        case bool():
            return "true" if value else "false"
        case list() | tuple():
            return "[" + ", ".join(_shown(item) for item in cast(Sequence[object], value)) + "]"
        case _:
            return str(value)
