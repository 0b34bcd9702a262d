"""The stack's resources that the cluster already has, and how Pulumi takes each of them over."""

from __future__ import annotations

import shlex
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Final

from wideep.resource_names import (
    CLAIM_TYPE,
    DOWNLOAD_JOB,
    DYNAMIC,
    GRAPH,
    PLATFORM_RELEASE,
    POLICY_TYPE,
    RELEASE_TYPE,
    dynamic_type,
)
from wideep.settings import Settings
from wideep_cli.adopt.keys import NO_DOWNLOAD, NO_POLICIES, USED, graph_keys, version_keys
from wideep_cli.adopt.live import KINDS, Json, find_object, find_release
from wideep_cli.adopt.preview import Wanted
from wideep_cli.adopt.state import lacking_notes, object_entry, release_entry, wait_entry
from wideep_cluster import Cluster
from wideep_cluster.kinds import CLAIMS, SECRETS

__all__ = ["Adoption", "adoption"]

WAITS: Final = tuple(map(dynamic_type, DYNAMIC))
NO_IMPORT: Final = {
    "docker-build:": "an image is built, or taken from the builder's cache",
    "random:": "its value is drawn anew",
    "pulumi:providers:": "it is this program's own",
}
"""Types (by prefix) that are left for ``pulumi up`` to create, and why."""


@dataclass
class Adoption:
    """What ``wideep adopt`` found: ``resources`` are entries of an import file, components first; ``left`` names what
    is still to be created.

    ``keys`` are commands that make the stack use what exists instead of creating its own. ``notes`` are commands that
    write the stack's own annotations on objects that it has taken over.
    """

    resources: list[Json] = field(default_factory=list[Json])
    ids: list[str] = field(default_factory=list[str])
    keys: list[str] = field(default_factory=list[str])
    notes: list[str] = field(default_factory=list[str])
    left: list[str] = field(default_factory=list[str])


def adoption(settings: Settings, wanted: Sequence[Wanted], cluster: Cluster) -> Adoption:
    """Return which of the wanted resources the cluster has, and how to take them over.

    Raises:
        ClusterError: the cluster does not answer, or the user may not read one of the objects.
    """
    found, missing = Adoption(), list[Wanted]()
    graph = next((_find(cluster, each) for each in wanted if each.name == GRAPH.name), None)
    for each in sorted(wanted, key=lambda one: (not one.component, one.name)):
        if each.component:
            found.resources.append(each.entry)
        elif graph and each.type in WAITS:
            found.resources.append(wait_entry(each, graph))
        elif (live := _find(cluster, each)) is None:
            missing.append(each)
        elif each.name in USED:
            found.keys += [command.format(name=each.inputs["metadata"]["name"]) for command in USED[each.name]]
        else:
            found.keys += version_keys(settings, live) if each.name == PLATFORM_RELEASE.name else ()
            _take(found, each, live)
    found.keys += _graph_keys(settings, graph, missing)
    found.left += [f"{each.name}: {_why(each)}" for each in missing]
    return found


def _find(cluster: Cluster, wanted: Wanted) -> Json | None:
    """Return the object of a resource, empty if its content is not read; None if the cluster does not have it."""
    if wanted.name in USED:
        kind, metadata = CLAIMS if wanted.type == CLAIM_TYPE else SECRETS, wanted.inputs["metadata"]
        return {} if cluster.find(kind, metadata["name"], metadata["namespace"]) else None
    if wanted.type == RELEASE_TYPE:
        return find_release(cluster, wanted.inputs["name"], wanted.inputs["namespace"])
    return find_object(cluster, KINDS[wanted.type], wanted.inputs) if wanted.type in KINDS else None


def _take(found: Adoption, wanted: Wanted, live: Json) -> None:
    entry = release_entry(wanted, live) if wanted.type == RELEASE_TYPE else object_entry(wanted, live)
    found.resources.append(entry)
    found.ids.append(f"{wanted.type.rpartition(':')[2]} {entry['id']}")
    if wanted.type != RELEASE_TYPE and (notes := lacking_notes(wanted, live)):
        namespace: str = live["metadata"].get("namespace", "")
        where = f" -n {namespace}" if namespace else ""
        pairs = " ".join(shlex.quote(f"{key}={value}") for key, value in notes.items())
        kind = KINDS[wanted.type].resource
        found.notes.append(f"kubectl annotate --overwrite{where} {kind} {live['metadata']['name']} {pairs}")


def _graph_keys(settings: Settings, graph: Json | None, missing: Sequence[Wanted]) -> Iterator[str]:
    """Yield the commands that keep the stack from building, downloading or isolating anything for a running graph."""
    if graph is None:
        return
    yield from graph_keys(settings, graph)
    if any(each.name == DOWNLOAD_JOB.name for each in missing):
        yield NO_DOWNLOAD
    if any(each.type == POLICY_TYPE for each in missing):
        yield NO_POLICIES


def _why(wanted: Wanted) -> str:
    return next((why for start, why in NO_IMPORT.items() if wanted.type.startswith(start)), "it is not on the cluster")
