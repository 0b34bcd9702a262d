"""Recorded predictions for the presets, for users without the estimator; a test compares them with its answers."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

from wideep.catalog.layouts import layout_of, preset_gpus
from wideep.catalog.models import MODELS
from wideep.price import per_million_tokens
from wideep.settings.hardware import Gpu, GpuKind
from wideep.settings.layout import Layout, Preset
from wideep.settings.model import ModelShape
from wideep.settings.traffic import Traffic
from wideep.text import shown_rate

__all__ = ["BEST", "SERVED", "TRAFFICS", "Served", "served", "strongest", "suggestion"]

MODEL: Final = "deepseek-ai/DeepSeek-R1"
GPU: Final = Gpu.H200
TRAFFICS: Final = (
    Traffic(isl=4000, osl=500),
    Traffic(isl=2000, osl=500),
    Traffic(isl=8192, osl=1024, ttft="5s"),
)
"""Traffic of Dynamo's and SGLang's published runs of DeepSeek-R1: prompts of 4000 and 8k tokens, and of 2000."""
FIRST: Final = f"for {TRAFFICS[0].isl} input and {TRAFFICS[0].osl} output tokens"
SERVED: Final[Mapping[Preset, tuple[float, float, float]]] = MappingProxyType(
    {
        Preset.LAB_16GPU_SINGLENODE: (137.9, 295.7, 104.6),
        Preset.LAB_16GPU_MULTINODE: (137.9, 295.7, 104.6),
        Preset.LAB_32GPU: (48.0, 96.5, 47.6),
        Preset.WIDE_32GPU: (369.2, 790.6, 342.4),
        Preset.WIDE_64GPU: (268.4, 555.4, 256.1),
        Preset.BEST_16GPU: (482.6, 781.0, 339.8),
        Preset.BEST_32GPU: (482.6, 814.0, 419.2),
        Preset.BEST_64GPU: (482.6, 814.0, 419.2),
        Preset.BEST_104GPU: (519.7, 751.4, 419.2),
    }
)
"""Output tokens/s per GPU for each of the traffics, DeepSeek-R1 on H200, as AIConfigurator 0.12.0 predicts. It has no
prediction for the presets that are missing here: EP 72 of wide-104gpu was never measured, and lab-8gpu does not fit."""
BEST: Final[Mapping[int, tuple[float, float, float]]] = MappingProxyType(
    {16: (482.6, 781.0, 339.8), 32: (482.6, 814.0, 419.2), 64: (482.6, 814.0, 419.2), 104: (519.7, 841.1, 419.2)}
)
"""The same for the best layout that ``wideep advise`` finds, by number of GPUs."""


@dataclass(frozen=True)
class Served:
    """What one preset serves for one traffic."""

    traffic: Traffic
    tokens_per_second_per_gpu: float
    share_of_best: float
    """The share of what the best layout with as many GPUs serves."""

    def price(self, per_gpu_hour: float) -> float:
        """Return the price of a million output tokens, given the price of a GPU hour."""
        return per_million_tokens(per_gpu_hour, self.tokens_per_second_per_gpu)


def served(preset: Preset, model: ModelShape, gpu: GpuKind) -> tuple[Served, ...]:
    """Return what a preset serves for each traffic; empty if nothing is recorded for the preset, model and GPU."""
    if not _known(model, gpu) or preset not in SERVED:
        return ()
    rows = zip(TRAFFICS, SERVED[preset], BEST[preset_gpus(preset)], strict=True)
    return tuple(Served(traffic, tokens, tokens / most) for traffic, tokens, most in rows)


def suggestion(layout: Layout, model: ModelShape, gpu: GpuKind) -> str | None:
    """Return a sentence about the stack's preset if it serves the most of the presets with as many GPUs, else about the
    one that does. None if that is not known, or the layout is not a preset."""
    own = layout.preset
    if own is None or not _known(model, gpu) or layout != layout_of(own):
        return None
    rivals = _rivals(preset_gpus(own))
    best = _best(rivals)
    if best is None:
        return None
    if best is own:
        return f"`layout: {own}` serves {_rate(rivals[own])}, {FIRST}: the most of the presets with as many GPUs."
    more = f"{rivals[best] / rivals[own]:.1f} times as much" if own in rivals else _rate(rivals[best])
    return f"`layout: {best}` serves {more} on the same number of GPUs, {FIRST}: see `wideep layouts`."


def strongest(gpus: int, model: ModelShape, gpu: GpuKind) -> str | None:
    """Return a sentence about the preset that serves the most on this number of GPUs; None if none is known."""
    rivals = _rivals(gpus) if _known(model, gpu) else {}
    best = _best(rivals)
    return best and f"Of the presets `layout: {best}` serves the most: {_rate(rivals[best])}, {FIRST}."


def _best(rivals: Mapping[Preset, float]) -> Preset | None:
    return max(rivals, key=rivals.__getitem__, default=None)


def _rate(tokens: float) -> str:
    return f"{shown_rate(tokens)} tokens/s per GPU predicted"


def _rivals(gpus: int) -> dict[Preset, float]:
    """Return the output tokens/s per GPU, for the first traffic, of each preset with this number of GPUs."""
    return {preset: tokens[0] for preset, tokens in SERVED.items() if preset_gpus(preset) == gpus}


def _known(model: ModelShape, gpu: GpuKind) -> bool:
    return gpu is GPU and model.is_shaped_as(MODELS[MODEL])
