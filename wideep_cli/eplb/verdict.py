"""A verdict from a worker's plan and log: leave it, or what to change and what memory that takes."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from statistics import fmean
from typing import Final

from wideep.rules import check_role
from wideep_cli.eplb.engine_log import EngineLog
from wideep_cli.plan.view import RoleView, thousands

__all__ = ["EVEN_ENOUGH", "Judged", "Verdict", "judge", "recent"]

EVEN_ENOUGH: Final = 0.8
"""From here on, the busiest GPU has at most a quarter more than the mean: more slots would cost KV cache for little."""
WINDOW: Final = 100
"""The number of latest forward passes that the verdict considers."""


class Verdict(StrEnum):
    """What to do about a worker. ``UNKNOWN``: the log does not say how even the load is."""

    LEAVE = "leave it"
    CHANGE = "change it"
    WRONG = "not as the stack says"
    UNKNOWN = "unknown"


@dataclass(frozen=True)
class Judged:
    """A verdict. ``says`` gives the reason, ``steps`` what to change, each with its cost or benefit."""

    verdict: Verdict
    says: str
    steps: tuple[str, ...] = ()


def recent(log: EngineLog) -> float | None:
    """Return the mean balancedness of the last ``WINDOW`` passes; None if the log has none."""
    return fmean(log.balancedness[-WINDOW:]) if log.balancedness else None


def judge(view: RoleView, log: EngineLog) -> Judged:
    """Judge one worker. ``log`` is that of its rank 0, from its start."""
    enabled, key = view.layout.eplb.enabled, f"layout.{view.role}"
    engine = view.site.engine
    if engine.log.balance_flag is None and enabled:
        return Judged(Verdict.UNKNOWN, f"{engine.title} writes nothing of its load balancer to its log.")
    if enabled != log.started:
        if enabled:
            return Judged(
                Verdict.WRONG, "The stack enables EPLB, but the log has no sign that it started.", _restart(key)
            )
        return Judged(Verdict.WRONG, "The stack disables EPLB, but the log shows that it started.", _restart(key))
    even = recent(log)
    if even is None:
        return _unknown(view)
    words = f"Balancedness {even:.2f} over the last {min(len(log.balancedness), WINDOW)} forward passes"
    if even >= EVEN_ENOUGH:
        return Judged(Verdict.LEAVE, f"{words}: the busiest GPU has {1 / even - 1:.0%} more than the mean.")
    return Judged(
        Verdict.CHANGE, f"{words}: the busiest GPU has {1 / even - 1:.0%} more than the mean.", _steps(view, log)
    )


def _restart(key: str) -> tuple[str, ...]:
    return (f"pulumi up makes the graph match the stack ({key}.eplb.enabled); wideep logs --grep eplb",)


def _unknown(view: RoleView) -> Judged:
    key = f"layout.{view.role}"
    if view.layout.ep == 1:
        return Judged(Verdict.LEAVE, "With ep 1 every GPU holds all experts: there is nothing to balance.")
    flag = view.site.engine.log.balance_flag
    if flag is None:
        return Judged(Verdict.UNKNOWN, "Nothing is balanced, and the log does not say how even the load is.")
    if not view.site.engine.log.logs_balance(view.plan.args):
        return Judged(
            Verdict.UNKNOWN,
            f"The engine logs its load balance only with {flag}.",
            (f'{key}.extraArgs: ["{flag}"]   costs a reduction of counters a forward pass',),
        )
    return Judged(
        Verdict.UNKNOWN, "The log has no forward pass yet.", ("Run wideep bench or wideep smoke to send some.",)
    )


def _steps(view: RoleView, log: EngineLog) -> tuple[str, ...]:
    """Return the steps: EPLB first, which costs least; then more slots, as far as memory and the rules allow."""
    key = f"layout.{view.role}"
    steps: list[str] = []
    if not view.layout.eplb.enabled:
        steps.append(
            f"{key}.eplb: {{enabled: true}}   moves experts to where the tokens are; room for one layer's slots"
        )
    elif not log.rebalances:
        every = view.layout.eplb.rebalance_iterations or 1000
        steps.append(f"Wait for the first rebalance: it comes after {every} forward passes.")
    return (*steps, _more_slots(view))


def _more_slots(view: RoleView) -> str:
    """Describe the next larger count of redundant experts: what it takes and leaves, or why it is not possible."""
    role, key = view.layout, f"layout.{view.role}"
    more = view.site.changed(redundant_experts=role.redundant_experts + role.ep)
    count = more.role.redundant_experts
    memory = more.memory
    broken = check_role(more)
    if broken:
        return f"{key}.redundantExperts: {count} is not possible: {broken[0].rule}. {broken[0].fix}"
    cost = view.memory.kv_cache_gb - memory.kv_cache_gb
    return (
        f"{key}.redundantExperts: {count}   takes {cost:.1f} GB of each GPU, leaves {memory.kv_cache_gb:.1f} GB for KV "
        f"cache, {thousands(memory.kv_cache_tokens)} tokens"
    )
