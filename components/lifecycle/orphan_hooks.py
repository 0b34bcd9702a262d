"""Objects that exist on the cluster before the engine creates them: orphans of an interrupted `up`, or somebody else's.

This is a hook because the engine knows best which object its state lacks. It also runs in previews, where it only says
what `up` will do. An orphan that holds no data is deleted and recreated; a graph that serves is left alone, and `up`
fails.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import pulumi

from components.lifecycle.error_context import ErrorContext, Failed
from components.lifecycle.error_messages import EXISTS, explain
from components.lifecycle.helm_releases import HelmReleases
from components.lifecycle.live_objects import REPLACED, LiveObject, find_object
from components.lifecycle.orphans import GONE_SECONDS
from components.lifecycle.own_cluster import connect_from_config, is_reachable, unless_unreachable
from components.lifecycle.ownership import stack_name
from components.lifecycle.state import read_stack_outputs
from wideep.dynamo.api import GRAPH_LABEL, V1ALPHA1
from wideep.plan import Plan
from wideep.resource_names import (
    ANY_CLUSTER,
    CACHE_CLAIM,
    CLAIM_TYPE,
    GRAPH_TYPES,
    RELEASE_TYPE,
    SWEEP,
)
from wideep_cluster.dynamo.drain import drain
from wideep_cluster.errors import ClusterError
from wideep_cluster.kinds import PODS
from wideep_cluster.objects import Component

__all__ = [
    "OrphanError",
    "Run",
    "TakenError",
    "clear_the_way",
    "delete_orphan",
    "find_orphaned_claim",
    "replace_orphan_hook",
]


class TakenError(Exception):
    """An object of that name belongs to somebody else."""


class OrphanError(Exception):
    """An orphan that must not be deleted."""


@dataclass(frozen=True)
class Run:
    """What hooks know of the run. It is read in the program, because a hook runs in a thread of its own."""

    stack: str
    preview: bool
    known: Mapping[str, Any] | None
    is_reachable: bool = True

    @classmethod
    def current(cls) -> Run:
        preview = pulumi.runtime.is_dry_run()
        return cls(stack_name(), preview, read_stack_outputs(), not preview or is_reachable())

    def announced(self, what: object, action: str) -> bool:
        """In a preview, say what `up` will do first. Return whether this is a preview."""
        if self.preview:
            left = f"{what}: orphaned by an interrupted run (not in the state)"
            pulumi.log.warn(f"{left}. `pulumi up` will first {action}.")
        return self.preview


def replace_orphan_hook(name: str, context: ErrorContext) -> pulumi.ResourceHook:
    """Return the hook (``before_create``) for one component's objects."""
    run = Run.current()

    def before_create(args: pulumi.ResourceHookArgs) -> None:
        clear_the_way(args.type, args.name, args.new_inputs or {}, run, context)

    return pulumi.ResourceHook(name, before_create, pulumi.ResourceHookOptions(on_dry_run=True))


def clear_the_way(kind: str, name: str, inputs: Mapping[str, Any], run: Run, context: ErrorContext) -> None:
    """Delete this stack's orphan with these inputs, or in a preview say that `up` will. ``name`` is the resource's
    name.

    Raises:
        TakenError: the object belongs to somebody else.
        OrphanError: it is a graph that serves.
    """
    if run.preview and (os.environ.get(ANY_CLUSTER) or not run.is_reachable):
        return
    is_orphan = run.known is not None and name not in run.known  # during a replacement the state has it
    if kind == RELEASE_TYPE:
        if is_orphan:
            _clear_records(inputs, run)
        return
    there = find_object(kind, inputs)
    if there is None:
        return
    if not there.is_of(run.stack):
        failed = Failed(there.type, there.name, EXISTS, there.place.name)
        raise TakenError(f"{failed.noun} {EXISTS}: {explain(failed, context)}")
    if is_orphan and kind in GRAPH_TYPES:
        _clear_graph(there, run)
    elif is_orphan:
        delete_orphan(there, run)


def delete_orphan(there: LiveObject, run: Run) -> bool:
    """Delete the object if it belongs to this stack and can be recreated from nothing. Return whether it was
    deleted."""
    if there.type not in REPLACED or not there.is_of(run.stack):
        return False
    if run.announced(there, "delete and recreate it"):
        return False
    pulumi.log.info(f"{there}: orphaned by an interrupted run (not in the state); recreating it")
    return there.delete()


def find_orphaned_claim(plan: Plan) -> bool:
    """Tell whether this stack created the claim but its state does not know it. Such a claim may hold the weights, so
    it is imported."""
    known = read_stack_outputs()
    if known is None or not plan.cache.create or CACHE_CLAIM.name in known:
        return False
    there = find_object(CLAIM_TYPE, {"metadata": {"name": plan.cache.claim, "namespace": plan.namespace}})
    if there is None or not there.is_of(stack_name()):
        return False
    pulumi.log.info(f"{there}: orphaned by an interrupted run (not in the state); importing it")
    return True


def _clear_records(inputs: Mapping[str, Any], run: Run) -> None:
    """Delete the Helm records of a release that the state does not know: with them Helm would refuse to install it."""
    namespace, release = inputs.get("namespace"), inputs.get("name")
    if not isinstance(namespace, str) or not isinstance(release, str):
        return
    with unless_unreachable(f"records of release {namespace}/{release}"):
        releases = HelmReleases(connect_from_config(namespace), pulumi.log.info, began=SWEEP.name in (run.known or {}))
        if not run.preview:
            releases.delete_records(namespace, release, run.stack)
        elif status := releases.own_status(namespace, release, run.stack):
            run.announced(f"release {namespace}/{release} ({status})", "delete its Helm record and reinstall it")


def _clear_graph(there: LiveObject, run: Run) -> None:
    """Delete an orphaned graph unless it serves. Another hook (``graph_hooks``) waits for a graph that is already being
    deleted."""
    if there.is_deleting:
        return
    ready = _ready_worker(there)
    if ready is None:
        if not run.announced(there, "delete and recreate it"):
            drain(there.place, there.name, GONE_SECONDS, pulumi.log.info)
        return
    stack, namespace = run.stack.rpartition("/")[2], there.place.name
    refusal = (
        f"{there}: it serves and is not in this stack's state, so it is neither deleted nor recreated "
        f"({ready}).\n"
        f"  To import it: wideep adopt --stack {stack}, then run the printed commands.\n"
        f"  To delete it instead: kubectl delete -n {namespace} {V1ALPHA1.plural} {there.name}, then `pulumi up`."
    )
    if not run.preview:
        raise OrphanError(refusal)
    pulumi.log.warn(f"`pulumi up` will stop here. {refusal}")


def _ready_worker(there: LiveObject) -> str | None:
    """Return evidence that the graph serves; None if there is none. Pods that cannot be listed count as evidence, so
    that nothing is deleted unseen."""
    selector = f"{GRAPH_LABEL}={there.name}"
    try:
        pods = there.place.cluster.list(PODS, there.place.name, labels=selector).items
    except ClusterError as error:
        return f"its pods cannot be listed: {error.reason}"
    workers = (pod for pod in pods if pod.component is not Component.FRONTEND)  # it is ready without any worker
    return next((f"pod {pod.name} is ready" for pod in workers if pod.ready), None)
