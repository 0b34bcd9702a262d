"""Memory that a worker needs outside its pool, part by part: activations, CUDA graphs, buffers, a draft model."""

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
    """Table of every request's token indices: requests × context × 4 bytes; 1.3 GB for R1 with default settings."""
    activations: float = 0.0
    """Activations of the largest prefill chunk, or of the largest decode batch."""
    cuda_graphs: float = 0.0
    """CUDA graphs of all captured batch sizes; 0 for a prefill worker that captures none."""
    dispatched: float = 0.0
    """One layer's tensors of DeepEP's low-latency mode."""
    deepep: float = 0.0
    eplb: float = 0.0
    """One layer's expert slots, which EPLB uses to move experts (``expert_location_updater.create_temp_buffers``)."""
    draft_weights: float = 0.0
    """Weights of a draft layer; for a draft model including its KV cache, as given by ``speculative.draftGb``."""
    draft_cache: float = 0.0
    """KV cache of a draft layer, and the drafted tokens in the model's own cache."""
    least: float = 0.0
    """Minimum that the engine keeps free for such a worker, whatever the parts add up to."""
    transfer: float = 0.0
    """Buffers through which the KV cache of a prompt is sent and received."""

    @property
    def parts(self) -> dict[str, float]:
        """All parts by name, in bytes, without those that are 0."""
        return {name: size for name, size in vars(self).items() if size and name != "least"}

    @property
    def total(self) -> float:
        """Sum of all parts in bytes, or ``least`` if that is more."""
        return max(self.least, sum(self.parts.values()))


def headroom(model: ModelShape, gpu: GpuSpec, name: Role, role: RoleLayout) -> Headroom:
    """Return what one GPU is likely to need outside the pool, on the default engine."""
    return engine_of().headroom(model, gpu, name, role)
