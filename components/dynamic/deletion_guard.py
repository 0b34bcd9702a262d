"""A resource that refuses the deletion of a stack while others use what would be deleted.

    guard ──► takedown ──► graph ──► drain ──► guard-platform ──► platform
                                           └─► guard-namespace ──► namespace

Destroy proceeds from left to right, so it refuses while the graph still serves. The other two guards exist as soon as
there is something to share, even if an `up` got no further, and check once more when the graph is gone.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final, cast

import pulumi
from pulumi.dynamic import ConfigureRequest, CreateResult, DiffResult, Resource, UpdateResult

from components.base import Component
from components.dynamic.cluster_resource import ClusterAccess, ClusterProvider, Properties
from components.lifecycle.ownership import EVEN_IF_SHARED, stack_name
from wideep_cluster.errors import ClusterError

if TYPE_CHECKING:  # the engine unpickles providers in a separate process, which does not need the domain model
    from components.lifecycle.existing import Whose
    from components.lifecycle.sharing import Share
    from wideep.plan import Plan
    from wideep_cluster.client import Cluster

__all__ = ["NO_NAMESPACE", "NO_OPERATOR", "Guard", "GuardArgs", "GuardProvider", "ask", "share_of"]

PROJECT: Final = "dynamo-wideep"
OBJECT, FLAG = EVEN_IF_SHARED.split(".")
PATIENCE_SECONDS: Final = 120.0
RETRY_SECONDS: Final = 2
NO_OPERATOR: Final = {"operator": "", "grove": False}
NO_NAMESPACE: Final = {"namespace_goes": False, "claim": "", "secrets": ()}


class GuardProvider(ClusterProvider):
    """A provider whose ``delete`` returns if nobody else uses what the properties name (``Share``), and raises
    otherwise. An ``update`` that leaves the stack without an operator of its own checks in the same way."""

    def configure(self, req: ConfigureRequest) -> None:
        super().configure(req)
        self._even_if_shared = _flag(req.config.get(f"{PROJECT}:{OBJECT}"))

    def create(self, props: Properties) -> CreateResult:
        return CreateResult(f"{props['stack']}", dict(props))

    def diff(self, _id: str, _olds: Properties, _news: Properties) -> DiffResult:
        found = super().diff(_id, _olds, _news)
        replaces = [key for key in found.replaces or [] if key == "namespace"]  # a new graph deletes nothing shared
        return DiffResult(changes=found.changes, replaces=replaces)

    def update(self, _id: str, _olds: Properties, _news: Properties) -> UpdateResult:
        if _olds.get("operator") and not _news.get("operator"):
            self._ask({**_olds, **NO_NAMESPACE})
        return super().update(_id, _olds, _news)

    def delete(self, _id: str, _props: Properties) -> None:
        self._ask(_props)

    def _ask(self, properties: Properties) -> None:
        from components.lifecycle.sharing import Share

        share = Share.of(properties)
        if self._even_if_shared:
            pulumi.log.warn(f"{EVEN_IF_SHARED} is true: not checking whether others use what {share.stack} deletes")
        else:
            ask(self.namespace(properties).cluster, share, PATIENCE_SECONDS)


def ask(cluster: Cluster, share: Share, patience_seconds: float) -> None:
    """Call ``refuse_while_shared``, and retry while the API server does not answer. Raise SharedError also if it does
    not answer in time, or if this user may not see who uses what."""
    from components.lifecycle.sharing import SharedError, refuse_while_shared
    from wideep_cluster.retry import ask_again

    try:
        ask_again(lambda: refuse_while_shared(cluster, share), patience_seconds, RETRY_SECONDS)
    except ClusterError as error:
        raise SharedError(_unseen(error, share)) from None


def _unseen(error: ClusterError, share: Share) -> str:
    from components.lifecycle.sharing import UNASKED

    return (
        f"Cannot tell whether others use what stack {share.stack} would delete (API server: {error.reason}), so it is "
        "kept.\n  Repeat the command as a user who can list pods, claims, Secrets and graphs; or, to delete it without "
        "the check, repeat it after:\n" + "\n".join(UNASKED)
    )


class StackGuard(Resource, module="dynamo-wideep", name="StackGuard"):
    """The resource behind a Guard."""


@dataclass(frozen=True)
class GuardArgs:
    """What is guarded, and the resources that must outlive the guard."""

    share: Share
    depends_on: tuple[pulumi.Resource, ...]
    cluster: ClusterAccess = field(default_factory=ClusterAccess)


class Guard(Component):
    """A component that is deleted before ``depends_on``, and only while nobody else uses what the share names.

    >>> guard = Guard("guard-platform", GuardArgs(share_of(plan, Whose.TO_MAKE), depends_on=(platform,)))
    """

    def __init__(self, name: str, args: GuardArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__(name, opts)
        properties = {**args.share.properties(), **args.cluster.properties()}
        StackGuard(GuardProvider(), f"{name}-stack", properties, self.child(depends_on=args.depends_on))
        self.register_outputs({})


def share_of(plan: Plan, whose: Whose) -> Share:
    """Return what of a stack is deleted at destroy and may be used by others."""
    from components.lifecycle.existing import Whose
    from components.lifecycle.sharing import Share

    platform, cache = plan.platform, plan.cache
    used = (
        plan.token.secret if plan.token and not plan.token.create else None,
        plan.image_source.pull_secret if plan.image_source.registry is None else None,
        platform.mpi_secret if platform.mpi_secret_exists else None,
    )
    return Share(
        namespace=plan.namespace,
        stack=stack_name(),
        graph=plan.name,
        operator=("namespace" if platform.restricted else "cluster") if platform.install else "",
        grove=platform.install and "grove" in platform.sub_charts,
        namespace_goes=whose is not Whose.OTHERS and not cache.retain,
        claim=cache.claim if cache.create and not cache.retain else "",
        releases=_releases(plan),
        secrets=tuple(name for name in used if name),
    )


def _releases(plan: Plan) -> tuple[str, ...]:
    """Return the Helm releases that the stack has installed in its namespace."""
    monitoring = plan.monitoring
    return (
        *((plan.platform.release,) if plan.platform.install else ()),
        *((monitoring.release,) if monitoring and monitoring.install else ()),
    )


def _flag(written: Any) -> bool:
    """Return the value of the flag from the config as the engine passes it: the JSON text of an object."""
    try:
        value = json.loads(written or "{}")
    except (TypeError, ValueError):
        return False
    return isinstance(value, dict) and cast("dict[str, object]", value).get(FLAG) is True
