"""A change of one role that frees memory, together with what the rest of the stack needs for it."""

from __future__ import annotations

from dataclasses import dataclass

from wideep.memory import GpuMemory
from wideep.rules.role_context import RoleContext

__all__ = ["Remedy"]


@dataclass(frozen=True)
class Remedy:
    """A change of one role."""

    keys: str
    """The keys to write under the role: ``nodes: 3, tp: 24``."""
    site: RoleContext
    """The role with the change applied."""
    gpus: int | None = None
    """GPUs of a worker, if the change is about them; else None."""
    besides: tuple[str, ...] = ()
    """Changes that are also needed outside the role: ``hardware.nodes: 3``."""

    @property
    def memory(self) -> GpuMemory:
        """Memory of one GPU with the change."""
        return self.site.memory

    @property
    def leaves(self) -> str:
        """The KV cache that remains with the change, as text."""
        return f"{self.memory.kv_cache_gb:.1f} GB ({self.memory.kv_cache_tokens:,} tokens) for the KV cache"

    @property
    def under_stack(self) -> str:
        """The change as keys of the stack: ``layout.decode.memFractionStatic: 0.8``."""
        several = self.keys.count(": ") > 1
        role = f"layout.{self.site.name}"
        return (f"{role}: {{{self.keys}}}" if several else f"{role}.{self.keys}") + self._besides

    @property
    def stated(self) -> str:
        """Everything that has to be written."""
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
