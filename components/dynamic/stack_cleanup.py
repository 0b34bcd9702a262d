"""The first resource of a stack to be created and the last to be deleted. It deletes what the state does not know."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

import pulumi
from pulumi.dynamic import CreateResult, DiffResult, Resource

from components.base import Component
from components.dynamic.cluster_resource import ClusterAccess, ClusterProvider, Properties
from components.lifecycle.ownership import stack_name
from wideep.resource_names import SWEEP

if TYPE_CHECKING:  # the engine unpickles providers in a separate process, which does not need the domain model
    from wideep.plan import Plan

__all__ = ["Sweep", "SweepArgs", "SweepProvider"]

PROVIDER: Final = "__provider"
"""The property that the SDK adds to a dynamic resource."""


class SweepProvider(ClusterProvider):
    """A provider whose ``delete`` returns once nothing is left that an interrupted `up` of the stack has created."""

    def create(self, props: Properties) -> CreateResult:
        return CreateResult(props["stack"], dict(props))

    def diff(self, _id: str, _olds: Properties, _news: Properties) -> DiffResult:
        return DiffResult(changes=_own(_olds) != _own(_news))

    def delete(self, _id: str, _props: Properties) -> None:
        from components.lifecycle.orphans import CRDS_NAMESPACE, OrphanCleaner

        left = OrphanCleaner(self.namespace(_props), _props["stack"], pulumi.log.info)
        if "crdsRelease" in _props:
            left.release(CRDS_NAMESPACE, _props["crdsRelease"])
        if "platformRelease" in _props:
            left.platform(_props["platformRelease"])
        if "monitoringRelease" in _props:
            left.monitoring(_props["monitoringRelease"])
        if "job" in _props:
            left.job(_props["job"])
        left.namespace()


def _own(properties: Mapping[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in properties.items() if key != PROVIDER}


class StackSweep(Resource, module="dynamo-wideep", name="StackSweep"):
    """The resource behind a Sweep."""


@dataclass(frozen=True)
class SweepArgs:
    """What the stack may leave behind, and on which cluster."""

    plan: Plan
    cluster: ClusterAccess = field(default_factory=ClusterAccess)


class Sweep(Component):
    """A component on which everything on the cluster depends: it is in the state before anything is created, and is
    deleted last.

    The engine records a resource once it is created. If it is killed before that, the resource exists but
    `pulumi destroy` does not know it.

    >>> sweep = Sweep("sweep", SweepArgs(plan))
    """

    def __init__(self, name: str, args: SweepArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__(name, opts)
        plan = args.plan
        made = {
            "crdsRelease": plan.platform.crds_release if plan.platform.install and plan.platform.crds_chart else None,
            "platformRelease": plan.platform.release if plan.platform.install else None,
            "monitoringRelease": plan.monitoring.release if plan.monitoring and plan.monitoring.install else None,
            "job": plan.download.job if plan.download else None,
        }
        properties = {
            "namespace": plan.namespace,
            "stack": stack_name(),
            **{key: value for key, value in made.items() if value is not None},
            **args.cluster.properties(),
        }
        StackSweep(SweepProvider(), SWEEP.of(name), properties, self.child())
        self.register_outputs({})
