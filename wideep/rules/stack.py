"""Rules of the stack around its layout: names, extra arguments, and the rules of its other parts."""

from __future__ import annotations

from wideep import names
from wideep.errors import Problem
from wideep.rules.backend import backend_problem
from wideep.rules.extra_args import extra_args_problems
from wideep.rules.model import model_problems
from wideep.rules.monitoring import monitoring_problems
from wideep.rules.planner import planner_problems
from wideep.rules.scaling import scaling_problems
from wideep.rules.telemetry import telemetry_problem
from wideep.settings.root import Settings

__all__ = ["stack_problems"]


def stack_problems(settings: Settings) -> list[Problem]:
    """Return all broken rules of the stack around its layout."""
    found = (
        *model_problems(settings.model),
        *extra_args_problems(settings),
        backend_problem(settings),
        _graph_name(settings),
        _namespace(settings),
        *monitoring_problems(settings),
        *scaling_problems(settings),
        *planner_problems(settings),
        telemetry_problem(settings),
    )
    return [problem for problem in found if problem]


def _graph_name(settings: Settings) -> Problem | None:
    """Refuse names that are too long together: Grove's webhook allows 45 characters for the names of graph, scaling
    group and clique."""
    name = settings.name
    if name is None:
        return None
    for role_name, role in settings.layout.roles.items():
        length = names.grove_length(name, role_name, role.nodes)
        if role.nodes > 1 and length > names.GROVE_LIMIT:
            limit = f"{names.GROVE_LIMIT} characters for the names of graph, role and pods together"
            rule = f"Grove allows {limit}, and these have {length}"
            return Problem("name", name, rule, f"use a name of {names.GRAPH_LIMIT} characters or fewer")
    return None


def _namespace(settings: Settings) -> Problem | None:
    """Refuse a namespace with "ephemeral" in its name: the etcd chart takes it for a temporary one, and breaks."""
    if not settings.platform.install or "ephemeral" not in settings.namespace:
        return None
    rule = 'the etcd chart breaks in a namespace with "ephemeral" in its name'
    return Problem("namespace", settings.namespace, rule, "choose another name")
