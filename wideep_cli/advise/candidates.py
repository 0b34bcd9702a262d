"""All workers of one role that could run under wideep's rules and within the memory."""

from __future__ import annotations

from dataclasses import dataclass

from wideep.engines.base import Engine
from wideep.enumerate import worker_shapes
from wideep.rules.arithmetic import broken_rules
from wideep.rules.role_context import RoleContext
from wideep.settings.hardware import Hardware
from wideep.settings.layout import Role, RoleLayout
from wideep.settings.model import ModelShape
from wideep.settings.traffic import Traffic
from wideep_cli.advise.sizing import sized

__all__ = ["Candidates", "candidates"]


@dataclass(frozen=True)
class Candidates:
    """The candidate workers of one role."""

    sites: tuple[RoleContext, ...]
    too_large: int
    """The number of other legal workers that lack the memory for a single request."""


def candidates(  # noqa: PLR0913, PLR0917 - all that a worker depends on
    name: Role, model: ModelShape, hardware: Hardware, gpus: int, traffic: Traffic, engine: Engine | None = None
) -> Candidates:
    """Return each worker of at most ``gpus`` GPUs that can serve a request.

    Workers over several nodes are included only with DeepEP: experts across nodes without it were never measured.
    """
    shapes = (role for role in worker_shapes(model, name, hardware, gpus) if _considered(role, hardware))
    sites = (RoleContext(name, role, model, hardware, runs_on=engine) for role in shapes)
    legal = [site for site in sites if next(broken_rules(site), None) is None]
    fitting = tuple(site for site in legal if sized(site, 1, traffic))
    return Candidates(fitting, len(legal) - len(fitting))


def _considered(role: RoleLayout, hardware: Hardware) -> bool:
    """Tell whether a worker's pods have 1, 2, 4 … GPUs or a whole node, which fills nodes without gaps, and whether a
    worker over several nodes has DeepEP."""
    part = role.gpus_per_node
    packs = part == hardware.gpus_per_node or part & (part - 1) == 0
    return packs and (role.nodes == 1 or role.deepep)
