"""Dynamo's objects as the API server knows them: group, versions, kinds, labels and annotations.

Code that only reads a cluster imports this module, so it imports nothing else of the program. A stack's release
(``wideep.dynamo.base.Release``) decides in which version its graph is written.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal

__all__ = [
    "COMPONENT_LABEL",
    "CRDS_CHART",
    "FINALIZER",
    "GRAPH_LABEL",
    "GROUP",
    "GROVE_ANNOTATION",
    "GROVE_UPDATE_ANNOTATION",
    "PLATFORM_CHART",
    "ROLE_LABEL",
    "SCALING_ADAPTER",
    "STRATEGY_ANNOTATION",
    "V1ALPHA1",
    "V1BETA1",
    "Framework",
    "GraphApi",
]

Framework = Literal["sglang", "vllm", "trtllm"]
"""The engines that the operator can start on several nodes: ``backendFramework`` of a graph."""
GROUP: Final = "nvidia.com"
GRAPH_LABEL: Final = "nvidia.com/dynamo-graph-deployment-name"
COMPONENT_LABEL: Final = "nvidia.com/dynamo-component-type"
ROLE_LABEL: Final = "nvidia.com/dynamo-sub-component-type"
"""Label of prefill and decode in graphs of ``V1ALPHA1``; in those of ``V1BETA1`` the role is the component's type."""
GROVE_ANNOTATION: Final = "nvidia.com/enable-grove"
"""``false`` keeps the operator from handing a graph to Grove."""
GROVE_UPDATE_ANNOTATION: Final = "nvidia.com/grove-update-strategy"
"""How Grove replaces the pods of a graph at an update: ``RollingRecreate`` or ``OnDelete``."""
SCALING_ADAPTER: Final = "DynamoGraphDeploymentScalingAdapter"
"""The object with the subresource ``scale`` for the workers of one role; kubectl knows it as dgdsa. Every release that
has it stores and serves it as ``v1alpha1``, whatever the graph's version."""
STRATEGY_ANNOTATION: Final = "nvidia.com/deployment-strategy"
FINALIZER: Final = "nvidia.com/finalizer"
"""Finalizer of the objects that the operator makes for a service; only a running operator removes it."""
CRDS_CHART: Final = "dynamo-crds"
PLATFORM_CHART: Final = "dynamo-platform"


@dataclass(frozen=True)
class GraphApi:
    """One version of the graph API."""

    version: str
    kind: str = "DynamoGraphDeployment"
    plural: str = "dynamographdeployments"
    component_kind: str = "DynamoComponentDeployment"
    component_plural: str = "dynamocomponentdeployments"

    @property
    def api_version(self) -> str:
        """The ``apiVersion`` of a manifest."""
        return f"{GROUP}/{self.version}"

    @property
    def path(self) -> str:
        """Path under which the API server serves it."""
        return f"/apis/{self.api_version}"

    @property
    def pulumi_type(self) -> str:
        """Pulumi's type of a graph."""
        return f"kubernetes:{self.api_version}:{self.kind}"

    @property
    def crd(self) -> str:
        """Name of the graph's CustomResourceDefinition."""
        return f"{self.plural}.{GROUP}"


V1ALPHA1: Final = GraphApi("v1alpha1")
"""Served by all known releases, and the stored version up to 1.4."""
V1BETA1: Final = GraphApi("v1beta1")
"""In the CRDs from 1.2 on, and the stored version from 1.5 on."""
