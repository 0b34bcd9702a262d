"""All rules of one role except the fit in memory, in stages: a later stage divides by what an earlier stage checked."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import Final

from wideep.errors import Problem
from wideep.rules.role_context import RoleContext
from wideep.settings.experts import MoeA2aBackend

__all__ = ["Rule", "Violation", "arithmetic_problems", "broken_rules"]

_DEEPEP: Final = re.compile(r"set moeA2aBackend: deepep( and \w+: \w+)?, or |, or moeA2aBackend: deepep")
"""The advice to use DeepEP, where it is one of two alternatives in a fix."""
Rule = Callable[[RoleContext], Problem | None]


@dataclass(frozen=True)
class Violation:
    """The name of a broken rule in words, and the problem that it reports."""

    rule: str
    problem: Problem


def arithmetic_problems(site: RoleContext) -> list[Problem]:
    """Return the rules that one role breaks.

    A wrong tp is reported once; the other rules are then checked as if tp were right.
    """
    rules = site.engine.rules()
    wrong_tp = rules.all_gpus(site)
    whole = site.role.gpus_per_worker % site.role.pp == 0
    tp, pp = (site.role.gpus_per_worker // site.role.pp, site.role.pp) if whole else (site.role.gpus_per_worker, 1)
    mended = site.changed(tp=tp, pp=pp) if wrong_tp else site
    sizes = [violation.problem for violation in broken_rules(mended, rules.sizes)]
    rest = sizes or [violation.problem for violation in broken_rules(mended, rules.derived)]
    rest = [_advisable(mended, problem) for problem in rest]
    return [wrong_tp, *rest] if wrong_tp else rest


def _advisable(site: RoleContext, problem: Problem) -> Problem:
    """Return the problem without the advice to use DeepEP if another rule would refuse DeepEP."""
    if not _DEEPEP.search(problem.fix):
        return problem
    tp = site.role.tp
    used = site.changed(dp=tp, ep=tp, redundant_experts=0, moe_a2a_backend=MoeA2aBackend.DEEPEP, moe_dense_tp=1)
    rules = site.engine.rules()
    refused = any(broken_rules(used, rules.sizes)) or any(
        violation.problem.key.endswith(".moeA2aBackend") for violation in broken_rules(used, rules.derived)
    )
    return replace(problem, fix=_DEEPEP.sub("", problem.fix)) if refused else problem


def broken_rules(site: RoleContext, rules: tuple[Rule, ...] | None = None) -> Iterator[Violation]:
    """Yield the rules that one role breaks, lazily: once a rule of the sizes is broken, the next rule may divide by the
    wrong size."""
    if rules is None:
        own = site.engine.rules()
        rules = (own.all_gpus, *own.sizes, *own.derived)
    for rule in rules:
        problem = rule(site)
        if problem:
            yield Violation(rule.__name__.replace("_", " "), problem)
