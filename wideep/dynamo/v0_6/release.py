"""Dynamo 0.6.0 as a release: the object behind which everything of this package stands."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import ClassVar, Final

from wideep import names, versions
from wideep.dynamo.api import CRDS_CHART, PLATFORM_CHART, V1ALPHA1, Framework, GraphApi
from wideep.dynamo.base import Charts, ChartValue, PlatformValues, Release
from wideep.dynamo.v0_6 import values
from wideep.graph.build import build_graph
from wideep.graph.dgd import DynamoGraphDeployment
from wideep.settings.root import Settings

__all__ = ["V06"]

SHELL_SAFE: Final = re.compile(r"[A-Za-z0-9_@%+=:,./-]+")
OPERATOR: Final = "the Dynamo operator sets it, by the graph's name and the platform's addresses"
STORES: Final = (OPERATOR, "take it out; platform says where etcd and NATS are")


@dataclass(frozen=True)
class V06(Release):
    """Releases 0.6."""

    api: ClassVar[GraphApi] = V1ALPHA1
    charts: ClassVar[Charts] = Charts(
        repository="https://helm.ngc.nvidia.com/nvidia/ai-dynamo",
        crds=CRDS_CHART,
        crds_release=names.CRDS_RELEASE,
        platform=PLATFORM_CHART,
        platform_release=names.PLATFORM_RELEASE,
    )
    engines: ClassVar[Mapping[Framework, str]] = MappingProxyType({"sglang": versions.SGLANG})
    gone_images: ClassVar[Mapping[str, str]] = MappingProxyType(
        {
            "gcr.io/kubebuilder/kube-rbac-proxy": "dynamo-operator.controllerManager.kubeRbacProxy.image.repository",
            "bitnamisecure/git": "dynamo-operator.dynamo.mpiRun.sshKeygen.enabled",
        }
    )
    grove_values: ClassVar[tuple[tuple[str, ...], ...]] = (
        ("grove",),
        ("kai-scheduler",),
        ("dynamo-operator", "dynamo", "groveTerminationDelay"),
    )
    mpi_secret: ClassVar[str] = names.MPI_SECRET
    graph_annotations: ClassVar[Mapping[str, str]] = MappingProxyType(
        # Foreground deletion of a graph never ends with operators up to 1.0 (dynamo#8204).
        {"pulumi.com/deletionPropagationPolicy": "background"}
    )
    pods_need_token: ClassVar[bool] = False
    frontend_port: ClassVar[int] = 8000
    system_port: ClassVar[int] = 9090
    stores: ClassVar[Mapping[str, int]] = MappingProxyType({"etcd": 2379, "nats": 4222})
    owned_env: ClassVar[Mapping[str, tuple[str, str]]] = MappingProxyType(
        {
            "DYN_NAMESPACE": (OPERATOR, "take it out; name is the graph's name"),
            "DYN_COMPONENT": (OPERATOR, "take it out"),
            "DYN_PARENT_DGD_K8S_NAME": (OPERATOR, "take it out"),
            "DYN_PARENT_DGD_K8S_NAMESPACE": (OPERATOR, "take it out"),
            "ETCD_ENDPOINTS": STORES,
            "NATS_SERVER": STORES,
        }
    )

    def refused(self, version: str) -> str | None:
        if version.startswith("0."):
            return None
        return "this program installs Dynamo 0.6: from 1.0 on there is no dynamo-crds chart, and other values"

    def is_same(self, version: str) -> bool:
        return version.startswith("0.6.")

    def platform(self, settings: Settings) -> PlatformValues:
        found = values.values(settings)
        return PlatformValues(
            values=found,
            restricted=values.is_restricted(found),
            sub_charts=values.sub_charts(found),
            keeps_grove=values.keeps_grove(settings),
        )

    def contradicted(self, settings: Settings) -> Iterator[tuple[ChartValue, tuple[str, ...], object]]:
        return values.contradicted(settings)

    def graph(self, settings: Settings, image: str, weight_bytes: float) -> DynamoGraphDeployment:
        return build_graph(settings, image, weight_bytes)

    def frontend_service(self, graph: str) -> str:
        return names.frontend_service(graph)

    def survives_shell(self, word: str) -> bool:
        """The operator joins all of them, unquoted, into one line for ``sh -c``, for workers with several pods."""
        return SHELL_SAFE.fullmatch(word) is not None

    def working_dir(self, framework: Framework) -> str | None:
        return f"/workspace/components/backends/{framework}"
