"""All rules in order, and how they are asked."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from wideep.catalog.gpus import GPUS
from wideep.errors import Problem
from wideep.rules import fit, parallel
from wideep.rules.site import RoleSite
from wideep.settings.root import Settings

__all__ = ["check", "warnings"]

RoleRule = Callable[[RoleSite], Problem | None]

BASIC: Final[tuple[RoleRule, ...]] = (parallel.tp_is_all_gpus, parallel.dp_divides_tp, parallel.ep_divides_tp)
DERIVED: Final[tuple[RoleRule, ...]] = (parallel.experts_divide, parallel.heads_divide)
MEMORY: Final[tuple[RoleRule, ...]] = (fit.weights_fit,)


def check(settings: Settings) -> list[Problem]:
    """All broken rules of a stack, the most basic first. Empty: the layout can run."""
    problems: list[Problem] = []
    for site in _sites(settings):
        problems += _check_role(site)
    hardware = fit.gpus_suffice(settings)
    return problems + ([hardware] if hardware else [])


def warnings(settings: Settings) -> list[Problem]:
    """What is legal but unwise. Asked only of a stack that ``check`` has nothing against."""
    return []


def _sites(settings: Settings) -> list[RoleSite]:
    gpu = GPUS[settings.hardware.gpu]
    return [RoleSite(name, role, settings.model, gpu) for name, role in settings.layout.roles.items()]


def _check_role(site: RoleSite) -> list[Problem]:
    """A stage is asked only when the one before it holds: it divides by what that one checked."""
    problems: list[Problem] = []
    for stage in (BASIC, DERIVED, MEMORY):
        problems += [found for rule in stage if (found := rule(site))]
        if problems:
            break
    return problems
