"""The catalog's models with what runs them on a kind of GPU."""

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
    """As published, or as many bytes as the shape needs: decimal GB."""
    presets: Mapping[Backend, tuple[str, ...]]
    """Those that fit, by engine, the fewest GPUs first; an engine without any does not run the model in a preset."""

    @property
    def parameters(self) -> float:
        """How many, worked out from the shape: two bytes each of the same model in bf16, without MLA's second kv_b,
        which the engine makes. Multi-token-prediction layers are not among them."""
        stored = model_bytes(self.shape.model_copy(update={"weight_format": WeightFormat.BF16})) / 2
        mla = self.shape.attention
        if not isinstance(mla, Mla):
            return stored
        return stored - self.shape.layers * mla.kv_lora_rank * mla.heads * (mla.qk_nope_head_dim + mla.v_head_dim)


def model_rows(gpu: str) -> list[ModelRow]:
    """All of them in the catalog's order.

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
