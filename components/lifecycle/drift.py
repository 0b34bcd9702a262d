"""What has become of the graph since the last `up`, told by an `up` that would change nothing about it.

The engine compares the program with its state, and looks at the cluster only with `--refresh`. A field that somebody
else has written is taken back when the graph is next written (``lifecycle.ownership``), unless the config leaves it to
them (``layout.ROLE.replicas.managedBy``).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final, cast

import pulumi

from components.lifecycle.left_fields import OURS, read_graph
from components.lifecycle.own_cluster import connect_from_config, unless_unreachable
from components.lifecycle.state import read_stack_outputs
from wideep.plan import Plan
from wideep.resource_names import GRAPH
from wideep.text import some_of
from wideep_cluster.dynamo.graph_parts import named_path, named_spec
from wideep_cluster.dynamo.operator import OperatorStatus
from wideep_cluster.manifests import Json, part, parts

__all__ = ["describe_drift", "describe_left_fields", "warn_on_drift"]

OPERATORS: Final = "manager"
"""The field manager of an operator, by the name of its program."""
REPLICAS: Final = ".replicas"
SHOWN: Final = 3


def warn_on_drift(plan: Plan) -> None:
    """Warn if the live graph differs from the last-applied spec, or its operator is down; say what is left to others.
    Skipped in previews, and if the cluster cannot be asked."""
    known = None if pulumi.runtime.is_dry_run() else (read_stack_outputs() or {}).get(GRAPH.name)
    if known is None or known.get("apiVersion", plan.graph.api_version) != plan.graph.api_version:
        return  # one of another version of the API is replaced whole
    with unless_unreachable("drift of the graph"):
        place = connect_from_config(plan.namespace)
        live = read_graph(place, plan.graph)
        for words in describe_drift(plan.name, known, live, place.operator(), plan.left_fields):
            pulumi.log.warn(words)
        for words in describe_left_fields(plan.name, live, plan.left_fields):
            pulumi.log.info(words)


def describe_drift(
    name: str,
    known: Mapping[str, Any],
    live: Json | None,
    operator: OperatorStatus,
    left: Mapping[str, str] | None = None,
) -> Iterator[str]:
    """``known`` is the graph as the state has it, ``live`` as the cluster has it; None: it has none. ``left``: the
    fields that somebody else decides."""
    if live is None:
        yield f"graph {name} is in the state but not on the cluster. Run `pulumi up --refresh` to recreate it"
        return
    by = sorted({one for one, _ in _writers(live)})
    ours, theirs = (named_spec(part(dict(one), "spec")) for one in (known, live))
    places = list(_differing(ours, theirs, ("spec",))) if by else []
    free = {named_path(path, part(live, "spec")) for path in left or {}}
    places = [place for place in places if ".".join(place) not in free]
    if places:
        yield _changed(name, places, live)
    if operator.ready is False:
        yield f"{operator.message}; changes to graph {name} take effect when it runs"


def describe_left_fields(name: str, live: Json | None, left: Mapping[str, str]) -> Iterator[str]:
    """What stays as somebody else has made it."""
    spec = part(live, "spec") if live else {}
    for path, who in ((named_path(path, spec), who) for path, who in left.items() if live):
        value: object = {"spec": named_spec(spec)}
        for key in path.split("."):
            value = _at(value, key)
        yield f"graph {name}: {path.removeprefix('spec.')} is managed by {who} and stays {value}"


def _at(value: object, key: str) -> object:
    return cast("Json", value).get(key) if isinstance(value, dict) else None


def _changed(name: str, places: Sequence[tuple[str, ...]], live: Json) -> str:
    """Who has changed what, what becomes of it, and how it is left to them; no values, which may be secrets."""
    by_writer: dict[str, list[str]] = {}
    for place in places:
        by_writer.setdefault(_writer_of(place, live), []).append(".".join(place[1:]))
    who = "; ".join(f"{writer} has changed {some_of(paths, SHOWN)}" for writer, paths in sorted(by_writer.items()))
    lines = [
        f"graph {name}: {who} since this stack last applied it; the next update of the graph reverts "
        "that. Run `pulumi up --refresh` to revert it now"
    ]
    for writer, paths in sorted(by_writer.items()):
        for path in (path for path in paths if path.endswith(REPLICAS)):
            role = path.split(".")[1]
            if role in ("prefill", "decode"):
                lines.append(f"to keep their value: layout.{role}.replicas: {{managedBy: {writer}}}")
    return "\n  ".join(lines)


def _writers(live: Json) -> Iterator[tuple[str, Json]]:
    """Who else than this program and the operator has written into the spec, with the fields that are theirs."""
    for entry in parts(part(live, "metadata"), "managedFields"):
        manager: str = entry.get("manager", "")
        fields = part(entry, "fieldsV1")
        if "f:spec" in fields and manager != OPERATORS and not manager.startswith(OURS):
            yield manager, fields


def _writer_of(place: Sequence[str], live: Json) -> str:
    """The manager that has the field; where none has just that one (it is gone, or within a list), all there are."""
    writers = list(_writers(live))
    for manager, fields in writers:
        at: Json | None = fields
        for key in place:
            at = _owned(at, key) if at is not None else None
        if at is not None:
            return manager
    return ", ".join(sorted({manager for manager, _ in writers}))


def _owned(fields: Json, key: str) -> Json | None:
    """What lies below a field, or below the item of a list that has this name."""
    return fields.get(f"f:{key}", fields.get(f'k:{{"name":"{key}"}}'))


def _differing(known: object, live: object, path: tuple[str, ...]) -> Iterator[tuple[str, ...]]:
    """The places at which the two differ."""
    if isinstance(known, dict) and isinstance(live, dict):
        ours, theirs = cast("Json", known), cast("Json", live)
        for key in sorted({*ours, *theirs}):
            yield from _differing(ours.get(key), theirs.get(key), (*path, key))
    elif known != live:
        yield path
