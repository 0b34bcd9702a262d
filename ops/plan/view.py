"""What the reports of a plan have in common: each role with its layout and memory, and numbers as people read them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from ops.load import Loaded
from wideep.catalog.gpus import GPUS, GpuSpec
from wideep.memory import GpuMemory, worker_memory
from wideep.plan import RolePlan
from wideep.settings.layout import Role, RoleLayout
from wideep.settings.model import ModelShape

__all__ = [
    "MemoryShare",
    "RoleView",
    "all_to_all",
    "headline",
    "memory_shares",
    "role_views",
    "thousands",
]


@dataclass(frozen=True)
class RoleView:
    """One role of a plan."""

    role: Role
    layout: RoleLayout
    plan: RolePlan
    memory: GpuMemory
    model: ModelShape
    gpu: GpuSpec

    @property
    def sequences(self) -> float:
        """Sequences of the full context length whose KV cache fits on one GPU."""
        return self.memory.kv_cache_tokens / (self.layout.context_length or self.model.context_length)


@dataclass(frozen=True)
class MemoryShare:
    """A stretch of the memory bar."""

    name: str
    gigabytes: float


def role_views(loaded: Loaded) -> list[RoleView]:
    """Prefill and decode."""
    settings, plan = loaded.settings, loaded.plan
    gpu = GPUS[settings.hardware.gpu]
    return [
        RoleView(role, layout, plan.roles[role], worker_memory(settings.model, gpu, layout), settings.model, gpu)
        for role, layout in settings.layout.roles.items()
    ]


def memory_shares(memory: GpuMemory) -> list[MemoryShare]:
    """A GPU's memory from end to end: experts, other weights, KV cache, and what is outside the pool."""
    parts = memory.parts
    return [
        MemoryShare("experts", parts.expert_slots / 1e9),
        MemoryShare("other weights", (parts.total - parts.expert_slots) / 1e9),
        MemoryShare("KV cache", memory.kv_cache_gb),
        MemoryShare("outside the pool", memory.headroom_gb),
    ]


def weight_lines(memory: GpuMemory) -> Iterator[MemoryShare]:
    """The weights on one GPU, part by part, without the parts that the model does not have."""
    parts = memory.parts
    named = {
        "expert slots": parts.expert_slots,
        "attention": parts.attention + parts.attention_replicated,
        "embedding": parts.embedding,
        "lm_head": parts.lm_head,
        "shared expert": parts.shared_expert,
        "dense layers": parts.dense_layers,
        "router": parts.router,
    }
    return (MemoryShare(name, size / 1e9) for name, size in named.items() if size)


def headline(loaded: Loaded) -> str:
    """Model, hardware and size in a line."""
    plan, hardware = loaded.plan, loaded.settings.hardware
    return (
        f"{plan.model} · {plan.layout} · {plan.gpus} × {hardware.gpu} on {plan.nodes} "
        f"{'node' if plan.nodes == 1 else 'nodes'}"
    )


def all_to_all(layout: RoleLayout) -> str:
    """How tokens reach their experts, in a word or two."""
    return f"DeepEP {layout.deepep_mode}" if layout.deepep else "none"


def thousands(tokens: int) -> str:
    """A count of tokens, short: ``493k``, ``1.21M``."""
    if tokens >= 1_000_000:
        return f"{tokens / 1e6:.2f}M"
    return f"{tokens // 1000}k" if tokens >= 1000 else str(tokens)
