"""What the reports of a plan have in common: each role with its layout and memory, and numbers as people read them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from ops.load import Loaded
from wideep.catalog.gpus import GpuSpec
from wideep.memory import GpuMemory, headroom, worker_memory
from wideep.plan import RolePlan
from wideep.rules import RoleSite
from wideep.rules.book import sites
from wideep.settings.layout import Role, RoleLayout
from wideep.settings.model import ModelShape

__all__ = [
    "MemoryShare",
    "RoleView",
    "all_to_all",
    "headline",
    "memory_shares",
    "on_one_line",
    "role_views",
    "thousands",
]


@dataclass(frozen=True)
class RoleView:
    """One role of a plan."""

    site: RoleSite
    plan: RolePlan
    memory: GpuMemory

    @property
    def role(self) -> Role:
        """Prefill or decode."""
        return self.site.name

    @property
    def layout(self) -> RoleLayout:
        """The role as it is written."""
        return self.site.role

    @property
    def model(self) -> ModelShape:
        """The model's shape."""
        return self.site.model

    @property
    def gpu(self) -> GpuSpec:
        """The GPU's row of the catalog."""
        return self.site.gpu

    @property
    def full_contexts(self) -> float:
        """Sequences of the greatest length whose KV cache fits on one GPU."""
        return self.memory.kv_cache_tokens / (self.layout.context_length or self.model.context_length)

    @property
    def needed_gb(self) -> float:
        """What the worker is likely to need outside the pool, by the estimate of ``wideep.memory.headroom``."""
        return headroom(self.model, self.gpu, self.role, self.layout).total / 1e9


@dataclass(frozen=True)
class MemoryShare:
    """A stretch of the memory bar."""

    name: str
    gigabytes: float


def role_views(loaded: Loaded) -> list[RoleView]:
    """Prefill and decode."""
    return [
        RoleView(site, loaded.plan.roles[site.name], worker_memory(site.model, site.gpu, site.role))
        for site in sites(loaded.settings)
    ]


def on_one_line(warning: str) -> str:
    """A warning's key, rule and remedy, side by side."""
    return " – ".join(line.strip() for line in warning.splitlines())


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
