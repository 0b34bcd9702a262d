"""The presets for one model on one kind of GPU: memory on each GPU, and whether the preset can run."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

from wideep.catalog.layouts import PRESETS, preset_gpus
from wideep.errors import Problem
from wideep.memory import GpuMemory
from wideep.rules import RoleContext, check_role
from wideep.settings.backend import Backend
from wideep.settings.layout import Preset, Role
from wideep_cli.layouts.question import Question
from wideep_cli.layouts.served import Served, served

__all__ = ["SOURCES", "PresetRow", "preset_rows"]

SOURCES: Final[Mapping[str, str]] = MappingProxyType(
    {
        "lab": "the lab's",
        "wide": "modelled on SGLang's published ones",
        "vllm": "Dynamo's for vLLM",
        "trtllm": "Dynamo's for TensorRT-LLM on GB200",
        "best": "the best that `wideep advise` finds for as many H200",
    }
)
"""The origin of a preset, by the first word of its name."""


@dataclass(frozen=True)
class PresetRow:
    """One preset for the model and GPU in question."""

    preset: Preset
    gpus: int
    memory: dict[Role, GpuMemory]
    """The memory of a GPU of each role; empty if the model's experts cannot be divided that way."""
    problems: tuple[Problem, ...]
    """Why the preset cannot run; empty if it can."""
    served: tuple[Served, ...]
    """What the preset serves for each recorded traffic; empty if that is not known."""

    @property
    def source(self) -> str:
        """The origin of the preset."""
        return SOURCES[self.preset.partition("-")[0]]


def preset_rows(asked: Question) -> list[PresetRow]:
    """Return each preset of the catalog, in its order, on as many nodes as it needs."""
    return [_row(preset, asked) for preset in PRESETS if preset.backend in (None, asked.backend)]


def _row(preset: Preset, asked: Question) -> PresetRow:
    roles = PRESETS[preset]
    sites = [RoleContext(name, role, asked.model, asked.hardware, runs_on=asked.engine) for name, role in roles.items()]
    whole = all((asked.model.experts + role.redundant_experts) % role.ep == 0 for role in roles.values())
    memory = {site.name: site.memory for site in sites} if whole else {}
    problems = tuple(problem for site in sites for problem in check_role(site))
    known = served(preset, asked.model, asked.hardware.gpu) if asked.backend is Backend.SGLANG else ()
    return PresetRow(preset, preset_gpus(preset), memory, problems, known)
