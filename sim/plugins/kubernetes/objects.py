"""Any Kubernetes object as a Pulumi resource: check, create, delete.

Each function takes decoded properties and answers with plain values; `provider.py` speaks the protocol.
"""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from typing import Final

from sim.plugins import values
from sim.plugins.kubernetes import annotations, awaiting, checkpoint
from sim.plugins.kubernetes.api import (
    DRY_RUN,
    Api,
    ApiError,
    NoKindError,
    Object,
    UnreachableError,
)
from sim.plugins.kubernetes.waiting import EndedError, Operation, full_name, named, until_deleted
from sim.plugins.server import Level, PartialFailureError, PluginError

CREATOR: Final = "pulumi-kubernetes"  # the field manager of a create; an update applies under a name of its own
CREATE_RETRIES: Final = 5  # a create that finds no namespace or no CRD is tried again, after 1, 2, 4, 8, 16 s


@dataclass(frozen=True)
class Written:
    """A create or update that succeeded: the resource's id ("" in a preview) and its state."""

    id: str
    state: values.Properties


def check(news: values.Properties, olds: values.Properties, name: str, default_namespace: str | None) -> Object:
    """The inputs of an object, normalized, with a name if the program gave none."""
    inputs = checkpoint.normalize(checkpoint.to_kubernetes(news))
    metadata = inputs.setdefault("metadata", {})
    if metadata.get("generateName") and not metadata.get("name"):
        raise PluginError("the `.metadata.generateName` field is not supported in Server-Side Apply mode")
    if not metadata.get("name"):
        before = checkpoint.to_kubernetes(olds)
        if annotations.is_true(before, "autonamed"):
            metadata["name"] = before["metadata"]["name"]
        else:
            metadata["name"] = f"{name}-{secrets.token_hex(4)}"
        metadata.setdefault("annotations", {})[f"{annotations.PREFIX}autonamed"] = "true"
    if default_namespace and not metadata.get("namespace") and inputs.get("kind") not in checkpoint.CLUSTER_SCOPED:
        metadata["namespace"] = default_namespace
    return inputs


def can_preview(api: Api | None, inputs: Object) -> bool:
    """Whether the server can be asked, with a dry run, what would come of these inputs."""
    if api is None or values.has_unknown(inputs):
        return False
    try:
        api.mapping(inputs.get("apiVersion", ""), inputs.get("kind", ""))
    except (NoKindError, ApiError, UnreachableError):
        return False
    return True


def create(operation: Operation, given: values.Properties, *, preview: bool) -> Written | None:
    """Create an object and wait for it; None when a preview cannot tell more than the inputs.

    Raises:
        PartialFailureError: It was created, and is not ready.
        PluginError: It was not created.
    """
    inputs = checkpoint.to_kubernetes(given)
    if preview and not can_preview(operation.api, inputs):
        return None
    manager = field_manager(inputs, None)
    try:
        live = _post(operation, inputs, preview=preview)
    except ApiError as error:
        if preview and (_no_namespace(error) or error.reason in ("Forbidden", "AlreadyExists")):
            return None
        raise PluginError(_not_created(operation.urn, error)) from error
    except NoKindError as error:
        raise PluginError(
            f'creation of resource "{operation.urn}" failed because the Kubernetes API server reported that the '
            f"apiVersion for this resource does not exist. Verify that any required CRDs have been created: {error}"
        ) from error
    except UnreachableError as error:
        raise PluginError(_not_created(operation.urn, error)) from error
    state = lambda obj: checkpoint.checkpoint(inputs, obj, given, inputs["apiVersion"], manager)  # noqa: E731
    if preview:
        live.pop("status", None)
        return Written("", state(live))
    try:
        live = awaiting.until_ready(operation, inputs, live)
    except awaiting.NotReadyError as error:
        message = (
            f'resource "{operation.urn}" was successfully created, but the Kubernetes API server reported that it '
            f"failed to fully initialize or become live: {error}"
        )
        raise PartialFailureError(
            message, id_=full_name(error.live), state=state(error.live), reasons=error.reasons
        ) from error
    return Written(full_name(live), state(live))


def _not_created(urn: str, error: Exception) -> str:
    text = f'resource "{urn}" was not successfully created by the Kubernetes API server: {error}'
    if isinstance(error, ApiError) and error.reason == "AlreadyExists":
        text += "\n\nAn object of this name is in the cluster already: import it, give this one another name, or (a "
        text += "renamed resource) say its old name as an alias."
    return text


def _no_namespace(error: ApiError) -> bool:
    return error.code == 404 and error.details.get("kind") == "namespaces"


def _post(operation: Operation, inputs: Object, *, preview: bool) -> Object:
    """Create the object, or ask what a create would give; what may still come, is waited for a little."""
    api_version, kind, namespace, _ = named(inputs)
    query = {"fieldManager": CREATOR, **(DRY_RUN if preview else {})}
    for attempt in range(CREATE_RETRIES + 1):
        try:
            return operation.api.call(
                "POST", operation.api.path(api_version, kind, namespace), query=query, body=inputs
            )
        except (ApiError, NoKindError) as error:
            final = isinstance(error, ApiError) and error.code != 404
            if final or attempt == CREATE_RETRIES or (preview and isinstance(error, ApiError)):
                raise
            operation.engine.status(operation.urn, f"Retry #{attempt}; creation failed: {error}")
            if operation.cancelled.wait(2**attempt):
                raise
    raise AssertionError("the last attempt returns or raises")


def field_manager(inputs: Object, state: values.Properties | None) -> str:
    """The field manager of an object: what it says itself, what the state says, or a new name."""
    if said := annotations.annotation(inputs, "patchFieldManager"):
        return said
    if state and checkpoint.MANAGER in state:
        return str(state[checkpoint.MANAGER])
    return f"{CREATOR}-{secrets.token_hex(4)}"


def delete(operation: Operation, id_: str, state: values.Properties) -> None:
    """Delete an object and wait until it is gone.

    Raises:
        PartialFailureError: It was told to go, and is still there.
    """
    inputs, live = checkpoint.parse(state)
    api = operation.api
    body = {"apiVersion": "v1", "kind": "DeleteOptions", "propagationPolicy": annotations.propagation(inputs)}
    try:
        api.call("DELETE", api.path(*named(live)[:3], id_.rpartition("/")[2]), body=body)
    except NoKindError:
        return
    except ApiError as error:
        if error.code == 404:
            return
        raise
    if annotations.is_true(inputs, "skipAwait") and inputs.get("kind") in annotations.SKIP_ON_DELETE:
        return
    try:
        until_deleted(operation, live, annotations.timeout(operation.timeout, inputs))
    except EndedError as ended:
        last = ended.last or live
        finalizers = ", ".join(last["metadata"].get("finalizers") or [])
        operation.engine.log(Level.WARNING, f"finalizers might be preventing deletion ({finalizers})", operation.urn)
        kept = checkpoint.checkpoint(
            live, last, state, str(state.get(checkpoint.INITIAL_VERSION)), str(state.get(checkpoint.MANAGER))
        )
        raise PartialFailureError(str(ended), id_=full_name(last), state=kept) from ended
