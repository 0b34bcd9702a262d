"""Differences between two objects, field by field, and which of them need a new object."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import Enum
from typing import Any, Final

from pulumi.runtime.proto import provider_pb2

from sim.plugins import values

Path = tuple[str | int, ...]
Kind = provider_pb2.PropertyDiff.Kind

REPLACING: Final = {
    Kind.ADD: Kind.ADD_REPLACE,
    Kind.DELETE: Kind.DELETE_REPLACE,
    Kind.UPDATE: Kind.UPDATE_REPLACE,
}


class _Missing(Enum):
    """A field that is not there, which is not the same as one that is null."""

    MISSING = "missing"


MISSING: Final = _Missing.MISSING


def merge_patch(old: Mapping[str, Any], new: Mapping[str, Any]) -> dict[str, Any]:
    """The JSON merge patch (RFC 7386) from one object to the other; an UNKNOWN value is null in it."""
    patch: dict[str, Any] = dict.fromkeys(old.keys() - new.keys())
    for key, value in new.items():
        before = old.get(key, MISSING)
        if isinstance(before, Mapping) and isinstance(value, Mapping):
            if inner := merge_patch(before, value):
                patch[key] = inner
        elif before is MISSING or before != value or isinstance(before, bool) != isinstance(value, bool):
            patch[key] = None if value is values.UNKNOWN else value
    return patch


def three_way_patch(old: Mapping[str, Any], new: Mapping[str, Any], current: Mapping[str, Any]) -> dict[str, Any]:
    """What leads from the current state to the new inputs, with what the inputs no longer say taken out.

    Fields that only the current state has are its own, and stay.
    """
    patch = {}
    for key in new.keys() | (old.keys() & current.keys()):
        before, after, now = old.get(key, MISSING), new.get(key, MISSING), current.get(key, MISSING)
        if after is MISSING:
            patch[key] = None
        elif isinstance(after, Mapping) and isinstance(now, Mapping):
            if inner := three_way_patch(before if isinstance(before, Mapping) else {}, after, now):
                patch[key] = inner
        elif now is MISSING or now != after:
            patch[key] = None if after is values.UNKNOWN else after
    return patch


@dataclass(frozen=True)
class Sides:
    """One field on the sides of a diff, each MISSING where it is not there.

    Attributes:
        patch: The merge patch's value; None is a removal.
        old: The live object's.
        new: The new inputs'.
        given: The old inputs'.
    """

    patch: Any
    old: Any
    new: Any
    given: Any


class DetailedDiff:
    """The field-by-field diff that the engine prints, made from a merge patch."""

    def __init__(self, force_new: Sequence[str]) -> None:
        self._force_new = [tuple(path.removeprefix(".").split(".")) for path in force_new]
        self.fields: dict[str, provider_pb2.PropertyDiff] = {}

    @property
    def replaces(self) -> list[str]:
        """The fields whose change needs a new object."""
        return [
            path
            for path, diff in self.fields.items()
            if diff.kind in REPLACING.values() or (path == "metadata" and diff.kind == Kind.DELETE)
        ]

    def add(self, path: Path, sides: Sides, *, in_list: bool = False) -> None:
        """Record the difference at a path.

        A patch has whole lists, so within one (`in_list`) a key that it lacks is a removal too.
        """
        patch, old, new = sides.patch, sides.old, sides.new
        if new is MISSING and (patch is not None or sides.given is MISSING):
            return  # neither was the user's
        match patch, old:
            case dict(), dict():
                self._add_dict(path, sides, in_list=in_list)
            case list(), list():
                self._add_list(path, sides)
            case None, _ if new is values.UNKNOWN:
                self._record(path, None, Kind.ADD if old is MISSING else Kind.UPDATE)
            case None, _:
                self._record(path, None, Kind.DELETE)
            case _ if old is MISSING:
                self._record(path, patch, Kind.ADD)
            case _ if patch != old or isinstance(patch, bool) != isinstance(old, bool):
                self._record(path, patch, Kind.UPDATE)
            case _:
                return

    def _add_dict(self, path: Path, sides: Sides, *, in_list: bool) -> None:
        new, given = (side if isinstance(side, dict) else {} for side in (sides.new, sides.given))
        removed = dict.fromkeys(sides.old.keys() - sides.patch.keys()) if in_list else {}
        for key, value in {**sides.patch, **removed}.items():
            inner = Sides(value, sides.old.get(key, MISSING), new.get(key, MISSING), given.get(key, MISSING))
            self.add((*path, key), inner, in_list=in_list)

    def _add_list(self, path: Path, sides: Sides) -> None:
        for index in range(max(len(sides.patch), len(sides.old))):
            patch, new, given = (_item(side, index, None) for side in (sides.patch, sides.new, sides.given))
            inner = Sides(patch, _item(sides.old, index, MISSING), new, given)
            self.add((*path, index), inner, in_list=True)

    def _record(self, path: Path, value: Any, kind: Any) -> None:
        nested = value
        for key in reversed(path):
            nested = {key: nested} if isinstance(key, str) else [nested]
        if any(_reaches(nested, pattern) for pattern in self._force_new):
            kind = REPLACING[kind]
        input_diff = kind in (Kind.DELETE, Kind.DELETE_REPLACE)
        self.fields[text(path)] = provider_pb2.PropertyDiff(kind=kind, inputDiff=input_diff)


def _item(side: Any, index: int, default: Any) -> Any:
    return side[index] if isinstance(side, list) and index < len(side) else default


def _reaches(value: Any, pattern: tuple[str, ...]) -> bool:
    """Whether a value has the field that a pattern like `spec.containers[*].image` names."""
    if not pattern:
        return True
    name, starred = pattern[0].removesuffix("[*]"), pattern[0].endswith("[*]")
    if not isinstance(value, Mapping) or name not in value:
        return False
    inner = value[name]
    if starred:
        return isinstance(inner, list) and any(_reaches(item, pattern[1:]) for item in inner)
    return _reaches(inner, pattern[1:])


def text(path: Path) -> str:
    """A path as Pulumi writes it: `metadata.annotations["pulumi.com/waitFor"]`, `spec.tolerations[0].key`."""
    result = ""
    for part in path:
        if isinstance(part, int):
            result += f"[{part}]"
        elif any(mark in part for mark in '."[]'):
            escaped = part.replace('"', '\\"')
            result += f'["{escaped}"]'
        else:
            result += f".{part}" if result else part
    return result
