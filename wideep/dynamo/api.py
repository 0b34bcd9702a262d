"""Dynamo's objects as the API server knows them: group, versions, kinds, labels and annotations.

Imported by who reads a cluster, so that nothing else is imported with it. Which version a stack's graph is written in
says its release (``wideep.dynamo.base.Release``).
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
"""The engines that the operator knows how to start on several nodes: ``backendFramework`` of a graph."""
GROUP: Final = "nvidia.com"
GRAPH_LABEL: Final = "nvidia.com/dynamo-graph-deployment-name"
COMPONENT_LABEL: Final = "nvidia.com/dynamo-component-type"
ROLE_LABEL: Final = "nvidia.com/dynamo-sub-component-type"
"""Of prefill and decode in graphs of ``V1ALPHA1``; in those of ``V1BETA1`` the role is the component's type."""
GROVE_ANNOTATION: Final = "nvidia.com/enable-grove"
"""``false`` keeps a graph from Grove, where an operator would leave it to one."""
GROVE_UPDATE_ANNOTATION: Final = "nvidia.com/grove-update-strategy"
"""How Grove replaces the pods of a graph at an update: ``RollingRecreate`` or ``OnDelete``."""
SCALING_ADAPTER: Final = "DynamoGraphDeploymentScalingAdapter"
"""What has the subresource ``scale`` for the workers of one role; kubectl knows it as dgdsa. Stored and served as
``v1alpha1`` in every release that has it, whatever the graph's version."""
STRATEGY_ANNOTATION: Final = "nvidia.com/deployment-strategy"
FINALIZER: Final = "nvidia.com/finalizer"
"""Of what the operator makes of a service; only a living operator takes it away."""
CRDS_CHART: Final = "dynamo-crds"
PLATFORM_CHART: Final = "dynamo-platform"


@dataclass(frozen=True)
class GraphApi:
    """One version of the API of graphs."""

    version: str
    kind: str = "DynamoGraphDeployment"
    plural: str = "dynamographdeployments"
    component_kind: str = "DynamoComponentDeployment"
    component_plural: str = "dynamocomponentdeployments"

    @property
    def api_version(self) -> str:
        """As ``apiVersion`` of a manifest."""
        return f"{GROUP}/{self.version}"

    @property
    def path(self) -> str:
        """Where the API server serves it."""
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
"""Served by all releases that are known here, stored up to 1.4."""
V1BETA1: Final = GraphApi("v1beta1")
"""In the CRDs from 1.2 on, stored from 1.5 on."""
