"""The part of JSONPath that `pulumi.com/waitFor` needs: fields, indexes, `[*]` and one-field filters."""

from __future__ import annotations

import re
from typing import Any, Final, NamedTuple

_STEP: Final = re.compile(
    r"""\.(?P<field>[\w-]+|\*) | \[\s*(?P<quote>['"])(?P<name>.*?)(?P=quote)\s*\] | \[(?P<index>-?\d+|\*)\]
      | \[\?\(@\.(?P<key>[\w.-]+)\s*==\s*(?P<q>['"]?)(?P<value>[^'"]*?)(?P=q)\)\]""",
    re.VERBOSE,
)


class BadExpressionError(ValueError):
    """A `waitFor` that is not an expression."""


class Expression(NamedTuple):
    """`{.status.phase}` or `{.status.phase}=Running`; an empty value asks just that the field is there."""

    path: str
    steps: tuple[re.Match[str], ...]
    value: str

    def __str__(self) -> str:
        return f"{self.path}={self.value}" if self.value else self.path

    def matches(self, obj: Any) -> tuple[bool, str]:
        """Whether an object satisfies it, and what was found instead."""
        found = [obj]
        for step in self.steps:
            found = [inner for outer in found for inner in _take(outer, step)]
        if not found:
            return False, ""
        first = found[0]
        if not self.value:
            return True, ""
        if isinstance(first, dict | list):
            raise BadExpressionError(f'"{self.path}" has a non-primitive value ({first})')
        shown = {True: "true", False: "false"}.get(first, str(first)) if isinstance(first, bool) else str(first)
        return shown == self.value, shown


def parse(text: str) -> Expression:
    """Read `jsonpath={.path}` or `jsonpath={.path}=value`, in kubectl's strict spelling.

    Raises:
        BadExpressionError: It is spelt otherwise.
    """
    body = text.removeprefix("jsonpath=")
    match = re.fullmatch(r"\{\s*\$?(?P<path>.*?)\s*\}(?:=(?P<value>.+))?", body)
    if not match:
        raise BadExpressionError(f"{body} should be wrapped in brackets {{ ... }}, with =value behind it or nothing")
    steps, at = [], 0
    while at < len(match["path"]):
        step = _STEP.match(match["path"], at)
        if not step:
            raise BadExpressionError(f"parsing {body}: unexpected {match['path'][at:]!r}")
        steps.append(step)
        at = step.end()
    return Expression(f"{{{match['path']}}}", tuple(steps), match["value"] or "")


def _take(value: Any, step: re.Match[str]) -> list[Any]:
    if step["key"]:
        return [item for item in value if _field(item, step["key"]) == step["value"]] if isinstance(value, list) else []
    if step["index"] or step["field"] == "*":
        items = list(value.values()) if isinstance(value, dict) else value if isinstance(value, list) else []
        if step["index"] in (None, "*"):
            return items
        index = int(step["index"])
        return [items[index]] if -len(items) <= index < len(items) else []
    name = step["field"] or step["name"]
    return [value[name]] if isinstance(value, dict) and name in value else []


def _field(value: Any, path: str) -> str | None:
    for key in path.split("."):
        value = value.get(key) if isinstance(value, dict) else None
    return None if value is None else str(value)
