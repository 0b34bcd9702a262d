"""All rules in order, and the functions that check them."""

from __future__ import annotations

from dataclasses import replace

from wideep.errors import Problem
from wideep.rules import fit, hardware
from wideep.rules.advice import advice
from wideep.rules.agreement import agreement_problems
from wideep.rules.arithmetic import Rule, arithmetic_problems
from wideep.rules.cache import cache_problems
from wideep.rules.command_line import command_line_problems
from wideep.rules.platform import platform_problems
from wideep.rules.remedies import for_cache, for_outside
from wideep.rules.role_context import RoleContext
from wideep.rules.serving import serving_problems
from wideep.rules.stack import stack_problems
from wideep.settings.root import Settings

__all__ = ["check", "check_role", "sites", "warnings"]


def check(settings: Settings) -> list[Problem]:
    """Return all broken rules of a stack, the most basic first; empty if the layout can run."""
    by_role = [problem for site in sites(settings) for problem in check_role(site)]
    around = (
        *(agreement_problems, stack_problems, command_line_problems),
        *(platform_problems, cache_problems, serving_problems),
    )
    found = [*hardware.node_problems(settings), *by_role, *(problem for rule in around for problem in rule(settings))]
    return list(dict.fromkeys(found))


def check_role(site: RoleContext) -> list[Problem]:
    """Return all broken rules of one role: its arithmetic or, if that is right, its fit in memory."""
    problems = arithmetic_problems(site)
    return problems or [_mended(site, problem, rule) for rule in fit.MEMORY_RULES if (problem := rule(site))]


def _mended(site: RoleContext, problem: Problem, rule: Rule) -> Problem:
    """Return a problem of memory whose fix lists the changes that help, outside the pool or in it."""
    find = for_outside if rule is fit.buffers_fit else for_cache
    ways = [str(way) for way in find(site)]
    return replace(problem, fix="\nor ".join(ways)) if ways else problem


def warnings(settings: Settings) -> list[Problem]:
    """Return warnings about what is legal but unwise. Call it only for a stack without problems in ``check``."""
    return advice(settings, sites(settings))


def sites(settings: Settings) -> list[RoleContext]:
    """Return both roles, each with everything that its rules need."""
    return [
        RoleContext(name, role, settings.model, settings.hardware, settings)
        for name, role in settings.layout.roles.items()
    ]
