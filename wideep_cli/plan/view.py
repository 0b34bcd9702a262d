"""What the reports of a plan share: each role with its layout and memory, and numbers in readable form."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from wideep.catalog.gpus import GpuSpec
from wideep.plan import MemoryPlan, RolePlan
from wideep.rules import RoleContext
from wideep.rules.registry import sites
from wideep.settings.layout import Role, RoleLayout
from wideep.settings.model import ModelShape
from wideep_cli.stack_context import StackContext

__all__ = [
    "MemoryShare",
    "RoleView",
    "all_to_all",
    "headline",
    "memory_shares",
    "on_one_line",
    "role_views",
    "thousands",
    "weight_lines",
]


@dataclass(frozen=True)
class RoleView:
    """One role of a plan."""

    site: RoleContext
    plan: RolePlan

    @property
    def memory(self) -> MemoryPlan:
        """How the memory of one GPU is divided."""
        return self.plan.memory

    @property
    def role(self) -> Role:
        """The role: prefill or decode."""
        return self.site.name

    @property
    def layout(self) -> RoleLayout:
        """The role's layout as configured."""
        return self.site.role

    @property
    def model(self) -> ModelShape:
        """The model's shape."""
        return self.site.model

    @property
    def gpu(self) -> GpuSpec:
        """The GPU's entry in the catalog."""
        return self.site.gpu

    @property
    def full_contexts(self) -> float:
        """The number of sequences of the maximum length whose KV cache fits on one GPU."""
        return self.plan.kv_cache_tokens / (self.layout.context_length or self.model.context_length)

    @property
    def needed_gb(self) -> float:
        """Memory in GB that the worker probably needs outside the pool, as estimated by ``wideep.memory.headroom``."""
        return self.site.headroom.total / 1e9


@dataclass(frozen=True)
class MemoryShare:
    """A segment of the memory bar."""

    name: str
    gigabytes: float


def role_views(loaded: StackContext) -> list[RoleView]:
    """Return the views of prefill and decode."""
    return [RoleView(site, loaded.plan.roles[site.name]) for site in sites(loaded.settings)]


def on_one_line(warning: str) -> str:
    """Return a warning's key, rule and remedy on one line."""
    return " – ".join(line.strip() for line in warning.splitlines())


def memory_shares(memory: MemoryPlan) -> list[MemoryShare]:
    """Return a GPU's memory in segments: experts, other weights, KV cache, outside the pool, and what is taken
    first."""
    experts = memory.weights["expert_slots"]
    return [
        MemoryShare("experts", experts),
        MemoryShare("other weights", sum(memory.weights.values()) - experts),
        MemoryShare("KV cache", memory.kv_cache_gb),
        MemoryShare("outside the pool", memory.headroom_gb),
        MemoryShare("CUDA and NCCL", memory.taken_gb),
    ]


def weight_lines(memory: MemoryPlan) -> Iterator[MemoryShare]:
    """Return the weights on one GPU, part by part, without the parts that the model does not have."""
    weights = dict(memory.weights)
    weights["attention"] += weights.pop("attention_replicated")
    names = {"lm_head": "lm_head"}
    return (MemoryShare(names.get(part, part.replace("_", " ")), size) for part, size in weights.items() if size)


def headline(loaded: StackContext) -> str:
    """Return model, hardware and size on one line."""
    plan, hardware = loaded.plan, loaded.settings.hardware
    return (
        f"{plan.model} · {plan.layout} · {plan.gpus} × {hardware.gpu} on {plan.nodes} "
        f"{'node' if plan.nodes == 1 else 'nodes'}"
    )


def all_to_all(layout: RoleLayout) -> str:
    """Return how tokens reach their experts, in one or two words."""
    return f"DeepEP {layout.deepep_mode}" if layout.deepep else "none"


def thousands(tokens: int) -> str:
    """Return a token count in short form: ``493k``, ``1.21M``."""
    if tokens >= 1_000_000:
        return f"{tokens / 1e6:.2f}M"
    return f"{tokens // 1000}k" if tokens >= 1000 else str(tokens)
