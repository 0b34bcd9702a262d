"""For which model and GPUs the layouts are asked."""

from __future__ import annotations

import difflib
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from ops.errors import CallError
from ops.load import settings_of, stack_file
from wideep.catalog.gpus import GPUS
from wideep.catalog.models import MODELS
from wideep.settings.hardware import Gpu, Hardware, Interconnect
from wideep.settings.model import ModelShape

__all__ = ["Question", "question"]

DEFAULT_MODEL = "deepseek-ai/DeepSeek-R1"
DEFAULT_HARDWARE = Hardware(gpu=Gpu.H200, nodes=1, gpus_per_node=8, interconnect=Interconnect.INFINIBAND)

RACK_NODE = 4
"""GPUs of a node in a rack that is one NVLink domain (GB200 NVL72, GB300 NVL72)."""


@dataclass(frozen=True)
class Question:
    """A model on a kind of GPU node. How many nodes there are does not count."""

    model: ModelShape
    hardware: Hardware


def question(
    model: str | None, gpu: str | None, gpus_per_node: int | None, stack: str | None, file: Path | None
) -> Question:
    """Model and hardware of the stack where one is named, else DeepSeek-R1 on nodes of 8 × H200 with RDMA; of either,
    what the other options say otherwise.

    Raises:
        CallError: a name is not in the catalog.
        ConfigError: the stack's config cannot be read.
    """
    shape, hardware = MODELS[DEFAULT_MODEL], DEFAULT_HARDWARE
    if stack or file:
        settings = settings_of(stack_file(stack, file))
        shape, hardware = settings.model, settings.hardware
    if model:
        shape = MODELS[_known("--model", model, MODELS)]
    if gpu:
        kind = Gpu(_known("--gpu", gpu, [str(member) for member in Gpu]))
        per_node = RACK_NODE if GPUS[kind].nvlink_domain > DEFAULT_HARDWARE.gpus_per_node else hardware.gpus_per_node
        hardware = hardware.model_copy(update={"gpu": kind, "gpus_per_node": per_node})
    if gpus_per_node:
        hardware = hardware.model_copy(update={"gpus_per_node": gpus_per_node})
    return Question(shape, hardware)


def _known(option: str, word: str, names: Iterable[str]) -> str:
    """The name of the catalog, in whatever case it was typed."""
    by_lower = {name.lower(): name for name in names}
    if word.lower() in by_lower:
        return by_lower[word.lower()]
    near = difflib.get_close_matches(word.lower(), by_lower, n=3, cutoff=0.4) or list(by_lower)
    fix = " or ".join(f"{option} {by_lower[name]}" for name in near)
    raise CallError(f"{option} {word}: the catalog has no such name.", f"Try {fix}.")
