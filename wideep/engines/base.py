"""The interface of an inference engine: what it decides of a graph, of a plan, of rules and of what a log means.

settings, layout ──► Engine ─┬─ command, args, env, image        wideep.graph, wideep.plan
                             ├─ memory, headroom, batches        wideep.memory
                             ├─ rules, family, flags             wideep.rules
                             └─ log, recorder, components        wideep_cli
"""

from __future__ import annotations

import re
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING, ClassVar, Final

if TYPE_CHECKING:
    from wideep.catalog.gpus import GpuSpec
    from wideep.dynamo.api import Framework
    from wideep.engines.flags import FlagTable, Reason
    from wideep.engines.reading import RoleReading, SaidFlag
    from wideep.errors import Problem
    from wideep.memory import GpuMemory, Headroom
    from wideep.memory.weights import Shares
    from wideep.rules.role_context import RoleContext
    from wideep.settings.hardware import Hardware
    from wideep.settings.layout import Role, RoleLayout
    from wideep.settings.model import ModelFamily, ModelShape, WeightFormat
    from wideep.settings.root import Settings

    Rule = Callable[[RoleContext], Problem | None]

__all__ = ["CONFIG_PATH", "Engine", "EngineRules", "ExpertRecorder", "Family", "ImageRecipe", "LogFormat"]


CONFIG_PATH: Final = "/engine-config"
"""Where a worker finds the files of ``Engine.config_files``."""


@dataclass(frozen=True)
class Family:
    """What an engine can do with the models of one family."""

    deepep: bool
    """Its MoE block dispatches through DeepEP."""
    expert_location: bool
    """It can map experts to slots: redundant experts, EPLB and an initial location all need that."""
    pipeline: bool = True
    """It can be cut into pipeline stages."""


@dataclass(frozen=True)
class EngineRules:
    """Rules of one role, in stages: a later stage divides by what an earlier one checked."""

    all_gpus: Rule
    """A worker's sizes are all of its GPUs."""
    sizes: tuple[Rule, ...]
    derived: tuple[Rule, ...]


@dataclass(frozen=True)
class ImageRecipe:
    """How the engine's image is built from a release of Dynamo."""

    dockerfile: str
    """Its path in Dynamo's repository."""
    args: Mapping[str, str]


@dataclass(frozen=True)
class LogFormat:
    """Lines of a worker's log, as far as something is read from them. GB in them are GiB."""

    stages: tuple[tuple[str, str], ...]
    """Parts of lines in the order in which they come, and what the worker does then."""
    shards: re.Pattern[str]
    """The percentage of the weights that are loaded."""
    free_before_load: re.Pattern[str]
    loaded: str
    capturing: str
    """CUDA graphs are captured from here on."""
    graphs: str
    """Any line about CUDA graphs, in lower case."""
    graphs_failed: str
    ready: str
    average_balance: re.Pattern[str] | None
    """A number of passes, and the mean of the GPUs' tokens over the most of one in them. None: only ``balance``."""
    balance: re.Pattern[str]
    """The same of one pass."""
    balance_flag: str | None
    """With it, the engine counts at all times and logs how even the load is. None: its log says nothing of that."""
    balancer_started: str
    rebalance_begun: re.Pattern[str]
    rebalance_ended: re.Pattern[str]
    """With the seconds that it took, where it says so."""
    balance_too: frozenset[str] = frozenset()
    """Further values of ``balance_flag`` with which it logs that."""

    def logs_balance(self, args: Sequence[str]) -> bool:
        """True if an engine with these arguments logs how even the load is: a value may be a word of its own."""
        flag, _, value = (self.balance_flag or "").partition("=")
        words = [*args, *(f"{name}={after}" for name, after in pairwise(args))]
        return any(f"{flag}={each}" in words for each in (value, *self.balance_too)) if value else flag in words


@dataclass(frozen=True)
class ExpertRecorder:
    """How a running engine is asked to count its experts' tokens."""

    port: int
    start: str
    stop: str
    dump: str
    """Paths that are posted to."""
    folder_variable: str
    """Environment variable that names the folder of its dumps."""
    files: str
    """Its dumps there, as a pattern of names."""


