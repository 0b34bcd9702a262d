"""For which model and GPU the layouts are asked."""

from __future__ import annotations

import difflib
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from ops.errors import CallError
from ops.load import settings_of, stack_file
from wideep.catalog.models import MODELS
from wideep.settings.hardware import Gpu
from wideep.settings.model import ModelShape

__all__ = ["Question", "question"]

DEFAULT_MODEL = "deepseek-ai/DeepSeek-R1"
DEFAULT_GPU = Gpu.H200


@dataclass(frozen=True)
class Question:
    """A model on a GPU."""

    model: ModelShape
    gpu: Gpu


def question(model: str | None, gpu: str | None, stack: str | None, file: Path | None) -> Question:
    """Model and GPU as named, or those of the stack where one is named, or else DeepSeek-R1 on H200.

    Raises:
        CallError: a name is not in the catalog.
        ConfigError: the stack's config cannot be read.
    """
    shape, kind = MODELS[DEFAULT_MODEL], DEFAULT_GPU
    if stack or file:
        settings = settings_of(stack_file(stack, file))
        shape, kind = settings.model, settings.hardware.gpu
    if model:
        shape = MODELS[_known("--model", model, MODELS)]
    if gpu:
        kind = Gpu(_known("--gpu", gpu, [str(member) for member in Gpu]))
    return Question(shape, kind)


def _known(option: str, word: str, names: Iterable[str]) -> str:
    """The name of the catalog, in whatever case it was typed."""
    by_lower = {name.lower(): name for name in names}
    if word.lower() in by_lower:
        return by_lower[word.lower()]
    near = difflib.get_close_matches(word.lower(), by_lower, n=3, cutoff=0.4) or list(by_lower)
    fix = " or ".join(f"{option} {by_lower[name]}" for name in near)
    raise CallError(f"{option} {word}: the catalog has no such name.", f"Try {fix}.")
