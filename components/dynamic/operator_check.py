"""A check, before a graph is created, that an operator which somebody else installed is running."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TYPE_CHECKING

import pulumi
from pulumi.dynamic import CreateResult, Resource

from components.dynamic.cluster_resource import ClusterProvider, Properties

if TYPE_CHECKING:
    from wideep_cluster.kube import KubeNamespace

__all__ = ["OperatorCheck", "OperatorCheckProvider", "PlatformError", "find_operator"]


class PlatformError(Exception):
    """The platform is missing or has another version."""


def find_operator(place: KubeNamespace, version: str, deadline_seconds: int, progress: Callable[[str], None]) -> None:
    """Return once an operator of this version runs, or if its state cannot be determined. Report that it waits.

    Raise PlatformError at once for another version, and after ``deadline_seconds`` if none runs.
    """
    from wideep_cluster.dynamo.operator import OPERATOR_KINDS, is_operators
    from wideep_cluster.informer import Informer

    end = time.monotonic() + deadline_seconds
    with Informer(place, OPERATOR_KINDS, lambda _, item: is_operators(item)) as watched:
        said = ""
        while (operator := place.operator()).ready is False:
            if operator.message != said:
                said = operator.message
                progress(f"{said}: waiting for it, up to {deadline_seconds} s")
            if not watched.wait(end - time.monotonic()):
                raise PlatformError(
                    f"platform.install is false, and {operator.message}. Without it nothing acts on a graph. "
                    "Start it, or set platform: {install: true}."
                )
    if operator.version not in (None, version):
        raise PlatformError(
            f"the Dynamo operator on the cluster has version {operator.version}, and platform.version is {version}: "
            "the graph is written for that one. Upgrade the platform to it, or install it with its own stack."
        )


class OperatorCheckProvider(ClusterProvider):
    """A provider whose ``create`` returns once the operator runs, and raises otherwise."""

    def create(self, props: Properties) -> CreateResult:
        find_operator(self.namespace(props), props["version"], int(props["deadlineSeconds"]), pulumi.log.info)
        pulumi.log.info("the Dynamo operator of the cluster runs; it is kept when this stack is destroyed")
        return super().create(props)


class OperatorCheck(Resource, module="dynamo-wideep", name="OperatorCheck"):
    """The resource that records that the operator was found."""
