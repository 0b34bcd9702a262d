"""The presets for one model on one GPU: what lies on each GPU, and whether it can run."""

from __future__ import annotations

from dataclasses import dataclass

from wideep.catalog.gpus import GPUS
from wideep.catalog.layouts import PRESETS, layout_of
from wideep.errors import Problem
from wideep.memory import GpuMemory, worker_memory
from wideep.rules import check
from wideep.settings import Settings
from wideep.settings.hardware import Gpu, Hardware, Interconnect
from wideep.settings.image import ExistingImage
from wideep.settings.layout import Layout, Preset, Role
from wideep.settings.model import ModelShape
from wideep.settings.root import HfToken
from wideep.settings.services import ModelCache

__all__ = ["PresetRow", "preset_rows"]


@dataclass(frozen=True)
class PresetRow:
    """One preset."""

    preset: Preset
    gpus: int
    nodes: int
    """Nodes that it takes where a node has as many GPUs as its pods ask for."""
    memory: dict[Role, GpuMemory]
    """Empty where the model's experts cannot be divided that way."""
    problems: tuple[Problem, ...]
    """Why it cannot run; empty where it can."""


def preset_rows(model: ModelShape, gpu: Gpu) -> list[PresetRow]:
    """Each preset of the catalog, in its order, on nodes with RDMA between them."""
    return [_row(preset, model, gpu) for preset in PRESETS]


def _row(preset: Preset, model: ModelShape, gpu: Gpu) -> PresetRow:
    layout = layout_of(preset)
    settings = _stack(layout, model, gpu)
    roles = layout.roles
    whole = all((model.experts + role.redundant_experts) % role.ep == 0 for role in roles.values())
    memory = {name: worker_memory(model, GPUS[gpu], role) for name, role in roles.items()} if whole else {}
    gpus = sum(role.gpus for role in roles.values())
    return PresetRow(preset, gpus, settings.hardware.nodes, memory, tuple(check(settings)))


def _stack(layout: Layout, model: ModelShape, gpu: Gpu) -> Settings:
    """The least that the rules can be asked of: the layout, on just the hardware that it wants."""
    roles = layout.roles.values()
    hardware = Hardware(
        gpu=gpu,
        nodes=sum(role.replicas * role.nodes for role in roles),
        gpus_per_node=max(role.gpus_per_node for role in roles),
        interconnect=Interconnect.INFINIBAND,
    )
    return Settings(
        namespace="layouts",
        model=model,
        hardware=hardware,
        layout=layout,
        image=ExistingImage(source="existing", reference="registry.example.com/any@sha256:0"),
        hf_token=HfToken.SET,
        model_cache=ModelCache(size="1Pi"),
    )