@dataclass(frozen=True)
class Engine(ABC):
    """One release of an engine."""

    framework: ClassVar[Framework]
    title: ClassVar[str]
    weights_flag: ClassVar[str]
    """Names the folder of the weights."""
    name_flag: ClassVar[str]
    """Names the model as its users do."""
    formats: ClassVar[frozenset[WeightFormat]]
    """Of weights whose memory and kernels are worked out here on this engine."""
    owned_env: ClassVar[Mapping[str, tuple[str, str]]]
    """Environment variables that a key sets: why another value breaks what was checked, and what to write instead."""
    components: ClassVar[Mapping[str, Role]]
    """Roles, by the component's name under which Dynamo's frontend lists a worker."""
    exchange_of_groups: ClassVar[str] = "all-gather and all-reduce"
    """How tokens of several attention groups reach experts without DeepEP."""
    step_outside_share: ClassVar[bool] = False
    """``memFractionStatic`` leaves out what a step takes, which must find room beside it."""
    each_pod_registers: ClassVar[bool] = False
    """The frontend lists each pod of a worker, and not the worker."""
    longer_context: ClassVar[str | None] = None
    """Environment variable with which it takes a sequence that is longer than the model's. None: it never does."""
    version: str

    @property
    def release(self) -> str:
        """``SGLang 0.5.3.post2``."""
        return f"{self.title} {self.version}"

    @property
    @abstractmethod
    def flags(self) -> FlagTable:
        """Every flag that its parser takes, and which key of the stack has the say on it."""

    @property
    @abstractmethod
    def log(self) -> LogFormat:
        """What is read from a worker's log."""

    @property
    def recorder(self) -> ExpertRecorder | None:
        """How it is asked to count its experts' tokens. None: it cannot be asked."""
        return None

    @property
    @abstractmethod
    def command(self) -> tuple[str, ...]:
        """What a worker's container starts."""

    def started(self, args: tuple[str, ...]) -> tuple[tuple[str, ...], tuple[str, ...]]:
        """Command and arguments as the container has them: two lists that together start a worker with ``args``."""
        return self.command, args

    @abstractmethod
    def args(self, settings: Settings, role: Role, layout: RoleLayout) -> tuple[str, ...]:
        """All arguments of one role's engine."""

    def config_files(self, settings: Settings, role: Role, layout: RoleLayout) -> Mapping[str, str]:
        """Files that a role's workers read below ``CONFIG_PATH``, by name: what it takes there in place of flags."""
        return {}

    def reading(self, role: Role, said: Sequence[SaidFlag], env: Mapping[str, str], gpus_per_node: int) -> RoleReading:
        """Return the keys of a launch command: the inverse of ``args``.

        Raises ValueError for a value that is none of its type, and from an engine whose commands say too little."""
        raise ValueError(f"{self.title} takes what matters from a file, which is not read")

    @abstractmethod
    def env(self, role: Role, layout: RoleLayout, hardware: Hardware) -> dict[str, str]:
        """Environment variables that it reads in place of flags."""

    @property
    def metrics_env(self) -> Mapping[str, str]:
        """Environment variables without which it exposes no metrics, or not all. Its arguments for them are among
        ``args``."""
        return {}

    @property
    def image(self) -> ImageRecipe | None:
        """How its image is built. None: Dynamo's repository has no Dockerfile that does it as it stands."""
        return None

    def flag_of(self, key: str) -> str | None:
        """What a key of ``layout.ROLE`` is called in its flags. None: no flag of its own."""
        return self.flags.flag_of(key)

    def never(self, role: Role, key: str) -> Reason | None:
        """Why a key of ``layout.ROLE`` may not be set for that role, so that nobody is sent to it. None: it may."""
        return None

    def exchange(self, role: RoleLayout) -> str:
        """How tokens reach experts on other GPUs without DeepEP, in words of the field."""
        return "all-reduce" if role.dp == 1 else self.exchange_of_groups

    @abstractmethod
    def family(self, family: ModelFamily) -> Family:
        """What it can do with a family of models."""

    @abstractmethod
    def rules(self) -> EngineRules:
        """What a role must keep to run on it; rules of the model and of the hardware are among them, in order."""

    @abstractmethod
    def shares(self, role: RoleLayout) -> Shares:
        """Over how many GPUs it cuts what is neither experts nor attention."""

    @abstractmethod
    def memory(self, model: ModelShape, gpu: GpuSpec, name: Role, role: RoleLayout) -> GpuMemory:
        """Memory of each GPU of a worker. The layout's divisions must be exact."""

    @abstractmethod
    def headroom(self, model: ModelShape, gpu: GpuSpec, name: Role, role: RoleLayout) -> Headroom:
        """What one GPU is likely to need outside the pool."""

    @abstractmethod
    def prefill_chunk(self, gpu: GpuSpec, role: RoleLayout | None = None) -> int:
        """Tokens of the role's prefill chunk, over all attention groups. None: the engine's default."""

    @abstractmethod
    def graph_batch(self, gpu: GpuSpec, name: Role, role: RoleLayout) -> int:
        """Requests of one rank in the largest captured CUDA graph; 0: none is."""
