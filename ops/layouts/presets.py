"""The presets for one model on one GPU: what lies on each GPU, and whether it can run."""

from __future__ import annotations

from dataclasses import dataclass

from ops.layouts.question import Question
from wideep.catalog.layouts import PRESETS
from wideep.errors import Problem
from wideep.memory import GpuMemory, worker_memory
from wideep.rules import RoleSite, check_role
from wideep.settings.layout import Preset, Role

__all__ = ["PresetRow", "preset_rows"]


@dataclass(frozen=True)
class PresetRow:
    """One preset."""

    preset: Preset
    gpus: int
    memory: dict[Role, GpuMemory]
    """Empty where the model's experts cannot be divided that way."""
    problems: tuple[Problem, ...]
    """Why it cannot run; empty where it can."""


def preset_rows(asked: Question) -> list[PresetRow]:
    """Each preset of the catalog, in its order, on as many nodes as it needs."""
    return [_row(preset, asked) for preset in PRESETS]


def _row(preset: Preset, asked: Question) -> PresetRow:
    roles = PRESETS[preset]
    sites = [RoleSite(name, role, asked.model, asked.hardware) for name, role in roles.items()]
    whole = all((asked.model.experts + role.redundant_experts) % role.ep == 0 for role in roles.values())
    memory = {site.name: worker_memory(site.model, site.gpu, site.role) for site in sites} if whole else {}
    problems = tuple(problem for site in sites for problem in check_role(site))
    return PresetRow(preset, sum(role.gpus for role in roles.values()), memory, problems)
