"""Which pod and GPU holds what, in the form that a picture wants it."""

from __future__ import annotations

from dataclasses import dataclass

from ops.plan.view import RoleView

__all__ = ["PlacedGpu", "PlacedPod", "placed_pods"]


@dataclass(frozen=True)
class PlacedGpu:
    """One GPU of a pod."""

    rank: int
    """Its rank in the worker."""
    experts: tuple[int, ...]
    """The expert in each of its slots, the same in all MoE layers."""
    redundant: tuple[bool, ...]
    """Which of the slots are copies."""


@dataclass(frozen=True)
class PlacedPod:
    """One pod of a worker."""

    worker: int
    index: int
    gpus: tuple[PlacedGpu, ...]


def placed_pods(view: RoleView) -> list[PlacedPod]:
    plan, experts = view.plan, view.model.experts
    shared_by = plan.tp // plan.ep
    size = plan.expert_slots_per_gpu
    pods: list[PlacedPod] = []
    for worker in range(plan.replicas):
        for pod in range(plan.pods):
            gpus: list[PlacedGpu] = []
            for local in range(plan.gpus_per_pod):
                rank = pod * plan.gpus_per_pod + local
                slots = range(rank // shared_by * size, (rank // shared_by + 1) * size)
                gpus.append(PlacedGpu(rank, tuple(s % experts for s in slots), tuple(s >= experts for s in slots)))
            pods.append(PlacedPod(worker, pod, tuple(gpus)))
    return pods
