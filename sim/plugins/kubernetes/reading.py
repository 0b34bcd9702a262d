"""Reading objects back from the cluster, and telling what changed."""

from __future__ import annotations

import copy
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from pulumi.runtime.proto import provider_pb2

from sim.plugins import values
from sim.plugins.kubernetes import annotations, awaiting, checkpoint
from sim.plugins.kubernetes.api import Api, ApiError, NoKindError, Object, UnreachableError
from sim.plugins.kubernetes.diff import DetailedDiff, Sides, merge_patch
from sim.plugins.kubernetes.objects import field_manager
from sim.plugins.kubernetes.replace import force_new
from sim.plugins.kubernetes.waiting import Operation, full_name, named
from sim.plugins.server import Engine, Level, PartialFailureError

# What an import does not take over as inputs: the server's own fields, and what kubectl and controllers noted.
NOT_INPUTS: Final = ("deployment.kubernetes.io/revision", "kubectl.kubernetes.io/last-applied-configuration")

Diff = provider_pb2.DiffResponse


@dataclass(frozen=True)
class Read:
    """An object as it is in the cluster."""

    id: str
    state: values.Properties
    inputs: values.Properties


def read(
    operation: Operation, id_: str, type_: str, inputs: values.Properties, state: values.Properties
) -> Read | None:
    """The live object; None when it is gone. Without inputs it is an import, or a `.get`.

    Raises:
        PartialFailureError: It is there, and not ready.
    """
    namespace, _, name = id_.rpartition("/")
    known = checkpoint.normalize(checkpoint.to_kubernetes(inputs))
    imported = not known.get("kind")
    if imported:
        api_version, kind = api_kind(type_)
        metadata = {"name": name, **({"namespace": namespace} if namespace else {})}
        known = {"apiVersion": api_version, "kind": kind, "metadata": metadata}
    try:
        live = operation.api.get(known["apiVersion"], known["kind"], namespace or None, name)
        late = None if imported else _not_ready(operation, known, live)
    except NoKindError:
        return None
    except ApiError as error:
        if error.code == 404:
            return None
        raise
    kept = _imported_inputs(live, known) if imported else checkpoint.prune(live, known)
    initial = str(state.get(checkpoint.INITIAL_VERSION) or known["apiVersion"])
    found = checkpoint.checkpoint(kept, live, inputs, initial, field_manager(known, state))
    if late:
        raise PartialFailureError(
            str(late), id_=id_ or full_name(live), state=found, inputs=found[checkpoint.INPUTS], reasons=late.reasons
        )
    return Read(id_ or full_name(live), found, found[checkpoint.INPUTS])


def _not_ready(operation: Operation, inputs: Object, live: Object) -> awaiting.NotReadyError | None:
    try:
        awaiting.check_once(operation, inputs, live)
    except awaiting.NotReadyError as error:
        return error
    return None


def api_kind(type_: str) -> tuple[str, str]:
    """apiVersion and kind of a resource type: `kubernetes:core/v1:Pod` is v1 Pod."""
    _, version, kind = type_.split(":")
    return version.removeprefix("core/"), kind


def _imported_inputs(live: Object, known: Object) -> Object:
    """An imported object's inputs: everything but its status; of a custom resource, whose schema the real plugin
    does not have either, just what names it."""
    if not checkpoint.is_built_in(live):
        return checkpoint.prune(live, known)
    inputs = copy.deepcopy({key: value for key, value in live.items() if key != "status"})
    for key in checkpoint.READ_ONLY:
        inputs["metadata"].pop(key, None)
    for key in NOT_INPUTS:
        inputs["metadata"].get("annotations", {}).pop(key, None)
    return inputs


@dataclass(frozen=True)
class Comparison:
    """What a diff needs beside the two sides: `ignored` paths, kinds whose data is `mutable`, the cluster if any."""

    urn: str
    api: Api | None
    engine: Engine
    ignored: Sequence[str] = ()
    mutable: frozenset[str] = frozenset()


def diff(how: Comparison, olds: values.Properties, news: values.Properties) -> Diff:
    """What changes between the state and the new inputs, and whether that needs a new object.

    Compared are the new inputs with the live object of the state, as far as the old inputs shaped it.
    """
    old_inputs, old_live = checkpoint.parse(olds)
    old_inputs, inputs = checkpoint.normalize(old_inputs), checkpoint.normalize(checkpoint.to_kubernetes(news))
    before = checkpoint.prune(old_live, old_inputs)
    before.setdefault("apiVersion", inputs.get("apiVersion"))
    before.setdefault("kind", inputs.get("kind"))
    before["metadata"] = {**before.get("metadata", {}), "name": old_live["metadata"]["name"]}
    for side in (before, inputs):
        side["metadata"] = _with_namespace(side.get("metadata") or {}, inputs, how.api)
    detail = DetailedDiff(force_new(inputs, how.mutable))
    detail.add((), Sides(merge_patch(before, inputs), before, inputs, before))
    for path in list(detail.fields):
        if any(path == other or path.startswith((f"{other}.", f"{other}[")) for other in how.ignored):
            del detail.fields[path]
    replaces = detail.replaces
    changed = bool(detail.fields)
    if annotations.is_true(inputs, "replaceUnready") and _replace_unready(how, inputs, old_live):
        changed, replaces = True, [*replaces, '.metadata.annotations["pulumi.com/replaceUnready"]']
    return Diff(
        changes=Diff.DIFF_SOME if changed else Diff.DIFF_NONE,
        replaces=replaces,
        deleteBeforeReplace=bool(replaces) and _same_place(inputs, old_live),
        detailedDiff=detail.fields,
        hasDetailedDiff=True,
    )


def _with_namespace(metadata: Object, inputs: Object, api: Api | None) -> Object:
    """Metadata with its namespace spelled out, or without one for a kind that has none."""
    rest = {key: value for key, value in metadata.items() if key != "namespace"}
    if not _is_namespaced(inputs, api):
        return rest
    return {**rest, "namespace": metadata.get("namespace") or "default"}


def _is_namespaced(inputs: Object, api: Api | None) -> bool:
    if checkpoint.is_built_in(inputs):
        return inputs.get("kind") not in checkpoint.CLUSTER_SCOPED
    try:
        return api is None or api.mapping(inputs.get("apiVersion", ""), inputs.get("kind", "")).namespaced
    except (NoKindError, ApiError, UnreachableError):
        return True  # a custom resource whose definition is still to come: most have a namespace


def _same_place(inputs: Object, old_live: Object) -> bool:
    """Whether the new object would have the old one's name, so that both cannot be there at once."""
    new, old = inputs["metadata"], old_live["metadata"]
    fixed = new.get("name") not in (None, "", values.UNKNOWN) and not annotations.is_true(inputs, "autonamed")
    return fixed and new["name"] == old["name"] and new.get("namespace") == old.get("namespace")


def _replace_unready(how: Comparison, inputs: Object, old_live: Object) -> bool:
    """Whether a Job that asks for it is to be made anew because it is not done."""
    if how.api is None:
        how.engine.log(Level.WARNING, "Cluster is unreachable, skipping replaceUnready check", how.urn)
        return False
    if inputs.get("kind") != "Job":
        how.engine.log(Level.WARNING, "replaceUnready annotation is not supported for this resource", how.urn)
        return False
    try:
        live = how.api.get(*named(old_live))
    except (NoKindError, ApiError, UnreachableError):
        return False
    conditions = (live.get("status") or {}).get("conditions") or []
    return not any(c.get("type") == "Complete" and c.get("status") == "True" for c in conditions)
