"""What has become of the graph since the last `up`, told by an `up` that would change nothing about it.

The engine compares the program with its state, and looks at the cluster only with `--refresh`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final, cast

import pulumi

from components.kube import Operator
from components.leftovers import GRAPH, found
from components.objects import Json, part, parts
from components.own_cluster import own_cluster
from components.state import known_outputs
from wideep.plan import Plan

__all__ = ["tell_of_changes", "words_of"]

OPERATORS: Final = "manager"
"""The field manager of an operator, by the name of its program."""
SHOWN: Final = 3


def tell_of_changes(plan: Plan) -> None:
    """Warns where the graph is not as this stack last wrote it, or nobody looks after it. Nothing in a preview, and no
    word where the cluster cannot be asked."""
    known = None if pulumi.runtime.is_dry_run() else (known_outputs() or {}).get(GRAPH)
    if known is None:
        return
    from kubernetes.client import ApiException, CustomObjectsApi
    from kubernetes.config import ConfigException
    from urllib3.exceptions import HTTPError

    try:
        place = own_cluster(plan.namespace)
        where = ("nvidia.com", "v1alpha1", place.name, "dynamographdeployments", plan.name)
        live = found(lambda: CustomObjectsApi(place.api).get_namespaced_custom_object(*where))
        for words in words_of(plan.name, known, cast("Json | None", live), place.operator()):
            pulumi.log.warn(words)
    except (ApiException, ConfigException, HTTPError, OSError) as error:
        pulumi.log.debug(f"whether the graph has changed was not to be told: {type(error).__name__}")


def words_of(name: str, known: Mapping[str, Any], live: Json | None, operator: Operator) -> Iterator[str]:
    """``known`` is the graph as the state has it, ``live`` as the cluster has it; None: it has none."""
    if live is None:
        yield f"graph {name} is in the state, and not on the cluster: `pulumi up --refresh` makes it again"
        return
    by = sorted({one for one in _writers(live) if one != OPERATORS})
    places = list(_differing(known.get("spec"), live.get("spec"), ())) if by else []
    if places:
        shown = ", ".join(places[:SHOWN]) + (f" and {len(places) - SHOWN} more" if len(places) > SHOWN else "")
        who = ", ".join(by)
        yield f"graph {name}: {who} has changed {shown} since this stack wrote it; `pulumi up --refresh` puts it right"
    if operator.works is False:
        yield f"{operator.words}; what changes in graph {name} happens when it runs"


def _writers(live: Json) -> Iterator[str]:
    """Who else than this program has written into the spec."""
    for entry in parts(part(live, "metadata"), "managedFields"):
        manager: str = entry.get("manager", "")
        if "f:spec" in part(entry, "fieldsV1") and not manager.startswith("pulumi"):
            yield manager


def _differing(known: object, live: object, path: tuple[str, ...]) -> Iterator[str]:
    """The places at which the two differ; no values, which may be secrets."""
    if isinstance(known, dict) and isinstance(live, dict):
        ours, theirs = cast("Json", known), cast("Json", live)
        for key in sorted({*ours, *theirs}):
            yield from _differing(ours.get(key), theirs.get(key), (*path, key))
    elif known != live:
        yield ".".join(path)
