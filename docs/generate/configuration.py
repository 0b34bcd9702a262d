"""Writes docs/configuration.md, the reference of every key of the stack config, from the settings' docstrings."""

from __future__ import annotations

import inspect
import typing
from enum import StrEnum
from pathlib import Path
from types import NoneType
from typing import Annotated, Literal

from pydantic import BaseModel
from pydantic.fields import FieldInfo

from wideep.dynamo import release_of
from wideep.engines import engine
from wideep.engines.base import Engine
from wideep.engines.flags import PASSES, UNCHECKED
from wideep.settings.backend import Backend
from wideep.settings.descriptions import descriptions
from wideep.settings.layout import Role
from wideep.settings.root import Settings

PAGE = Path(__file__).parents[1] / "configuration.md"
WORDS: dict[object, str] = {
    int: "whole number",
    float: "number",
    str: "text",
    bool: "`true`, `false`",
    dict: "map",
}
INTRO = """<!-- Written by python -m docs.generate from the docstrings of wideep/settings. Change those, not this. -->

# Every key of the stack config

The reference, one section for each top-level key, and last which key sets which flag of an engine. For a first stack
start from [Pulumi.prod.yaml](../Pulumi.prod.yaml). In a stack file every key has the project's prefix
(`dynamo-wideep:model`). Sizes of GPUs are decimal GB, quantities are Kubernetes' own (`1Ti` is binary). A key that is
not listed here is refused, and the message names the nearest one.
"""

FLAGS_INTRO = """\
Flags that `extraArgs` may not contain, in any spelling that the engine's parser takes, because a key sets them or the
plan computes with them. All other flags of the engine and of Dynamo's worker are passed on; unknown ones with a
warning."""


def models_in(annotation: object) -> list[type[BaseModel]]:
    """Return the settings models that a field may hold, in the order of its annotation."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return [annotation]
    return [model for part in typing.get_args(annotation) for model in models_in(part)]


def kind(annotation: object) -> str:
    """Return a type in the words of the reference."""
    origin, parts = typing.get_origin(annotation), typing.get_args(annotation)
    if origin is Annotated:
        return kind(parts[0])
    if origin is Literal:
        return ", ".join(f"`{part}`" for part in parts)
    if origin in (tuple, list):
        return f"list of {kind(parts[0])}"
    if parts and origin is not dict:
        return " or ".join(dict.fromkeys(kind(part) for part in parts if part is not NoneType))
    if isinstance(annotation, type) and issubclass(annotation, StrEnum):
        return ", ".join(f"`{member}`" for member in annotation)
    return "object" if models_in(annotation) else WORDS.get(origin or annotation, "value")


def default(field: FieldInfo) -> str:
    """Return a field's default as YAML; empty for objects, whose own keys follow."""
    if field.is_required():
        return "required"
    value: object = field.get_default(call_default_factory=True, validated_data={})
    if value is None or isinstance(value, BaseModel) or value in ((), {}):
        return ""
    return f"`{str(value).lower() if isinstance(value, bool) else value}`"


def prose(text: str | None) -> str:
    """Return a docstring as one line for a table, in a stack file's terms: Python's None is a key that is not set."""
    return " ".join((text or "").replace("``", "`").replace("|", "\\|").split()).replace("None:", "Not set:")


def rows(model: type[BaseModel], prefix: str) -> list[str]:
    """Return rows for a model's keys and, below each, for those of the objects that it holds. The roles share their
    keys, so only one role is listed."""
    lines: list[str] = []
    for name, field in model.model_fields.items():
        if name == Role.DECODE:
            lines.append("| `layout.decode` | object | required | The decode workers: the same keys. |")
            continue
        key, below = f"{prefix}{field.alias or name}", models_in(field.annotation)
        text = prose(descriptions(model).get(name)) or prose(inspect.getdoc(below[0]) if below else "")
        lines.append(f"| `{key}` | {kind(field.annotation)} | {default(field)} | {text} |")
        lines += [row for inner in below for row in rows(inner, f"{key}.")]
    return list(dict.fromkeys(lines))


def engine_flags() -> str:
    """Return which key sets each flag of each engine, in the versions of the default release."""
    tables = (_flags_of(engine(backend, release_of().engines[backend.value])) for backend in Backend)
    return "\n".join([f"## The engines' flags\n\n{FLAGS_INTRO}\n", *tables])


def _flags_of(of: Engine) -> str:
    table = of.flags
    names: dict[str, list[str]] = {}
    for flag in table.flags:
        if flag.owner not in (PASSES, UNCHECKED):
            names.setdefault(flag.owner, []).append(f"`{flag.names[0]}`")
    lines = [f"### {of.release}", "| flags | set instead |\n|---|---|"]
    for owner, flags in names.items():
        instead = f"not: {table.reasons[owner].rule}" if owner in table.reasons else f"`layout.ROLE.{owner}`"
        lines[-1] += f"\n| {', '.join(flags)} | {prose(instead)} |"
    return "\n\n".join(lines) + "\n"


def page() -> str:
    """Return the whole reference: a section for each top-level key, and the engines' flags."""
    parts = [INTRO]
    for name, field in Settings.model_fields.items():
        key, below = field.alias or name, models_in(field.annotation)
        meaning = prose(descriptions(Settings).get(name)) or " ".join(prose(inspect.getdoc(model)) for model in below)
        parts.append("\n\n".join(filter(None, [f"## `{key}`", meaning])) + "\n")
        if below:
            head = "| key | type | default | what it is |\n|---|---|---|---|"
            table = list(dict.fromkeys(row for model in below for row in rows(model, f"{key}.")))
            parts.append("\n".join([head, *table]) + "\n")
        else:
            parts.append(f"{kind(field.annotation).capitalize()}{', required' if field.is_required() else ''}.\n")
    return "\n".join([*parts, engine_flags()])


def pages() -> dict[Path, str]:
    """Return the page."""
    return {PAGE: page()}
