"""What a rule is given: one role of a stack, its model and its GPUs."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Final

from wideep.catalog.families import ARCHITECTURES
from wideep.catalog.gpus import GpuSpec, gpu_spec
from wideep.engines import engine_of
from wideep.engines.base import Engine, Family
from wideep.errors import Problem
from wideep.memory import GpuMemory, Headroom
from wideep.settings.hardware import Hardware, Interconnect
from wideep.settings.layout import Role, RoleLayout
from wideep.settings.model import ModelShape
from wideep.settings.root import Settings

__all__ = ["RDMA", "RoleContext", "divisors", "listed", "multiples_around"]

RDMA: Final = frozenset({Interconnect.INFINIBAND, Interconnect.ROCE})


@dataclass(frozen=True)
class RoleContext:
    """One role with everything that its rules need."""

    name: Role
    role: RoleLayout
    model: ModelShape
    hardware: Hardware
    stack: Settings | None = None
    """The stack that the role belongs to. None: the role is checked by itself."""
    runs_on: Engine | None = None
    """The engine of a role that is checked by itself. None: the stack's, or the default engine."""

    @property
    def gpu(self) -> GpuSpec:
        """The GPU's row of the catalog, or the stack's own description of it."""
        return gpu_spec(self.hardware.gpu)

    @property
    def engine(self) -> Engine:
        """The engine that runs the role."""
        return self.runs_on or engine_of(self.stack)

    @property
    def family(self) -> Family:
        """What the engine can do with the model."""
        return self.engine.family(self.model.family)

    @property
    def architecture(self) -> str:
        """The model's class, as engines call it."""
        return ARCHITECTURES[self.model.family]

    @property
    def memory(self) -> GpuMemory:
        """Memory of each of the role's GPUs."""
        return self.engine.memory(self.model, self.gpu, self.name, self.role)

    @property
    def headroom(self) -> Headroom:
        """Memory that one of the role's GPUs is likely to need outside the pool."""
        return self.engine.headroom(self.model, self.gpu, self.name, self.role)

    @property
    def prefill_chunk(self) -> int:
        """Tokens of the role's prefill chunk, over all attention groups."""
        return self.engine.prefill_chunk(self.gpu, self.role)

    @property
    def nvlink_reach(self) -> int:
        """GPUs that reach each other over NVLink."""
        return self.gpu.nvlink_reach(self.hardware.gpus_per_node)

    @property
    def crosses_nvlink(self) -> bool:
        """Whether a worker's GPUs may be in different NVLink domains: its pods go to different nodes."""
        in_one_rack = self.nvlink_reach > self.hardware.gpus_per_node and self.role.gpus_per_worker <= self.nvlink_reach
        return self.role.nodes > 1 and not in_one_rack

    def changed(self, **fields: object) -> RoleContext:
        """Return the same context with fields of its role changed."""
        return replace(self, role=self.role.model_copy(update=fields))

    def problem(self, field: str, value: object, rule: str, fix: str) -> Problem:
        """Return a Problem of one of the role's keys; ``field`` is its camelCase name."""
        return Problem(f"layout.{self.name}.{field}", str(value), rule, fix)


def divisors(number: int) -> list[int]:
    """Return all divisors of a number, ascending."""
    small = [n for n in range(1, int(number**0.5) + 1) if number % n == 0]
    return sorted({*small, *(number // n for n in small)})


def multiples_around(value: int, step: int, first: int) -> list[int]:
    """Return the members of ``first, first + step, …`` around ``value``: the nearest one at or below it if it is not
    negative, and the next one above."""
    below = value - (value - first) % step
    return [n for n in (below, below + step) if n >= 0]


def listed(values: Iterable[object]) -> str:
    """Return the values as text: ``8, 16 or 32``."""
    words = [str(value) for value in values]
    return words[0] if len(words) == 1 else f"{', '.join(words[:-1])} or {words[-1]}"
