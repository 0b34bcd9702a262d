"""What a worker needs outside its pool, part by part: activations, CUDA graphs, buffers, a draft model."""

from __future__ import annotations

from dataclasses import dataclass

from wideep.catalog.gpus import GpuSpec
from wideep.engines import engine_of
from wideep.settings.layout import Role, RoleLayout
from wideep.settings.model import ModelShape

__all__ = ["Headroom", "headroom"]


@dataclass(frozen=True)
class Headroom:
    """Bytes on one GPU outside the pool."""

    runtime: float = 0.0
    requests: float = 0.0
    """The table of every request's token places: requests × context × 4 bytes, 1.3 GB for R1 with nothing said."""
    activations: float = 0.0
    """Of the largest prefill chunk, or of the largest decode batch."""
    cuda_graphs: float = 0.0
    """Of all captured batch sizes; none at prefill."""
    dispatched: float = 0.0
    """One layer's tensors of DeepEP's low-latency mode."""
    deepep: float = 0.0
    eplb: float = 0.0
    """One layer's expert slots, through which EPLB moves experts (``expert_location_updater.create_temp_buffers``)."""
    draft_weights: float = 0.0
    """Of a draft layer; of a draft model with its KV cache, as ``speculative.draftGb`` has it."""
    draft_cache: float = 0.0
    """KV cache of a draft layer, and the places of drafted tokens in the model's own."""
    least: float = 0.0
    """What is kept for such a worker at least, whatever the parts add up to."""
    transfer: float = 0.0
    """Buffers through which the KV cache of a prompt is sent and received."""

    @property
    def parts(self) -> dict[str, float]:
        """All parts by name, without those that are nothing."""
        return {name: size for name, size in vars(self).items() if size and name != "least"}

    @property
    def total(self) -> float:
        """All parts together, and at least what is kept anyway."""
        return max(self.least, sum(self.parts.values()))


def headroom(model: ModelShape, gpu: GpuSpec, name: Role, role: RoleLayout) -> Headroom:
    """What one GPU is likely to need outside the pool, on the engine that a stack gets which names none."""
    return engine_of().headroom(model, gpu, name, role)
