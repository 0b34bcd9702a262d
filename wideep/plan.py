"""The Plan: everything that follows from a stack config, worked out before any resource exists.

Components turn parts of it into resources and the command prints it, so that what they say cannot differ.
"""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict

from wideep.settings.layout import Role

__all__ = ["Manifest", "Plan", "RolePlan"]

Manifest = dict[str, object]
"""A Kubernetes object on its way out."""


class PlanModel(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class RolePlan(PlanModel):
    """One role: its workers, their parallel sizes, and what lies on each GPU (decimal GB)."""

    replicas: int
    pods: int
    """Pods of one worker."""
    gpus_per_pod: int
    tp: int
    dp: int
    ep: int
    redundant_experts: int
    expert_slots_per_gpu: int
    weights_gb: float
    kv_cache_gb: float
    kv_cache_tokens: int
    args: tuple[str, ...]
    """The engine's arguments, as in the container."""

    @property
    def gpus(self) -> int:
        """GPUs of all workers of this role."""
        return self.replicas * self.pods * self.gpus_per_pod


class Plan(PlanModel):
    """See the module. ``roles`` has prefill and decode."""

    gpus: int
    nodes: int
    model: str
    layout: str
    image: str
    roles: dict[Role, RolePlan]
    manifests: tuple[Manifest, ...]
