"""That the API server takes graphs, as a resource: it is made, and changed, when the platform's release is.

Helm waits for the operator's pods. That what they bring answers (CRDs, conversion, webhooks), it does not wait for, and
the first graph would be refused.
"""

from __future__ import annotations

import pulumi
from pulumi.dynamic import CreateResult, Resource, UpdateResult

from components.dynamic.cluster_resource import ClusterProvider, Properties
from wideep_cluster.cancellation import interruption

__all__ = ["PlatformReady", "PlatformReadyProvider"]


class PlatformReadyProvider(ClusterProvider):
    """``create`` and ``update`` return when a graph of ``api`` would be taken. Properties: those of all, ``api`` (its
    version), ``grove``, and ``values``, a digest of those of the release, so that each change of it is waited for."""

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
    """The resource."""
