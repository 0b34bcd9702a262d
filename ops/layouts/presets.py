"""The presets for one model on one GPU: what lies on each GPU, and whether it can run."""

from __future__ import annotations

from dataclasses import dataclass

from ops.layouts.question import Question
from wideep.catalog.gpus import GPUS
from wideep.catalog.layouts import PRESETS, layout_of
from wideep.errors import Problem
from wideep.memory import GpuMemory, worker_memory
from wideep.rules import check
from wideep.settings import Settings
from wideep.settings.image import ExistingImage
from wideep.settings.layout import Layout, Preset, Role
from wideep.settings.root import HfToken
from wideep.settings.services import ModelCache

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
    layout, model = layout_of(preset), asked.model
    settings = _stack(layout, asked)
    roles = layout.roles
    whole = all((model.experts + role.redundant_experts) % role.ep == 0 for role in roles.values())
    memory = (
        {name: worker_memory(model, GPUS[asked.hardware.gpu], role) for name, role in roles.items()} if whole else {}
    )
    gpus = sum(role.gpus for role in roles.values())
    return PresetRow(preset, gpus, memory, tuple(check(settings)))


def _stack(layout: Layout, asked: Question) -> Settings:
    """The least that the rules can be asked of: the layout, with a node for each of its pods."""
    pods = sum(role.replicas * role.nodes for role in layout.roles.values())
    hardware = asked.hardware.model_copy(update={"nodes": pods})
    return Settings(
        namespace="layouts",
        model=asked.model,
        hardware=hardware,
        layout=layout,
        image=ExistingImage(source="existing", reference="registry.example.com/any@sha256:0"),
        hf_token=HfToken.SET,
        model_cache=ModelCache(size="1Pi"),
    )
