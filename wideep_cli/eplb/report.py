"""The balance of each worker, as text and JSON."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from statistics import fmean

from wideep_cli.deployment import GraphPod
from wideep_cli.eplb.engine_log import EngineLog
from wideep_cli.eplb.experts import Experts, HotLayer
from wideep_cli.eplb.verdict import Judged, recent
from wideep_cli.plan.view import RoleView

__all__ = ["Balance", "eplb_json", "eplb_text", "sparkline"]

BARS = "▁▂▃▄▅▆▇█"
WIDTH = 60
HOT_LAYERS, HOT_EXPERTS = 3, 4
"""How many layers of a record are shown, and how many experts of each."""


@dataclass(frozen=True)
class Balance:
    """One worker: its first pod, its role in the stack, what its log says, the verdict, and its hot experts.

    ``experts`` is None if nothing was recorded, and a text if the record could not be read.
    """

    member: GraphPod
    view: RoleView
    log: EngineLog
    judged: Judged
    experts: Experts | str | None = None


def sparkline(values: Sequence[float], width: int = WIDTH) -> str:
    """Draw values between 0 and 1, oldest first, as at most ``width`` bars: each is the mean of its stretch."""
    if not values:
        return ""
    stretches = min(width, len(values))
    edges = [round(step * len(values) / stretches) for step in range(stretches + 1)]
    means = [fmean(values[begin:end]) for begin, end in pairwise(edges)]
    return "".join(BARS[min(len(BARS) - 1, max(0, int(mean * len(BARS))))] for mean in means)


def eplb_text(balances: Sequence[Balance]) -> str:
    """Render one block per worker."""
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
    lines += _hot(balance.experts)
    lines.append(f"  {judged.verdict}: {judged.says}")
    return "\n".join([*lines, *(f"    {step}" for step in judged.steps)])


def _hot(experts: Experts | str | None) -> list[str]:
    """Render the most uneven layers of a record, each with its busiest experts."""
    if experts is None:
        return []
    if isinstance(experts, str):
        return [f"  hot experts unknown: {experts}"]
    peak = (
        f"in the middle of {len(experts.layers)} layers the busiest has {experts.typical_peak:.1f} × the mean's tokens"
    )
    lines = [f"  hot experts by {experts.file}: {peak}"]
    for layer in experts.layers[:HOT_LAYERS]:
        hot = ", ".join(f"{expert} ({times:.1f} ×)" for expert, times in layer.experts[:HOT_EXPERTS])
        lines.append(f"    layer {layer.layer}: {hot}")
    return lines


def eplb_json(balances: Sequence[Balance]) -> str:
    """Render the same as JSON."""
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
        "experts": _recorded(balance.experts) if isinstance(balance.experts, Experts) else None,
        "experts_error": balance.experts if isinstance(balance.experts, str) else None,
        "verdict": judged.verdict,
        "says": judged.says,
        "steps": list(judged.steps),
    }


def _recorded(experts: Experts) -> dict[str, object]:
    """Return all layers with their hottest experts, whose tokens are divided by the layer's mean."""

    def entry(layer: HotLayer) -> dict[str, object]:
        hot = [{"expert": expert, "times_mean": round(times, 3)} for expert, times in layer.experts[:HOT_EXPERTS]]
        return {"layer": layer.layer, "hottest": hot}

    return {
        "file": experts.file,
        "typical_peak": round(experts.typical_peak, 3),
        "layers": [entry(layer) for layer in experts.layers],
    }
