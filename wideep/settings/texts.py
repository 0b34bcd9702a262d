"""Detection of objects that the stack's file holds as JSON text: ``pulumi config set KEY '{…}'`` writes one.

The next ``pulumi config set --path KEY.…`` replaces it by an object of that one key, and everything else is lost.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Final, cast

from wideep.errors import Problem
from wideep.settings.formatting import redact

__all__ = ["json_texts"]

SECRET: Final = ("password", "token", "secret", "key")
MOST: Final = 12


def json_texts(written: Mapping[str, object]) -> list[Problem]:
    """Return one Problem for each key of the file that holds a JSON object as text, with the commands that repair
    it."""
    return [
        Problem(redact(key), "a text that begins with {", "is JSON in quotes, and must be an object", _fix(key, value))
        for key, value in written.items()
        if isinstance(value, str) and value.lstrip().startswith("{")
    ]


def _fix(key: str, text: str) -> str:
    try:
        found = list(_leaves(key, cast("object", json.loads(text))))
    except (ValueError, RecursionError):
        found = []
    commands = [f"pulumi config set {_option(path)}--path '{path}' {_value(path, value)}" for path, value in found]
    lines = commands[:MOST] or [f"pulumi config set --path '{redact(key)}.KEY' VALUE"]
    return "\n".join([*lines, f"or set {redact(key)} as YAML in the stack's file"])


def _leaves(path: str, value: object) -> Iterator[tuple[str, object]]:
    match value:
        case dict():
            for key, inner in cast("dict[str, object]", value).items():
                yield from _leaves(f"{path}.{redact(key)}", inner)
        case list():
            for index, inner in enumerate(cast("list[object]", value)):
                yield from _leaves(f"{path}[{index}]", inner)
        case _:
            yield path, value


def _secret(path: str) -> bool:
    return any(word in path.rsplit(".", 1)[-1].lower() for word in SECRET)


def _option(path: str) -> str:
    return "--secret " if _secret(path) else ""


def _value(path: str, value: object) -> str:
    if _secret(path):
        return "…"
    return f"'{redact(value)}'" if isinstance(value, str) and " " in value else redact(value)
