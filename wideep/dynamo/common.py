"""What is the same in all known releases, and needs more imports than ``wideep.dynamo.api``."""

from __future__ import annotations

import re
from abc import abstractmethod
from collections.abc import Iterator, Mapping
from types import MappingProxyType
from typing import ClassVar, Final

from wideep import names
from wideep.dynamo import chart
from wideep.dynamo.api import COMPONENT_LABEL, GRAPH_LABEL, GROVE_ANNOTATION, PLATFORM_CHART, ROLE_LABEL, V1ALPHA1
from wideep.dynamo.base import Charts, ChartValue, Immutable, Path, PlatformValues, Release, Values
from wideep.graph.base import Graph
from wideep.graph.build import build_graph
from wideep.settings.layout import Role
from wideep.settings.root import Settings

__all__ = [
    "BACKGROUND_DELETION",
    "GROVE_OR_NOT",
    "OPERATOR",
    "OWNED_ENV",
    "STORE_PORTS",
    "CommonRelease",
]

REPOSITORY: Final = "https://helm.ngc.nvidia.com/nvidia/ai-dynamo"
STORE_PORTS: Final[Mapping[str, int]] = MappingProxyType({"etcd": 2379, "nats": 4222})
BACKGROUND_DELETION: Final[Mapping[str, str]] = MappingProxyType(
    # Foreground deletion of a graph never ends with operators up to 1.0 (dynamo#8204).
    {"pulumi.com/deletionPropagationPolicy": "background"}
)
OPERATOR: Final = "the Dynamo operator sets it, by the graph's name and the platform's addresses"
SYSTEM_PORT: Final = 9090
SYSTEM: Final = f"the operator sets up the workers' system server: probes and metrics read its port {SYSTEM_PORT}"
OWNED_ENV: Final[Mapping[str, tuple[str, str]]] = MappingProxyType(
    {
        **dict.fromkeys(
            [f"DYN_SYSTEM_{each}" for each in ("ENABLED", "HOST", "PORT", "USE_ENDPOINT_HEALTH_STATUS")],
            (SYSTEM, "remove it"),
        ),
        "DYN_NAMESPACE": (OPERATOR, "remove it; name is the graph's name"),
        "DYN_COMPONENT": (OPERATOR, "remove it"),
        "DYN_PARENT_DGD_K8S_NAME": (OPERATOR, "remove it"),
        "DYN_PARENT_DGD_K8S_NAMESPACE": (OPERATOR, "remove it"),
    }
)
GROVE_OR_NOT: Final = Immutable(
    f'metadata.annotations["{GROVE_ANNOTATION}"]',
    "the operator leaves what it has made when a graph goes to Grove or comes from it",
)


class CommonRelease(Release):
    """The part of a release in which all known releases agree."""

    gone_images: ClassVar[Mapping[str, str]] = MappingProxyType(
        {
            "gcr.io/kubebuilder/kube-rbac-proxy": "dynamo-operator.controllerManager.kubeRbacProxy.image.repository",
            "bitnamisecure/git": "dynamo-operator.dynamo.mpiRun.sshKeygen.enabled",
        }
    )
    mpi_secret: ClassVar[str] = names.MPI_SECRET
    frontend_port: ClassVar[int] = 8000
    system_port: ClassVar[int] = SYSTEM_PORT
    crds_chart: ClassVar[str | None]
    chart_keys: ClassVar[chart.ChartKeys]
    shell_safe: ClassVar[re.Pattern[str]]
    """Arguments that stay unchanged in the line that the operator joins for ``sh -c``."""

    @abstractmethod
    def chart_values(self, settings: Settings) -> Values:
        """Return all values of the platform's chart."""

    @abstractmethod
    def typed_values(self, settings: Settings) -> tuple[ChartValue, ...]:
        """Return the chart values that the stack's keys set."""

    @abstractmethod
    def keeps_grove(self, settings: Settings) -> bool:
        """Tell whether no setting removes Grove."""

    @property
    def charts(self) -> Charts:
        return Charts(
            repository=REPOSITORY,
            crds=self.crds_chart,
            crds_release=names.CRDS_RELEASE,
            platform=PLATFORM_CHART,
            platform_release=names.PLATFORM_RELEASE,
        )

    def platform(self, settings: Settings) -> PlatformValues:
        found = self.chart_values(settings)
        return PlatformValues(
            values=found,
            restricted=chart.is_restricted(found),
            sub_charts=self.chart_keys.sub_charts(found),
            keeps_grove=self.keeps_grove(settings),
        )

    def contradicted(self, settings: Settings) -> Iterator[tuple[ChartValue, Path, object]]:
        return chart.contradicted(self.typed_values(settings), settings)

    @property
    def grove_switch(self) -> Path:
        return self.chart_keys.switch("grove")

    def survives_shell(self, word: str) -> bool:
        return self.shell_safe.fullmatch(word) is not None

    def graph(self, settings: Settings, image: str, weight_bytes: float) -> Graph:
        return build_graph(settings, image, weight_bytes)

    def frontend_service(self, graph: str) -> str:
        return names.frontend_service(graph)

    def pod_labels(self, graph: str, role: Role | None) -> dict[str, str]:
        if role is None:
            return {GRAPH_LABEL: graph, COMPONENT_LABEL: "frontend"}
        return {GRAPH_LABEL: graph, (ROLE_LABEL if self.api == V1ALPHA1 else COMPONENT_LABEL): str(role)}

    def workers(self, graph: str) -> dict[str, dict[str, str]]:
        if self.api == V1ALPHA1:
            return {"workers": {GRAPH_LABEL: graph, COMPONENT_LABEL: "worker"}}
        return {f"{role}-workers": self.pod_labels(graph, role) for role in Role}
