"""What is known of each worker's balance, as text and JSON."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from statistics import fmean

from ops.eplb.engine_log import EngineLog
from ops.eplb.verdict import Judged, recent
from ops.live import Member
from ops.plan.view import RoleView

__all__ = ["Balance", "eplb_json", "eplb_text", "sparkline"]

BARS = "▁▂▃▄▅▆▇█"
WIDTH = 60


@dataclass(frozen=True)
class Balance:
    """One worker: its first pod, what the stack says, what its log says, and what follows."""

    member: Member
    view: RoleView
    log: EngineLog
    judged: Judged


def sparkline(values: Sequence[float], width: int = WIDTH) -> str:
    """Values between 0 and 1, oldest first, at most ``width`` bars: each the mean of its stretch."""
    if not values:
        return ""
    stretches = min(width, len(values))
    edges = [round(step * len(values) / stretches) for step in range(stretches + 1)]
    means = [fmean(values[begin:end]) for begin, end in pairwise(edges)]
    return "".join(BARS[min(len(BARS) - 1, max(0, int(mean * len(BARS))))] for mean in means)


def eplb_text(balances: Sequence[Balance]) -> str:
    """A block a worker."""
    return "\n\n".join(_block(balance) for balance in balances)


def _block(balance: Balance) -> str:
    layout, log, judged = balance.view.layout, balance.log, balance.judged
    state = "on" if log.started else "off"
    lines = [
        f"{balance.member.place}: EPLB {state}, {layout.redundant_experts} redundant experts, "
        f"{balance.view.plan.expert_slots_per_gpu} slots on each of {layout.ep} EP ranks"
    ]
    if log.started:
        took = f", {fmean(log.seconds):.2f} s each" if log.seconds else ""
        under_way = ", one under way" if log.begun > log.rebalances else ""
        lines.append(f"  {log.rebalances} rebalances{took}{under_way}")
    if log.balancedness:
        lines.append(f"  balancedness {sparkline(log.balancedness)} {log.balancedness[-1]:.2f}")
    lines.append(f"  {judged.verdict}: {judged.says}")
    return "\n".join([*lines, *(f"    {step}" for step in judged.steps)])


def eplb_json(balances: Sequence[Balance]) -> str:
    """The same for a script."""
    return json.dumps({"workers": [_entry(balance) for balance in balances]}, indent=2, ensure_ascii=False)


def _entry(balance: Balance) -> dict[str, object]:
    log, judged = balance.log, balance.judged
    even = recent(log)
    return {
        "place": balance.member.place,
        "pod": balance.member.pod.name,
        "eplb_in_stack": balance.view.layout.eplb.enabled,
        "eplb_in_log": log.started,
        "redundant_experts": balance.view.layout.redundant_experts,
        "rebalances": log.rebalances,
        "rebalance_seconds": list(log.seconds),
        "balancedness": list(log.balancedness),
        "recent_balancedness": None if even is None else round(even, 4),
        "verdict": judged.verdict,
        "says": judged.says,
        "steps": list(judged.steps),
    }
