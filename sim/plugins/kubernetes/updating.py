"""Updating an object: server-side apply, as pulumi-kubernetes does it."""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterable
from typing import Final

from sim.plugins import values
from sim.plugins.kubernetes import annotations, awaiting, checkpoint
from sim.plugins.kubernetes.api import APPLY, DRY_RUN, JSON_PATCH, Api, ApiError, NoKindError, Object, UnreachableError
from sim.plugins.kubernetes.objects import CREATOR, Written, can_preview, field_manager
from sim.plugins.kubernetes.waiting import End, Operation, full_name, named
from sim.plugins.server import CancelledError, PartialFailureError, PluginError

# Field managers whose fields the first update takes over, by prefix: a person's kubectl, and this plugin's create.
TAKEN_OVER: Final = (
    ("kubectl", "Apply"),
    ("kubectl", "Update"),
    ("before-first-apply", "Update"),
    ("pulumi-kubernetes", "Update"),
    ("pulumi-resource-kubernetes", "Update"),
)


def update(operation: Operation, given: values.Properties, olds: values.Properties, *, preview: bool) -> Written | None:
    """Apply new inputs and wait; None when a preview cannot tell more than the inputs.

    Raises:
        PartialFailureError: They were applied, and the object is not ready.
        PluginError: They were not.
    """
    inputs = checkpoint.normalize(checkpoint.to_kubernetes(given))
    if preview and not can_preview(operation.api, inputs):
        return None
    old_inputs, old_live = checkpoint.parse(olds)
    initial = str(olds.get(checkpoint.INITIAL_VERSION) or old_inputs.get("apiVersion", ""))
    manager = field_manager(inputs, olds)
    state = lambda obj: checkpoint.checkpoint(inputs, obj, given, initial, manager)  # noqa: E731
    try:
        live = _apply(operation, inputs, old_live, manager, preview=preview)
        if not preview:
            live = awaiting.until_ready(operation, inputs, live, is_update=True)
    except (ApiError, NoKindError, UnreachableError) as error:
        if preview and isinstance(error, ApiError) and error.reason == "Forbidden":
            return None
        raise _update_failed(operation, error, old_live, state) from error
    except awaiting.NotReadyError as error:
        if error.cancelled:
            # The real provider reads the object once more here, and its client is cancelled with the rest.
            raise CancelledError(
                f'update of resource "{operation.urn}" failed: {error}\n'
                f"unable to get cluster state: client rate limiter Wait returned an error: {End.CANCELLED.value}"
            ) from error
        raise _not_live(error.live, str(error), state(error.live), error.reasons) from error
    return Written(full_name(live), state(live))


def _update_failed(
    operation: Operation, error: Exception, old_live: Object, state: Callable[[Object], values.Properties]
) -> PluginError:
    """An update that the server refused: with the object's state if it can be read."""
    if isinstance(error, NoKindError):
        return PluginError(
            f'update of resource "{operation.urn}" failed because the Kubernetes API server reported that the '
            f"apiVersion for this resource does not exist. Verify that any required CRDs have been created: {error}"
        )
    try:
        live = operation.api.get(*named(old_live))
    except (ApiError, NoKindError, UnreachableError) as unread:
        return PluginError(
            f'update of resource "{operation.urn}" failed: {error}\nunable to get cluster state: {unread}'
        )
    return _not_live(live, str(error), state(live), ())


def _not_live(live: Object, why: str, state: values.Properties, reasons: Iterable[str]) -> PartialFailureError:
    name = full_name(live)
    message = f'the Kubernetes API server reported that "{name}" failed to fully initialize or become live: {why}'
    return PartialFailureError(message, id_=name, state=state, reasons=reasons)


def _apply(operation: Operation, inputs: Object, old_live: Object, manager: str, *, preview: bool) -> Object:
    """Server-side apply under the object's own field manager; a CRD is replaced as a whole."""
    api = operation.api
    path = api.path(*named(old_live))
    live = api.call("GET", path)
    dry_run = DRY_RUN if preview else {}
    if inputs.get("kind") == "CustomResourceDefinition":
        body = copy.deepcopy(inputs)
        body["metadata"]["resourceVersion"] = live["metadata"]["resourceVersion"]
        return api.call("PUT", path, query={"fieldManager": manager, **dry_run}, body=body)
    if not preview:
        _take_over(api, path, live, manager)
    force = annotations.is_true(inputs, "patchForce") or (preview and _is_creators(live))
    query = {"fieldManager": manager, "force": str(force).lower(), **dry_run}
    try:
        return api.call("PATCH", path, query=query, body=inputs, content=APPLY)
    except ApiError as error:
        if error.reason == "Conflict":
            text = f'the resource of field manager "{manager}" had an apply conflict: {error}'
            raise ApiError({"message": f"server-side apply field conflict detected; {text}"}, error.code) from error
        raise


def _is_creators(live: Object) -> bool:
    fields = live["metadata"].get("managedFields") or []
    return any(f["manager"] in (CREATOR, "pulumi-resource-kubernetes") and f["operation"] == "Update" for f in fields)


def _take_over(api: Api, path: str, live: Object, manager: str) -> None:
    """Make the fields of the create, and of a person's kubectl, those of the applying manager: no conflict is left."""
    fields = live["metadata"].get("managedFields") or []
    taken = [
        f
        for f in fields
        if not f.get("subresource")
        and any(f["manager"].startswith(name) and f["operation"] == op for name, op in TAKEN_OVER)
    ]
    if not taken:
        return
    own = [f for f in fields if f["manager"] == manager and f["operation"] == "Apply" and not f.get("subresource")]
    merged: Object = {}
    for entry in (*own, *taken):
        _merge(merged, entry.get("fieldsV1") or {})
    entry = {**(own or taken)[0], "manager": manager, "operation": "Apply", "fieldsV1": merged}
    rest = [f for f in fields if f not in taken and f not in own]
    patch = [
        {"op": "replace", "path": "/metadata/managedFields", "value": [*rest, entry]},
        {"op": "replace", "path": "/metadata/resourceVersion", "value": live["metadata"]["resourceVersion"]},
    ]
    api.call("PATCH", path, body=patch, content=JSON_PATCH)


def _merge(into: Object, other: Object) -> None:
    for key, value in other.items():
        _merge(into.setdefault(key, {}), value)
