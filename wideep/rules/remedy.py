"""A change of one role that gives it memory, with what the rest of the stack needs for it."""

from __future__ import annotations

from dataclasses import dataclass

from wideep.memory import GpuMemory
from wideep.rules.role_context import RoleContext

__all__ = ["Remedy"]


@dataclass(frozen=True)
class Remedy:
    """A change of one role."""

    keys: str
    """What to write under the role, ``nodes: 3, tp: 24``."""
    site: RoleContext
    """The role with it."""
    gpus: int | None = None
    """GPUs of a worker, where the change is of them."""
    besides: tuple[str, ...] = ()
    """What must change outside the role too: ``hardware.nodes: 3``."""

    @property
    def memory(self) -> GpuMemory:
        """One GPU's memory with it."""
        return self.site.memory

    @property
    def leaves(self) -> str:
        """The KV cache that it leaves."""
        return f"{self.memory.kv_cache_gb:.1f} GB ({self.memory.kv_cache_tokens:,} tokens) for the KV cache"

    @property
    def under_stack(self) -> str:
        """The same as keys of the stack: ``layout.decode.memFractionStatic: 0.8``."""
        several = self.keys.count(": ") > 1
        role = f"layout.{self.site.name}"
        return (f"{role}: {{{self.keys}}}" if several else f"{role}.{self.keys}") + self._besides

    @property
    def stated(self) -> str:
        """All that is to be written."""
        return self.keys + self._besides

    @property
    def _besides(self) -> str:
        return "".join(f" and {change}" for change in self.besides)

    def __str__(self) -> str:
        left = f"leaves {self.leaves} and {self.memory.headroom_gb:.1f} GB outside the pool"
        if self.gpus is None:
            return f"set {self.stated}, which {left}"
        worker = f"use {self.gpus} {self.site.hardware.gpu} a worker ({self.keys}){self._besides}"
        return f"{worker}: {self.memory.weights_gb:.1f} GB of weights on each {left}"
