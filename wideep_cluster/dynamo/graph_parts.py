"""The components of a graph on a cluster or in the state, independent of the API version that it is written in.

``v1alpha1`` has a map ``services``, ``v1beta1`` a list ``components`` with whole pod templates.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final, cast

from wideep_cluster.manifests import Json, part, parts

__all__ = ["LivePart", "graph_parts", "named_path", "named_spec", "part_names"]

INDEXED: Final = re.compile(r"components\[(\d+)\]")
MAIN: Final = "main"
"""The container of a pod template into which the operator merges its own."""


@dataclass(frozen=True)
class LivePart:
    """One component. ``role`` is ``frontend``, ``prefill`` or ``decode``, or another type that the graph gives it."""

    name: str
    role: str
    replicas: int
    nodes: int
    image: str
    args: tuple[str, ...]

    @property
    def pods(self) -> int:
        """The number of pods of all its workers."""
        return self.replicas * self.nodes


def graph_parts(spec: Mapping[str, Any]) -> tuple[LivePart, ...]:
    """Return the components of a graph's ``spec``. Missing fields have the CRD's defaults."""
    return tuple(_part(name, body) for name, body in _bodies(spec))


def part_names(spec: Mapping[str, Any]) -> frozenset[str]:
    """Return the names of the components."""
    return frozenset(name for name, _ in _bodies(spec))


def named_spec(spec: Mapping[str, Any]) -> Json:
    """Return the ``spec`` with the components of ``v1beta1`` keyed by name: a path in it then reads
    ``components.decode.replicas``, whatever the component's position in the list."""
    if not isinstance(spec.get("components"), list):
        return dict(spec)
    return {**spec, "components": dict(_bodies(spec))}


def named_path(path: str, spec: Mapping[str, Any]) -> str:
    """Return a path (``spec.components[2].replicas``) in the form that it has in ``named_spec`` of this ``spec``. The
    path of a component that is not in the spec is returned unchanged."""
    names = [name for name, _ in _bodies(spec)]
    found = INDEXED.search(path)
    if found is None or int(found[1]) >= len(names):
        return path
    return path.replace(found[0], f"components.{names[int(found[1])]}")


def _bodies(spec: Mapping[str, Any]) -> Iterator[tuple[str, Json]]:
    services, listed = spec.get("services"), spec.get("components")
    if isinstance(services, dict):
        yield from cast("dict[str, Json]", services).items()
    if isinstance(listed, list):
        yield from ((str(body.get("name", "")), body) for body in cast("list[Json]", listed))


def _part(name: str, body: Json) -> LivePart:
    container = _main(body)
    return LivePart(
        name=name,
        role=str(body.get("subComponentType") or body.get("componentType") or body.get("type") or ""),
        replicas=1 if body.get("replicas") is None else int(body["replicas"]),
        nodes=int(part(body, "multinode").get("nodeCount", 1)),
        image=str(container.get("image", "")),
        args=tuple(map(str, container.get("args") or ())),
    )


def _main(body: Json) -> Json:
    old = part(part(body, "extraPodSpec"), "mainContainer")
    containers = parts(part(part(body, "podTemplate"), "spec"), "containers")
    return next((each for each in containers if each.get("name") == MAIN), old)
