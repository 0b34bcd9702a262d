"""What the presets serve, for who has no estimator installed: recorded, and held to its answers by a test."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from wideep.catalog.models import MODELS
from wideep.settings.hardware import Gpu
from wideep.settings.layout import Preset
from wideep.settings.model import ModelShape

__all__ = ["BEST", "SERVED", "served_line"]

MODEL: Final = "deepseek-ai/DeepSeek-R1"
GPU: Final = Gpu.H200
SERVED: Final[Mapping[Preset, int]] = MappingProxyType(
    {
        Preset.LAB_16GPU_SINGLENODE: 142,
        Preset.LAB_16GPU_MULTINODE: 142,
        Preset.LAB_32GPU: 52,
        Preset.WIDE_32GPU: 369,
        Preset.WIDE_64GPU: 268,
    }
)
"""Output tokens/s a GPU, DeepSeek-R1 on H200, 4000 tokens in, 500 out, TTFT within 2 s, ITL within 50 ms, as
AIConfigurator 0.12.0 predicts. It does not know the presets that are not here."""
BEST: Final = 483
"""… of the best layout that ``wideep advise`` finds for 16, 32 or 64 GPUs."""


def served_line(model: ModelShape, gpu: Gpu) -> str | None:
    """The figures in a sentence; None for what they are not of."""
    if gpu is not GPU or _shape(model) != _shape(MODELS[MODEL]):
        return None
    figures = ", ".join(f"{preset} {tokens}" for preset, tokens in SERVED.items())
    return (
        f"Predicted tokens/s a GPU at 4000 tokens in and 500 out (TTFT 2s, ITL 50ms): {figures}; the best layout for "
        f"16, 32 or 64 GPUs {BEST}. The presets are the lab's and SGLang's: `wideep advise` finds the best for your "
        "GPUs and traffic."
    )


def _shape(model: ModelShape) -> dict[str, object]:
    """The model's numbers, which several models have in common."""
    return model.model_dump(exclude={"name", "revision", "disk_bytes"})
