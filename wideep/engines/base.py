"""The interface of an inference engine: its part in a graph, in a plan, in the rules, and in the reading of logs.

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
"""Folder in a worker's container with the files of ``Engine.config_files``."""


@dataclass(frozen=True)
class Family:
    """What an engine supports for the models of one family."""

    deepep: bool
    """The family's MoE block dispatches through DeepEP."""
    expert_location: bool
    """The engine can map its experts to slots, as redundant experts, EPLB and an initial location require."""
    pipeline: bool = True
    """The family's models can be split into pipeline stages."""


@dataclass(frozen=True)
class EngineRules:
    """Rules of one role, in stages: a later stage divides by numbers that an earlier one has checked."""

    all_gpus: Rule
    """Checks that a worker's parallel sizes use all of its GPUs."""
    sizes: tuple[Rule, ...]
    derived: tuple[Rule, ...]


@dataclass(frozen=True)
class ImageRecipe:
    """How the engine's image is built from a release of Dynamo."""

    dockerfile: str
    """Path of the Dockerfile in Dynamo's repository."""
    args: Mapping[str, str]


@dataclass(frozen=True)
class LogFormat:
    """The lines of a worker's log that are parsed. Figures in GB in these logs are GiB."""

    stages: tuple[tuple[str, str], ...]
    """Substrings of log lines in the order in which they appear, each with what the worker is doing at that point."""
    shards: re.Pattern[str]
    """Matches the percentage of the weights loaded so far."""
    free_before_load: re.Pattern[str]
    loaded: str
    capturing: str
    """Marks the beginning of the capture of CUDA graphs."""
    graphs: str
    """Substring of any line about CUDA graphs, in lower case."""
    graphs_failed: str
    ready: str
    average_balance: re.Pattern[str] | None
    """Matches a number of passes, and the GPUs' mean token count divided by the largest one over those passes. None:
    the log has only ``balance``."""
    balance: re.Pattern[str]
    """Matches the same ratio for a single pass."""
    balance_flag: str | None
    """Flag with which the engine always counts tokens and logs how even the load is. None: its log never shows that."""
    balancer_started: str
    rebalance_begun: re.Pattern[str]
    rebalance_ended: re.Pattern[str]
    """Matches the end of a rebalance, with its duration in seconds if the line has it."""
    balance_too: frozenset[str] = frozenset()
    """Other values of ``balance_flag`` with which the engine also logs the balance."""

    def logs_balance(self, args: Sequence[str]) -> bool:
        """Tell whether an engine logs the balance with these arguments; the flag's value may be a separate one."""
        flag, _, value = (self.balance_flag or "").partition("=")
        words = [*args, *(f"{name}={after}" for name, after in pairwise(args))]
        return any(f"{flag}={each}" in words for each in (value, *self.balance_too)) if value else flag in words


@dataclass(frozen=True)
class ExpertRecorder:
    """HTTP interface for starting, stopping and dumping the count of tokens per expert on a running engine."""

    port: int
    start: str
    stop: str
    dump: str
    """Paths of the POST requests that start, stop and dump the recording."""
    folder_variable: str
    """Environment variable that sets the folder for the dumps."""
    files: str
    """Glob pattern of the dumps' file names."""


