"""Containers in YAML documents: manifests of Kubernetes and Dynamo, and docker compose files."""

from __future__ import annotations

import shlex
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Final, cast

from wideep.settings.layout import Role

__all__ = ["Container", "containers_of"]

_COMMAND: Final = ("entrypoint", "command", "args")
"""Fields that together form one command, in this order; compose has the first two, Kubernetes the last two."""
_ENV: Final = ("env", "envs", "environment")
_NAMES: Final = ("subComponentType", "componentType", "type", "name")
"""Fields of a manifest whose value may tell the role, the most reliable first."""


@dataclass(frozen=True)
class Container:
    """What a container starts."""

    words: tuple[str, ...]
    """The container's image, command and arguments."""
    env: dict[str, str]
    role: Role | None
    """The role according to the names around the container; None if they do not tell it."""


def containers_of(documents: Iterable[object]) -> Iterator[Container]:
    """Yield every container that specifies what it starts."""
    for document in documents:
        if not isinstance(document, str):  # a list may be a ``command:`` by itself
            yield Container(tuple(_words(document)), {}, None)
        yield from _below(document, {}, None, set())


def _below(node: object, env: Mapping[str, str], role: Role | None, seen: set[int]) -> Iterator[Container]:
    """Yield the containers within a node, with the environment and the role inherited from the nodes above."""
    here = id(node)
    if here in seen or not isinstance(node, Mapping | list):
        return
    seen.add(here)
    if isinstance(node, list):
        for each in cast("list[object]", node):
            yield from _below(each, env, role, seen)
        return
    found = cast("Mapping[object, object]", node)
    env = {**env, **{name: value for key in _ENV for name, value in _variables(found.get(key))}}
    metadata = found.get("metadata")
    names = [found.get(key) for key in _NAMES]
    names += [cast("Mapping[object, object]", metadata).get("name")] if isinstance(metadata, Mapping) else []
    role = next((said for name in names if (said := _role(name))), role)
    words = [word for key in _COMMAND for word in _words(found.get(key))]
    if words:
        image = found.get("image")
        yield Container((*([image] if isinstance(image, str) else []), *words), dict(env), role)
    for key, value in found.items():
        if key not in _COMMAND:
            yield from _below(value, env, _role(key) or role, seen)


def _words(value: object) -> list[str]:
    if isinstance(value, str):
        try:
            return shlex.split(value)
        except ValueError:
            return [value]
    items = cast("list[object]", value) if isinstance(value, list) else []
    return [str(each) for each in items if isinstance(each, str | int | float)]


def _variables(value: object) -> Iterator[tuple[str, str]]:
    """Yield the variables of Kubernetes' ``[{name, value}]``, and compose's ``[NAME=VALUE]`` or ``{NAME: VALUE}``."""
    if isinstance(value, Mapping):
        for name, text in cast("Mapping[object, object]", value).items():
            if isinstance(text, str | int | float):
                yield str(name), str(text)
    for each in cast("list[object]", value) if isinstance(value, list) else []:
        if isinstance(each, str) and "=" in each:
            name, _, text = each.partition("=")
            yield name, text
        elif isinstance(each, Mapping):
            pair = cast("Mapping[object, object]", each)
            if isinstance(pair.get("value"), str):
                yield str(pair.get("name")), str(pair.get("value"))


def _role(name: object) -> Role | None:
    said = [role for role in Role if isinstance(name, str) and str(role) in name.lower()]
    return said[0] if len(said) == 1 else None
