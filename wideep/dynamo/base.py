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
    """Where a release's charts are, and the names of their Helm releases."""

    repository: str
    crds: str | None
    """None: the operator brings the CRDs."""
    crds_release: str
    platform: str
    platform_release: str


@dataclass(frozen=True)
class ChartValue:
    """One value of the platform's chart, and the key of the stack config that it comes from."""

    key: str
    path: Path
    value: object


@dataclass(frozen=True)
class PlatformValues:
    """Values of the platform's release, and what follows from them."""

    values: Values
    restricted: bool
    """The operator looks after its own namespace only."""
    sub_charts: tuple[str, ...]
    """The optional sub-charts that they install."""
    keeps_grove: bool
    """Nothing says that Grove goes: it stays where it is, since only it can take down what it has made."""


@dataclass(frozen=True)
class Immutable:
    """A field of a graph that cannot be changed in place, so that a change replaces the graph."""

    path: str
    """A property path of Pulumi: ``spec.components[*].type``."""
    why: str


@dataclass(frozen=True)
class Release(ABC):
    """One release."""

    row: ReleaseRow
    version: str
    """The stack's, which is the row's or a patch release of the same minor."""
    gone_images: ClassVar[Mapping[str, str]]
    """Images that no registry has any more, and the chart's value that asks for each."""
    grove_values: ClassVar[tuple[Path, ...]]
    """Values of the platform's chart that install Grove, and with it whatever starts workers of several pods."""
    mpi_secret: ClassVar[str]
    """The Secret with an SSH key that the operator looks for at every graph, also where nothing uses MPI."""
    pods_need_token: ClassVar[bool]
    """Pods find each other through the Kubernetes API, and not in etcd."""
    webhooks: ClassVar[bool]
    """A webhook of the operator admits graphs, and fails closed: a graph is refused until it answers."""
    frontend_port: ClassVar[int]
    system_port: ClassVar[int]
    """Where the runtime of a worker answers /health, /live and /metrics."""
    owned_env: ClassVar[Mapping[str, tuple[str, str]]]
    """Environment variables that the operator sets: why another value breaks, and what to write instead."""

    @property
    def title(self) -> str:
        """``Dynamo 0.6.0``."""
        return f"Dynamo {self.version}"

    @property
    def one_build(self) -> bool:
        """Its SGLang image is built of one Dockerfile as it stands in Dynamo's repository."""
        return self.row.minor == (0, 6)

    @property
    def frontend_reads_model(self) -> bool:
        """The frontend opens tokenizer and chat template at the worker's path, or asks Hugging Face where there is none
        (``ModelDeploymentCard::download_config``). In 0.6 they come through NATS, from 1.4 on from the workers."""
        return (0, 7) <= self.row.minor < (1, 4)

    @property
    def operator_asks_for_token(self) -> bool:
        """The operator's /metrics answers only who shows a token of the cluster (dynamo#5543, dynamo#7045); before, its
        proxy lets everyone read that path."""
        return self.row.minor >= (0, 9)

    def dynamo_namespace(self, namespace: str, graph: str) -> str:
        """The name under which the workers of a graph register, a label of most of Dynamo's metrics."""
        return graph if self.api == V1ALPHA1 else f"{namespace}-{graph}"

    def runtime_image(self, framework: Framework) -> str:
        """NVIDIA's image of an engine, without a tag."""
        name = {"sglang": "sglang", "vllm": "vllm", "trtllm": "tensorrtllm"}[framework]
        return f"nvcr.io/nvidia/ai-dynamo/{name}-runtime"

    @property
    def api(self) -> GraphApi:
        """In which its graphs are written."""
        return self.row.api

    @property
    def engines(self) -> Mapping[Framework, str]:
        """Versions of the engines in its images."""
        return self.row.engines

    @property
    @abstractmethod
    def charts(self) -> Charts:
        """Its charts."""

    @property
    @abstractmethod
    def graph_annotations(self) -> Mapping[str, str]:
        """What each graph has to carry, so that it can be deleted and updated."""

    @property
    @abstractmethod
    def replace_on_change(self) -> tuple[Immutable, ...]:
        """What its operator or its admission does not change in place."""

    @abstractmethod
    def platform(self, settings: Settings) -> PlatformValues:
        """Values of its chart: what a fresh cluster needs, what the stack's keys say, and its own map over them."""

    @abstractmethod
    def contradicted(self, settings: Settings) -> Iterator[tuple[ChartValue, Path, object]]:
        """Values of the stack's keys for which ``platform.values`` has another one: its path there, and that value."""

    @property
    @abstractmethod
    def grove_switch(self) -> Path:
        """The value of its chart that installs Grove."""

    @abstractmethod
    def removed_values(self, settings: Settings) -> Iterator[tuple[Path, str]]:
        """Values in ``platform.values`` that its chart does not know any more, and what to write instead."""

    @abstractmethod
    def stores(self, settings: Settings) -> Mapping[str, int]:
        """Sub-charts through which the pods of a stack talk, by the name that their pods carry: the port of their
        clients. Empty where neither etcd nor NATS is installed."""

    @abstractmethod
    def graph(self, settings: Settings, image: str, weight_bytes: float) -> Graph:
        """The graph of a stack that passes ``wideep.rules``. ``weight_bytes`` are what each worker reads first."""

    @abstractmethod
    def frontend_service(self, graph: str) -> str:
        """The Service that the operator makes for the frontend of a graph."""

    @abstractmethod
    def pod_labels(self, graph: str, role: Role | None) -> dict[str, str]:
        """Labels that exactly the pods of one role of a graph carry. None: those of the frontend."""

    @abstractmethod
    def workers(self, graph: str) -> dict[str, dict[str, str]]:
        """Labels that together select all workers of a graph, by a name for each set."""

    @abstractmethod
    def survives_shell(self, word: str) -> bool:
        """Whether an argument of a worker stays itself in the line that the operator makes of all of them."""

    @abstractmethod
    def working_dir(self, framework: Framework) -> str | None:
        """Where an engine's worker starts in the image. None: where the image says."""
