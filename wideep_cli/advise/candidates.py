"""All workers of one role that could run: wideep's rules decide, memory first."""

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
    """Workers of one role."""

    sites: tuple[RoleContext, ...]
    too_large: int
    """How many more would be legal, and have no room for a single request."""


def candidates(  # noqa: PLR0913, PLR0917 - all that a worker depends on
    name: Role, model: ModelShape, hardware: Hardware, gpus: int, traffic: Traffic, engine: Engine | None = None
) -> Candidates:
    """Each worker of at most ``gpus`` GPUs that can serve a request.

    Workers of several nodes are only those with DeepEP: without it nobody has measured experts across nodes.
    """
    shapes = (role for role in worker_shapes(model, name, hardware, gpus) if _considered(role, hardware))
    sites = (RoleContext(name, role, model, hardware, runs_on=engine) for role in shapes)
    legal = [site for site in sites if next(broken_rules(site), None) is None]
    fitting = tuple(site for site in legal if sized(site, 1, traffic))
    return Candidates(fitting, len(legal) - len(fitting))


def _considered(role: RoleLayout, hardware: Hardware) -> bool:
    """Pods of 1, 2, 4 … GPUs or of a whole node, which fill nodes without gaps; several nodes only with DeepEP."""
    part = role.gpus_per_node
    packs = part == hardware.gpus_per_node or part & (part - 1) == 0
    return packs and (role.nodes == 1 or role.deepep)
