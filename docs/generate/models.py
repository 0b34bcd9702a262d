"""Writes docs/models.md: for each model and each engine, the smallest preset that fits, or why none does."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from wideep.catalog import MODELS, PRESETS
from wideep.catalog.layouts import preset_gpus
from wideep.dynamo import release_of
from wideep.engines import engine
from wideep.engines.base import Engine
from wideep.errors import Problem
from wideep.rules import check_role
from wideep.rules.role_context import RoleContext
from wideep.settings.backend import Backend
from wideep.settings.hardware import Gpu, Hardware, Interconnect
from wideep.settings.layout import Preset, Role, RoleLayout
from wideep.settings.model import ModelShape
from wideep_cli.markdown import table

PAGE = Path(__file__).parents[1] / "models.md"
GPUS = (Gpu.H100_80, Gpu.H200, Gpu.B200)
HEAD = """\
# Models and engines

<!-- python -m docs.generate writes this page -->

Where to start with a model of the catalog: the smallest preset that passes every rule, for each engine of the default
release, and the first of {gpus} that it fits on (nodes of 8, with InfiniBand between them). Computed from the
model's shape; nothing of it was run on these GPUs.

"""
FOOT = """
\\* Without EPLB: the engine cannot map experts of that model to slots, as redundant experts and the load balancer need.

Another model of the same class can be given by its config.json (`model: {config: PATH}`). One whose attention or layers
differ (DeepSeek-V3.2 and V4, Qwen3-Next) is refused by its name, and by what its config.json names.
"""


def cell(model: ModelShape, of: Engine, backend: Backend) -> str:
    """Return the smallest preset that fits and its GPU; if none does, a rule that a preset breaks, and its fix."""
    broken: list[Problem] = []
    for preset in sorted(PRESETS, key=preset_gpus):
        if preset.backend not in (None, backend):
            continue
        for gpu in GPUS:
            problem = next(_problems(model, of, preset, gpu), None)
            if problem is None:
                return f"`{preset}` on {gpu}"
            broken.append(problem)
    mended = (each for each in broken if each.key.endswith(".contextLength"))  # fixed by one key of the preset
    found = next(mended, broken[-1])
    return f"none: {found.rule}; {found.fix}"


def _problems(model: ModelShape, of: Engine, preset: Preset, gpu: Gpu) -> Iterator[Problem]:
    roles: dict[Role, RoleLayout] = dict(PRESETS[preset])
    nodes = sum(role.replicas * role.nodes for role in roles.values())
    hardware = Hardware(gpu=gpu, nodes=nodes, gpus_per_node=8, interconnect=Interconnect.INFINIBAND)
    for name, role in roles.items():
        yield from check_role(RoleContext(name, role, model, hardware, runs_on=of))


def pages() -> dict[Path, str]:
    """Return the page."""
    engines = {backend: engine(backend, release_of().engines[backend.value]) for backend in Backend}
    notes: list[str] = []
    rows: list[list[str]] = []
    for name, model in MODELS.items():
        found = {each: cell(model, each, backend) for backend, each in engines.items()}
        notes += [f"- {name} on {each.title}, {text}." for each, text in found.items() if text.startswith("none")]
        rows.append([name, *(_short(model, each, text) for each, text in found.items())])
    head = ["model", *(each.release for each in engines.values())]
    text = HEAD.format(gpus=", ".join(GPUS)) + "\n".join([table(head, rows), "", *notes]) + "\n" + FOOT
    return {PAGE: text}


def _short(model: ModelShape, of: Engine, text: str) -> str:
    """Return a cell, marked if the engine has no EPLB for the model, and without the reason if there is no preset."""
    if text.startswith("none"):
        return "none"
    return text if of.family(model.family).expert_location else f"{text} \\*"
