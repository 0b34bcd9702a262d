"""Worker counts of an existing graph that somebody else manages.

For a field of ``ignoreChanges``, the provider writes the value on the cluster, or omits it if another manager alone
owns it. It finds such fields only by keys, not within a list (the components of ``v1beta1``): there it would write the
count from the state, which takes the field back, and which admission refuses if a scaling adapter owns it. For lists,
this module does what the provider does elsewhere.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator, Mapping
from typing import Final, cast

from components.lifecycle.own_cluster import connect_from_config, unless_unreachable
from components.lifecycle.state import read_stack_outputs
from wideep.dynamo.api import GraphApi
from wideep.graph.base import Graph, Manifest
from wideep.resource_names import GRAPH
from wideep_cluster.dynamo.graph_parts import graph_parts
from wideep_cluster.kinds import Kind
from wideep_cluster.kube import KubeNamespace
from wideep_cluster.manifests import Json, part, parts
from wideep_cluster.objects import RawObject

__all__ = ["OURS", "leave", "read_graph"]

OURS: Final = "pulumi"
"""Prefix of the provider's field managers."""
STEP: Final = re.compile(r'\.?([A-Za-z]+)|\["([^"]+)"\]|\[(\*)\]')


def read_graph(place: KubeNamespace, graph: Graph) -> Json | None:
    """Return the graph as it is on the cluster; None if the graph or its kind does not exist."""
    api = GraphApi(graph.api_version.partition("/")[2])
    found = place.cluster.find(Kind(RawObject, api.path, api.plural), graph.metadata.name, place.name)
    return found and found.body


def leave(
    graph: Graph, manifest: Manifest, left: Collection[str], replaced_by: Iterable[str]
) -> tuple[Manifest, list[str]]:
    """Return the ``spec`` of a graph's manifest to write, and the paths that the engine is to ignore. If a change at
    one of the paths ``replaced_by`` replaces the graph, the new graph starts with the current worker counts."""
    spec = cast("Manifest", manifest["spec"])
    known = (read_stack_outputs() or {}).get(GRAPH.name)
    if not left or "components" not in spec or known is None or known.get("apiVersion") != graph.api_version:
        return spec, sorted(left)
    live: list[Json | None] = []
    with unless_unreachable("workers that somebody else scales"):
        live.append(read_graph(connect_from_config(graph.metadata.namespace or "default"), graph))
    if not live:
        return spec, sorted(left)
    if live[0] is None:
        return spec, []
    anew = any([*_values(known, path)] != [*_values(manifest, path)] for path in replaced_by)
    names = {each.name for each in graph.parts if f"{each.path}.replicas" in left}
    there = graph_parts(part(live[0], "spec"))
    numbers = {one.name: None if _is_theirs(live[0], one.name) and not anew else one.replicas for one in there}
    components = cast("list[Manifest]", spec["components"])
    return {**spec, "components": [_at(one, numbers) if one["name"] in names else one for one in components]}, []


def _at(component: Manifest, numbers: Mapping[str, int | None]) -> Manifest:
    """Return a component with that worker count; without ``replicas`` if the count is None."""
    number = numbers.get(str(component["name"]), component["replicas"])
    others = {key: value for key, value in component.items() if key != "replicas"}
    return others if number is None else {**component, "replicas": number}


def _is_theirs(live: Json, name: str) -> bool:
    """Tell whether other field managers, and not this program, own the replicas of a component."""
    writers = [
        entry.get("manager", "")
        for entry in parts(part(live, "metadata"), "managedFields")
        if "f:replicas" in _component_fields(part(entry, "fieldsV1"), name)
    ]
    return bool(writers) and not any(writer.startswith(OURS) for writer in writers)


def _component_fields(fields: Json, name: str) -> Json:
    return part(part(part(fields, "f:spec"), "f:components"), f'k:{{"name":"{name}"}}')


def _values(there: object, path: str) -> Iterator[object]:
    """Yield the values at a Pulumi property path: one for each item of a list where the path has ``[*]``."""
    found = STEP.match(path)
    if found is None:
        yield there
    elif found[3]:
        for item in cast("list[object]", there) if isinstance(there, list) else []:
            yield from _values(item, path[found.end() :])
    else:
        inner = cast("Json", there).get(found[1] or found[2]) if isinstance(there, dict) else None
        yield from _values(inner, path[found.end() :])
