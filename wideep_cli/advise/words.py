"""Short forms of layouts and figures for tables, plots and comments."""

from __future__ import annotations

from wideep.settings.layout import Role, RoleLayout
from wideep.settings.traffic import Traffic
from wideep.text import recorded, shown_rate
from wideep_cli.advise.prediction import Prediction
from wideep_cli.advise.question import Question

__all__ = ["asked_hardware", "asked_traffic", "better", "milliseconds_text", "role_text", "share", "whole"]


def role_text(role: RoleLayout) -> str:
    """Format a role as ``2 × 2×8 TP16 DP16 EP16 DeepEP R32``: workers, pods × GPUs of one worker, and its sizes."""
    pods = f"{role.nodes}×{role.gpus_per_node}" if role.nodes > 1 else str(role.gpus_per_node)
    sizes = " ".join(
        f"{name}{value}" for name, value in (("TP", role.tp), ("DP", role.dp), ("EP", role.ep)) if value > 1
    )
    redundant = f" R{role.redundant_experts}" if role.redundant_experts else ""
    return f"{role.replicas} × {pods} {sizes}{' DeepEP' if role.deepep else ''}{redundant}"


def asked_hardware(question: Question) -> str:
    """Format the hardware as ``32 × H200``, or as both kinds."""
    prefill, decode = question.hardware[Role.PREFILL], question.hardware[Role.DECODE]
    if question.mixed:
        return f"{prefill.gpus} × {prefill.gpu} for prefill and {decode.gpus} × {decode.gpu} for decode"
    return f"{prefill.gpus} × {prefill.gpu}"


def asked_traffic(traffic: Traffic) -> str:
    """Format the traffic as ``4000 tokens in, 500 out, TTFT within 2s, ITL within 50ms``."""
    return f"{traffic.isl} tokens in, {traffic.osl} out, TTFT within {traffic.ttft}, ITL within {traffic.itl}"


def milliseconds_text(value: float) -> str:
    """Format a time in milliseconds as ``1.68 s`` or ``44.7 ms``."""
    return f"{value / 1000:.2f} s" if value >= 1000 else f"{value:.0f} ms" if value >= 100 else f"{value:.1f} ms"


def whole(value: float) -> str:
    """Format a figure as ``15,443``."""
    return f"{value:,.0f}"


def share(prediction: Prediction, best: Prediction) -> str:
    """Format as ``26 %`` what a layout serves per GPU relative to the best layout."""
    own, most = (recorded(each.tokens_per_second_per_gpu) for each in (prediction, best))
    return f"{own / most:.0%}".replace("%", " %")


def better(preset: tuple[str, Prediction] | None, own: Prediction, best: Prediction) -> str | None:
    """Return a sentence about the preset if it serves more per GPU than the stack's own layout; None otherwise."""
    if preset is None or shown_rate(preset[1].tokens_per_second_per_gpu) <= shown_rate(own.tokens_per_second_per_gpu):
        return None
    name, found = preset
    return f"Of the presets, `layout: {name}` reaches {share(found, best)} of the best."
