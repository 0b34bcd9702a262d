"""Numbers of workers that somebody else decides, in a graph that stands.

Of a field of ``ignoreChanges`` the provider writes what the cluster has, or leaves it out where another manager alone
has it. It finds such a field by keys alone: in a list (the components of ``v1beta1``) it would write the number of the
state, which takes the field back, and which admission refuses where a scaling adapter has it. There the program does
what the provider does elsewhere.
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
"""How the provider's field managers begin."""
STEP: Final = re.compile(r'\.?([A-Za-z]+)|\["([^"]+)"\]|\[(\*)\]')


def read_graph(place: KubeNamespace, graph: Graph) -> Json | None:
    """Return the graph as the cluster has it; None if it, or its kind, does not exist."""
    api = GraphApi(graph.api_version.partition("/")[2])
    found = place.cluster.find(Kind(RawObject, api.path, api.plural), graph.metadata.name, place.name)
    return found and found.body


def leave(
    graph: Graph, manifest: Manifest, left: Collection[str], replaced_by: Iterable[str]
) -> tuple[Manifest, list[str]]:
    """Return the ``spec`` of a graph's manifest as it is to be written, and the paths that the engine is to ignore.
    A graph that a change of ``replaced_by`` replaces is made with as many workers as there are."""
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
    """A component with that many workers; without a number, where it is left out."""
    number = numbers.get(str(component["name"]), component["replicas"])
    others = {key: value for key, value in component.items() if key != "replicas"}
    return others if number is None else {**component, "replicas": number}


def _is_theirs(live: Json, name: str) -> bool:
    """Whether the number is written by somebody, and not by this program."""
    writers = [
        entry.get("manager", "")
        for entry in parts(part(live, "metadata"), "managedFields")
        if "f:replicas" in _component_fields(part(entry, "fieldsV1"), name)
    ]
    return bool(writers) and not any(writer.startswith(OURS) for writer in writers)


def _component_fields(fields: Json, name: str) -> Json:
    return part(part(part(fields, "f:spec"), "f:components"), f'k:{{"name":"{name}"}}')


def _values(there: object, path: str) -> Iterator[object]:
    """What stands at a property path of Pulumi, in each item of a list where it says ``[*]``."""
    found = STEP.match(path)
    if found is None:
        yield there
    elif found[3]:
        for item in cast("list[object]", there) if isinstance(there, list) else []:
            yield from _values(item, path[found.end() :])
    else:
        inner = cast("Json", there).get(found[1] or found[2]) if isinstance(there, dict) else None
        yield from _values(inner, path[found.end() :])
