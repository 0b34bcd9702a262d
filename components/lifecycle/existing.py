"""Tells who owns the stack's namespace if it exists before the stack's first resource is created."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from enum import Enum, auto
from typing import TYPE_CHECKING, Any, Final

import pulumi

from components.lifecycle.own_cluster import connect_from_config
from components.lifecycle.ownership import is_owned_by, stack_name
from components.lifecycle.retained import has_label
from components.lifecycle.state import read_stack_outputs
from wideep.dynamo.api import FINALIZER, GROUP
from wideep.resource_names import NAMESPACE, NAMESPACE_READ
from wideep.text import some_of
from wideep_cluster.errors import ClusterError
from wideep_cluster.kinds import NAMESPACES
from wideep_cluster.kube import KubeNamespace
from wideep_cluster.objects import Namespace
from wideep_cluster.retry import poll

if TYPE_CHECKING:
    from wideep.plan import Plan

__all__ = ["Whose", "going_words", "whose_namespace"]

GOING_SECONDS: Final = 60
"""How long to wait for a namespace that is Terminating. An empty one takes seconds."""
SHOWN: Final = 6
HELD: Final = re.compile(r"(?P<plural>[a-z0-9]+)\.(?P<group>[a-z0-9.-]*) has \d+ resource instances")
"""Matches the message of the condition NamespaceContentRemaining (Kubernetes, pkg/controller/namespace/deletion)."""
FAILURES: Final = (
    "NamespaceDeletionDiscoveryFailure",
    "NamespaceDeletionGroupVersionParsingFailure",
    "NamespaceDeletionContentFailure",
)


class Whose(Enum):
    """Who owns the namespace, and so what the program does about it."""

    TO_MAKE = auto()
    """It does not exist, or this stack's state has it: the program creates or keeps it."""
    OURS = auto()
    """This stack created it, but its state does not know it: the program imports it."""
    OTHERS = auto()
    """Somebody else created it: the program uses it, and leaves it at destroy."""


@dataclass(frozen=True)
class Held:
    """An object that remains in a namespace that is Terminating."""

    resource: str
    name: str
    finalizers: tuple[str, ...]

    def __str__(self) -> str:
        held = f" (finalizer {', '.join(self.finalizers)})" if self.finalizers else ""
        return f"{self.resource}/{self.name}{held}"


def whose_namespace(plan: Plan) -> Whose:
    """Tell who owns the namespace on the cluster of the stack's config, in previews too. If the cluster cannot be
    reached, the provider reports that later.

    Raise pulumi.RunError, with the objects that remain, for a namespace that is still Terminating after a minute.
    """
    from kubernetes.client import ApiException
    from kubernetes.config import ConfigException
    from urllib3.exceptions import HTTPError

    known = read_stack_outputs()
    try:
        place = connect_from_config(plan.namespace)
        live = _when_settled(place)
    except (ApiException, ClusterError, ConfigException, HTTPError, OSError) as error:
        pulumi.log.debug(
            f"could not read namespace {plan.namespace} ({type(error).__name__}); skipping the namespace check"
        )
        return Whose.OTHERS if NAMESPACE_READ.name in (known or {}) else Whose.TO_MAKE
    if live is None or known is None or NAMESPACE.name in known:
        return Whose.TO_MAKE
    return whose(live)


def whose(live: Namespace) -> Whose:
    """Tell who owns a namespace that is not in the state as this stack's own."""
    ours = has_label(live.labels) or is_owned_by(stack_name(), live.metadata.annotations)
    return Whose.OURS if ours else Whose.OTHERS


def _when_settled(place: KubeNamespace) -> Namespace | None:
    """Return the namespace once it is not Terminating; None if it does not exist."""
    waiting = f"namespace {place.name} is Terminating: waiting for its deletion, up to {GOING_SECONDS} s"
    live = poll(
        lambda: place.cluster.find(NAMESPACES, place.name),
        lambda found: found is not None and found.is_deleting,
        GOING_SECONDS,
        1,
        lambda: pulumi.log.info(waiting),
    )
    if live is not None and live.is_deleting:
        raise pulumi.RunError(going_words(live, list(_held(place, live)), place))
    return live


def going_words(live: Namespace, held: list[Held], place: KubeNamespace) -> str:
    """Return a message that says why nothing can be created in a namespace that is Terminating, and what it waits
    for."""
    name, since = place.name, f"{live.metadata.deletion_timestamp:%Y-%m-%dT%H:%M:%SZ}"
    lines = [f"Namespace {name} is Terminating (deleted at {since}), so nothing can be created in it."]
    if held:
        lines.append(f"  Remaining objects: {some_of(held, SHOWN)}.")
    lines += [f"  {text}" for text in _conditions(live, known=bool(held))]
    if any(each.startswith(f"{GROUP}/") for one in held for each in one.finalizers):
        operator = place.operator()
        runs = "" if operator.ready else f" ({operator.message})"
        lines.append(f"  Only a running Dynamo operator removes the finalizer {FINALIZER}{runs}.")
    elif any(one.finalizers for one in held):
        lines.append("  A finalizer is removed by the controller that set it: make sure that it runs.")
    lines.append(
        f"  Run `pulumi up` when `kubectl get namespace {name}` no longer finds it, or set another `namespace`."
    )
    return "\n".join(lines)


def _conditions(live: Namespace, *, known: bool) -> Iterator[str]:
    """Yield what the API server says about the deletion. With ``known``, the remaining objects are named already, and
    only failures are of interest."""
    types = FAILURES if known else (*FAILURES, "NamespaceContentRemaining", "NamespaceFinalizersRemaining")
    for condition in live.status.conditions:
        if condition.type in types and condition.status == "True":
            yield condition.message.rstrip(".") + "."


def _held(place: KubeNamespace, live: Namespace) -> Iterator[Held]:
    """Yield the objects that remain according to the namespace's conditions; those that may not be listed are left
    out."""
    from kubernetes.client import ApiException
    from kubernetes.dynamic import DynamicClient
    from kubernetes.dynamic.exceptions import DynamicApiError

    said = " ".join(each.message for each in live.status.conditions)
    for plural, group in dict.fromkeys(HELD.findall(said)):
        try:
            client: Any = DynamicClient(place.cluster.api)
            kinds: list[Any] = client.resources.search(name=plural, group=group.strip("."))
            items: list[Any] = kinds[0].get(namespace=place.name).to_dict()["items"] if kinds else []
        except (ApiException, DynamicApiError) as error:
            pulumi.log.debug(f"could not list the remaining {plural} ({type(error).__name__})")
            continue
        for item in items:
            finalizers = tuple(item["metadata"].get("finalizers") or ())
            yield Held(".".join(filter(None, (plural, group.strip(".")))), item["metadata"]["name"], finalizers)
