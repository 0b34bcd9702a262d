"""Rules for the pipeline stages of a worker, from SGLang's own checks and event loops."""

from __future__ import annotations

from wideep.engines.base import Engine
from wideep.engines.sglang.changes import DECODE_STAGES
from wideep.errors import Problem
from wideep.rules.role_context import RoleContext, divisors, listed
from wideep.settings.layout import Role

__all__ = [
    "decode_has_one_stage",
    "one_stage_at_decode",
    "stages_divide_nodes",
    "stages_have_layers",
    "stages_need_model",
]


def decode_has_one_stage(site: RoleContext) -> Problem | None:
    """Require a single stage at decode: up to 0.5.6, ``run_scheduler_process`` has a pipeline loop for prefill only.

    Newer versions have one for decode too, but its requirements on prefill's stages and on memory are not known here,
    so it is refused there as well.
    """
    if site.name is not Role.DECODE or site.role.pp == 1:
        return None
    rule = one_stage_at_decode(site.engine)
    return site.problem("pp", site.role.pp, rule, f"set pp: 1 and tp: {site.role.gpus_per_worker}")


def one_stage_at_decode(engine: Engine) -> str:
    """Return why decode may have only one stage in this version."""
    if DECODE_STAGES.holds(engine.version):
        return f"{engine.release} supports stages for decode, but what they need is not known: only prefill may have pp"
    return f"{engine.release}'s decode workers have no pipeline: only prefill runs in stages"


def stages_need_model(site: RoleContext) -> Problem | None:
    """Require a model class that leaves out the layers of other stages (``PPMissingLayer``)."""
    if site.role.pp == 1 or site.family.pipeline:
        return None
    rule = f"{site.engine.release} cannot cut {site.architecture} into stages"
    return site.problem("pp", site.role.pp, rule, f"set pp: 1 and tp: {site.role.gpus_per_worker}")


def stages_have_layers(site: RoleContext) -> Problem | None:
    """Require a layer for each stage: ``get_pp_indices`` divides them evenly, with the remainder in the last."""
    stages, layers = site.role.pp, site.model.layers
    if stages <= layers:
        return None
    rule = f"{site.model.name} has {layers} layers, and each stage needs one"
    return site.problem("pp", stages, rule, f"set pp: {layers} or less")


def stages_divide_nodes(site: RoleContext) -> Problem | None:
    """Require whole nodes per stage or whole stages per node, as ``Engine._launch_subprocesses`` distributes them."""
    stages, nodes = site.role.pp, site.role.nodes
    if stages % nodes == 0 or nodes % stages == 0:
        return None
    rule = f"{stages} stages over {nodes} nodes: each stage gets whole nodes, or each node whole stages"
    return site.problem("pp", stages, rule, f"set pp: {listed(divisors(nodes))}")
