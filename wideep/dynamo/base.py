"""The interface of a release of Dynamo: what its charts, its operator and its runtime decide.

settings ──► Release ─┬─ row                               wideep.dynamo.releases
                      ├─ charts, platform, contradicted   wideep.plan.platform, wideep.rules.platform
                      ├─ graph, annotations, token, ports  wideep.graph, wideep.plan
                      ├─ replace_on_change, webhooks       components
                      ├─ owned_env, survives_shell         wideep.rules
                      └─ engines                           wideep.engines
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from wideep.dynamo.api import V1ALPHA1, Framework, GraphApi
from wideep.dynamo.releases import ReleaseRow

if TYPE_CHECKING:
    from wideep.graph.base import Graph
    from wideep.settings.layout import Role
    from wideep.settings.root import Settings

__all__ = ["ChartValue", "Charts", "Immutable", "PlatformValues", "Release"]

Values = dict[str, object]
Path = tuple[str, ...]


@dataclass(frozen=True)
class Charts:
    """The repository of a release's charts, and the names of the charts and of their Helm releases."""

    repository: str
    crds: str | None
    """None: the operator installs the CRDs."""
    crds_release: str
    platform: str
    platform_release: str


@dataclass(frozen=True)
class ChartValue:
    """One value of the platform's chart, and the key of the stack config that sets it."""

    key: str
    path: Path
    value: object


@dataclass(frozen=True)
class PlatformValues:
    """Values of the platform's Helm release, and what follows from them."""

    values: Values
    restricted: bool
    """Whether the operator watches its own namespace only."""
    sub_charts: tuple[str, ...]
    """The optional sub-charts that the values install."""
    keeps_grove: bool
    """Whether no setting removes Grove: an installed Grove then stays, because only Grove can remove what it has
    created."""


@dataclass(frozen=True)
class Immutable:
    """A field of a graph that cannot be changed in place, so that a change replaces the graph."""

    path: str
    """A Pulumi property path: ``spec.components[*].type``."""
    why: str


@dataclass(frozen=True)
class Release(ABC):
    """One release."""

    row: ReleaseRow
    version: str
    """The stack's version: the row's, or another patch release of the same minor."""
    gone_images: ClassVar[Mapping[str, str]]
    """Images that no registry has any more, and the chart value that refers to each."""
    grove_values: ClassVar[tuple[Path, ...]]
    """Values of the platform's chart that install Grove and the other software that starts workers of several pods."""
    mpi_secret: ClassVar[str]
    """The Secret with an SSH key that the operator looks for at every graph, even if nothing uses MPI."""
    pods_need_token: ClassVar[bool]
    """Whether pods find each other through the Kubernetes API, and not in etcd."""
    webhooks: ClassVar[bool]
    """Whether a webhook of the operator admits graphs. It fails closed: a graph is refused until the webhook
    answers."""
    frontend_port: ClassVar[int]
    system_port: ClassVar[int]
    """Port on which a worker's runtime serves /health, /live and /metrics."""
    owned_env: ClassVar[Mapping[str, tuple[str, str]]]
    """Environment variables that the operator sets: why another value breaks, and what to write instead."""

    @property
    def title(self) -> str:
        """The release's name in messages: ``Dynamo 0.6.0``."""
        return f"Dynamo {self.version}"

    @property
    def one_build(self) -> bool:
        """Whether one Dockerfile in Dynamo's repository builds the SGLang image, without changes."""
        return self.row.minor == (0, 6)

    @property
    def frontend_reads_model(self) -> bool:
        """Whether the frontend opens tokenizer and chat template at the worker's path, or asks Hugging Face if there
        are none (``ModelDeploymentCard::download_config``). In 0.6 they come through NATS, from 1.4 on from the
        workers."""
        return (0, 7) <= self.row.minor < (1, 4)

    @property
    def operator_asks_for_token(self) -> bool:
        """Whether the operator's /metrics requires a token of the cluster (dynamo#5543, dynamo#7045); in earlier
        releases its proxy lets everybody read that path."""
        return self.row.minor >= (0, 9)

    def dynamo_namespace(self, namespace: str, graph: str) -> str:
        """Return the name under which the workers of a graph register, which is a label of most of Dynamo's metrics."""
        return graph if self.api == V1ALPHA1 else f"{namespace}-{graph}"

    def runtime_image(self, framework: Framework) -> str:
        """Return NVIDIA's image of an engine, without a tag."""
        name = {"sglang": "sglang", "vllm": "vllm", "trtllm": "tensorrtllm"}[framework]
        return f"nvcr.io/nvidia/ai-dynamo/{name}-runtime"

    @property
    def api(self) -> GraphApi:
        """The API version in which the release's graphs are written."""
        return self.row.api

    @property
    def engines(self) -> Mapping[Framework, str]:
        """Versions of the engines in the release's images."""
        return self.row.engines

    @property
    @abstractmethod
    def charts(self) -> Charts:
        """The release's charts."""

    @property
    @abstractmethod
    def graph_annotations(self) -> Mapping[str, str]:
        """Annotations that each graph needs so that it can be deleted and updated."""

    @property
    @abstractmethod
    def replace_on_change(self) -> tuple[Immutable, ...]:
        """Fields that the operator or its admission does not change in place."""

    @abstractmethod
    def platform(self, settings: Settings) -> PlatformValues:
        """Return the values of the platform's chart: those that a fresh cluster needs, overridden by the stack's keys,
        overridden by ``platform.values``."""

    @abstractmethod
    def contradicted(self, settings: Settings) -> Iterator[tuple[ChartValue, Path, object]]:
        """Yield each value of the stack's keys that ``platform.values`` sets differently, with the path there and the
        value there."""

    @property
    @abstractmethod
    def grove_switch(self) -> Path:
        """Path of the chart's value that installs Grove."""

    @abstractmethod
    def removed_values(self, settings: Settings) -> Iterator[tuple[Path, str]]:
        """Yield the path of each value in ``platform.values`` that the chart no longer has, and what to write
        instead."""

    @abstractmethod
    def stores(self, settings: Settings) -> Mapping[str, int]:
        """Return the client ports of the sub-charts through which the pods of a stack communicate, by the name on the
        sub-chart's pods. Empty if neither etcd nor NATS is installed."""

    @abstractmethod
    def graph(self, settings: Settings, image: str, weight_bytes: float) -> Graph:
        """Return the graph of a stack that passes ``wideep.rules``. ``weight_bytes`` are what each worker reads
        first."""

    @abstractmethod
    def frontend_service(self, graph: str) -> str:
        """Return the name of the Service that the operator makes for a graph's frontend."""

    @abstractmethod
    def pod_labels(self, graph: str, role: Role | None) -> dict[str, str]:
        """Return the labels that exactly the pods of one role of a graph carry. None: the frontend's pods."""

    @abstractmethod
    def workers(self, graph: str) -> dict[str, dict[str, str]]:
        """Return sets of labels that together select all workers of a graph, by a name for each set."""

    @abstractmethod
    def survives_shell(self, word: str) -> bool:
        """Tell whether a worker's argument stays unchanged in the shell line that the operator joins all arguments
        into."""

    @abstractmethod
    def working_dir(self, framework: Framework) -> str | None:
        """Return the working directory of an engine's worker. None: the image's own."""
