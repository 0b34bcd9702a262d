"""The catalog's models, and the presets that run each on a kind of GPU."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from wideep.catalog.models import MODELS
from wideep.memory.weights import model_bytes
from wideep.settings.backend import Backend
from wideep.settings.model import Mla, ModelShape, WeightFormat
from wideep_cli.layouts.presets import preset_rows
from wideep_cli.layouts.question import question

__all__ = ["ModelRow", "model_rows"]


@dataclass(frozen=True)
class ModelRow:
    """One model of the catalog."""

    shape: ModelShape
    weights_gb: float
    """Size of the published weights in GB, or of the weights that the shape needs if that is not known."""
    presets: Mapping[Backend, tuple[str, ...]]
    """The presets that fit, by engine, fewest GPUs first; empty for an engine that runs the model in no preset."""

    @property
    def parameters(self) -> float:
        """The number of parameters, computed from the shape: half the bytes of the same model in bf16, without MLA's
        second kv_b, which the engine creates. Multi-token prediction layers are not counted."""
        stored = model_bytes(self.shape.model_copy(update={"weight_format": WeightFormat.BF16})) / 2
        mla = self.shape.attention
        if not isinstance(mla, Mla):
            return stored
        return stored - self.shape.layers * mla.kv_lora_rank * mla.heads * (mla.qk_nope_head_dim + mla.v_head_dim)


def model_rows(gpu: str) -> list[ModelRow]:
    """Return all models in the catalog's order.

    Raises:
        CallError: the catalog has no such GPU.
    """
    return [_row(shape, gpu) for shape in MODELS.values()]


def _row(shape: ModelShape, gpu: str) -> ModelRow:
    presets = {backend: _fitting(shape, gpu, backend) for backend in Backend}
    return ModelRow(shape, (shape.disk_bytes or model_bytes(shape)) / 1e9, presets)


def _fitting(shape: ModelShape, gpu: str, backend: Backend) -> tuple[str, ...]:
    rows = preset_rows(question(shape.name, gpu, None, None, None, str(backend)))
    return tuple(str(row.preset) for row in sorted(rows, key=lambda row: row.gpus) if not row.problems)
