"""A check that the API server accepts graphs, as a resource that is created and updated with the platform's release.

Helm waits for the operator's pods, but not until its CRDs, conversion and webhooks answer; the first graph would be
refused.
"""

from __future__ import annotations

import pulumi
from pulumi.dynamic import CreateResult, Resource, UpdateResult

from components.dynamic.cluster_resource import ClusterProvider, Properties
from wideep_cluster.cancellation import interruption

__all__ = ["PlatformReady", "PlatformReadyProvider"]


class PlatformReadyProvider(ClusterProvider):
    """A provider whose ``create`` and ``update`` return once the API server would accept a graph of version ``api``.
    Properties: the common ones, ``api``, ``grove``, and ``values``, a digest of the release's values, so that every
    change of them is waited for."""

    def create(self, props: Properties) -> CreateResult:
        self._wait(props)
        return super().create(props)

    def update(self, _id: str, _olds: Properties, _news: Properties) -> UpdateResult:
        self._wait(_news)
        return super().update(_id, _olds, _news)

    def _wait(self, properties: Properties) -> None:
        from wideep.dynamo.api import GraphApi
        from wideep_cluster.dynamo.admission import GraphAdmission, await_admission

        cluster = self.namespace(properties).cluster
        wanted = GraphAdmission(GraphApi(properties["api"]), bool(properties["grove"]))
        await_admission(cluster, wanted, int(properties["deadlineSeconds"]), pulumi.log.info, interruption())


class PlatformReady(Resource, module="dynamo-wideep", name="PlatformReady"):
    """The resource that represents a platform that accepts graphs."""