@dataclass(frozen=True)
class Engine(ABC):
    """One release of an engine."""

    framework: ClassVar[Framework]
    title: ClassVar[str]
    weights_flag: ClassVar[str]
    """Flag for the folder of the weights."""
    name_flag: ClassVar[str]
    """Flag for the model's name in requests."""
    formats: ClassVar[frozenset[WeightFormat]]
    """Weight formats for which memory and kernels of this engine are modelled."""
    owned_env: ClassVar[Mapping[str, tuple[str, str]]]
    """Environment variables that a key sets: why another value would invalidate the checks, and the fix."""
    components: ClassVar[Mapping[str, Role]]
    """Role by component name, as Dynamo's frontend lists the workers."""
    exchange_of_groups: ClassVar[str] = "all-gather and all-reduce"
    """How the tokens of several attention groups reach the experts without DeepEP."""
    step_outside_share: ClassVar[bool] = False
    """Whether ``memFractionStatic`` excludes the memory of a step, which must then fit outside that share."""
    each_pod_registers: ClassVar[bool] = False
    """Whether the frontend lists each pod of a worker instead of the worker as a whole."""
    longer_context: ClassVar[str | None] = None
    """Environment variable that allows sequences beyond the model's context length. None: there is none."""
    version: str

    @property
    def release(self) -> str:
        """Title and version: ``SGLang 0.5.3.post2``."""
        return f"{self.title} {self.version}"

    @property
    @abstractmethod
    def flags(self) -> FlagTable:
        """Every flag that the engine's parser accepts, and which key of the stack owns it."""

    @property
    @abstractmethod
    def log(self) -> LogFormat:
        """The lines of a worker's log that are parsed."""

    @property
    def recorder(self) -> ExpertRecorder | None:
        """How to make the engine count its experts' tokens. None: it offers no interface for that."""
        return None

    @property
    @abstractmethod
    def command(self) -> tuple[str, ...]:
        """The command of a worker's container."""

    def started(self, args: tuple[str, ...]) -> tuple[tuple[str, ...], tuple[str, ...]]:
        """Return the container's command and arguments, which together start a worker with ``args``."""
        return self.command, args

    @abstractmethod
    def args(self, settings: Settings, role: Role, layout: RoleLayout) -> tuple[str, ...]:
        """Return all arguments of one role's engine."""

    def config_files(self, settings: Settings, role: Role, layout: RoleLayout) -> Mapping[str, str]:
        """Return the content by name of files that a role's workers read under ``CONFIG_PATH`` in place of flags."""
        return {}

    def reading(self, role: Role, said: Sequence[SaidFlag], env: Mapping[str, str], gpus_per_node: int) -> RoleReading:
        """Return the keys of a launch command: the inverse of ``args``.

        Raises ValueError for a value that does not match its type, and from an engine whose options are in a file.
        """
        raise ValueError(f"{self.title} takes what matters from a file, which is not read")

    @abstractmethod
    def env(self, role: Role, layout: RoleLayout, hardware: Hardware) -> dict[str, str]:
        """Return the environment variables that the engine reads in place of flags."""

    @property
    def metrics_env(self) -> Mapping[str, str]:
        """Environment variables without which the engine exposes no metrics, or not all of them. The arguments for
        metrics are part of ``args``."""
        return {}

    @property
    def image(self) -> ImageRecipe | None:
        """How the engine's image is built. None: no Dockerfile in Dynamo's repository builds it without changes."""
        return None

    def flag_of(self, key: str) -> str | None:
        """Return the engine's flag for a key of ``layout.ROLE``. None: the key has no flag of its own."""
        return self.flags.flag_of(key)

    def never(self, role: Role, key: str) -> Reason | None:
        """Return why a key of ``layout.ROLE`` may not be set for the role, so that no advice names it; else None."""
        return None

    def exchange(self, role: RoleLayout) -> str:
        """Return the name of the collective operations that bring tokens to experts on other GPUs without DeepEP."""
        return "all-reduce" if role.dp == 1 else self.exchange_of_groups

    @abstractmethod
    def family(self, family: ModelFamily) -> Family:
        """Return what the engine supports for a family of models."""

    @abstractmethod
    def rules(self) -> EngineRules:
        """Return the rules that a role must keep on the engine, in order, with those of model and hardware."""

    @abstractmethod
    def shares(self, role: RoleLayout) -> Shares:
        """Return over how many GPUs the engine shards the weights that are neither experts nor attention."""

    @abstractmethod
    def memory(self, model: ModelShape, gpu: GpuSpec, name: Role, role: RoleLayout) -> GpuMemory:
        """Return the memory of each GPU of a worker. The layout's divisions must be exact."""

    @abstractmethod
    def headroom(self, model: ModelShape, gpu: GpuSpec, name: Role, role: RoleLayout) -> Headroom:
        """Return what one GPU is likely to need outside the pool."""

    @abstractmethod
    def prefill_chunk(self, gpu: GpuSpec, role: RoleLayout | None = None) -> int:
        """Return the tokens of the role's (by default the engine's) prefill chunk, over all attention groups."""

    @abstractmethod
    def graph_batch(self, gpu: GpuSpec, name: Role, role: RoleLayout) -> int:
        """Return the requests per rank in the largest captured CUDA graph; 0 if none is captured."""
