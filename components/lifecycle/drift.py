"""Changes of the live graph since the last `up`, reported by an `up` even if it would not change the graph.

The engine compares the program with its state, and reads the cluster only with `--refresh`. A field that somebody else
has written is reverted when the graph is next written (``lifecycle.ownership``), unless the config leaves it to them
(``layout.ROLE.replicas.managedBy``).
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
"""The field manager of an operator: the name of its binary."""
REPLICAS: Final = ".replicas"
SHOWN: Final = 3


def warn_on_drift(plan: Plan) -> None:
    """Warn if the live graph differs from the last-applied spec, or if its operator is down; report the fields that are
    left to others. Previews skip this, and so does a run that cannot reach the cluster."""
    known = None if pulumi.runtime.is_dry_run() else (read_stack_outputs() or {}).get(GRAPH.name)
    if known is None or known.get("apiVersion", plan.graph.api_version) != plan.graph.api_version:
        return  # a graph of another API version is replaced as a whole
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
    """Yield messages about the difference between ``known``, the graph in the state, and ``live``, the graph on the
    cluster (None: it does not exist). ``left`` maps the paths of the fields that somebody else manages to the
    manager."""
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
    """Yield a message for each field that keeps the value somebody else has set."""
    spec = part(live, "spec") if live else {}
    for path, who in ((named_path(path, spec), who) for path, who in left.items() if live):
        value: object = {"spec": named_spec(spec)}
        for key in path.split("."):
            value = _at(value, key)
        yield f"graph {name}: {path.removeprefix('spec.')} is managed by {who} and stays {value}"


def _at(value: object, key: str) -> object:
    return cast("Json", value).get(key) if isinstance(value, dict) else None


def _changed(name: str, places: Sequence[tuple[str, ...]], live: Json) -> str:
    """Return a message that says who has changed which fields, that the next update reverts them, and how to keep them.
    It contains no values, because they may be secrets."""
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
    """Yield the field managers other than this program and the operator that have written to the spec, each with the
    fields it owns."""
    for entry in parts(part(live, "metadata"), "managedFields"):
        manager: str = entry.get("manager", "")
        fields = part(entry, "fieldsV1")
        if "f:spec" in fields and manager != OPERATORS and not manager.startswith(OURS):
            yield manager, fields


def _writer_of(place: Sequence[str], live: Json) -> str:
    """Return the manager that owns the field. If no manager owns exactly that field (it was removed, or is inside a
    list), return all of them."""
    writers = list(_writers(live))
    for manager, fields in writers:
        at: Json | None = fields
        for key in place:
            at = _owned(at, key) if at is not None else None
        if at is not None:
            return manager
    return ", ".join(sorted({manager for manager, _ in writers}))


def _owned(fields: Json, key: str) -> Json | None:
    """Return the fields below a field, or below the list item of this name."""
    return fields.get(f"f:{key}", fields.get(f'k:{{"name":"{key}"}}'))


def _differing(known: object, live: object, path: tuple[str, ...]) -> Iterator[tuple[str, ...]]:
    """Yield the paths at which the two values differ."""
    if isinstance(known, dict) and isinstance(live, dict):
        ours, theirs = cast("Json", known), cast("Json", live)
        for key in sorted({*ours, *theirs}):
            yield from _differing(ours.get(key), theirs.get(key), (*path, key))
    elif known != live:
        yield path
