"""A plan as Markdown for a pull request."""

from __future__ import annotations

from collections.abc import Iterator

from wideep_cli.markdown import code, details, fenced, table
from wideep_cli.plan.view import RoleView, all_to_all, headline, on_one_line, role_views, thousands, weight_lines
from wideep_cli.stack_context import StackContext

__all__ = ["plan_markdown"]

HEAD = (
    "role",
    "workers",
    "pods × GPUs",
    "TP",
    "DP",
    "EP",
    "slots per GPU",
    "weights",
    "KV cache",
    "KV tokens",
    "outside the pool",
    "all-to-all",
)


def plan_markdown(loaded: StackContext) -> str:
    """Return the plan as Markdown, with sizes and memory at the top and the rest folded."""
    views = role_views(loaded)
    gpu = views[0].gpu
    parts = [
        f"### {headline(loaded)}",
        "",
        table(HEAD, [_row(view) for view in views]),
        "",
        f"Memory is decimal GB on one {views[0].site.hardware.gpu} of {gpu.memory_gb:.1f} GB.",
    ]
    if loaded.warnings:
        parts += ["", *(f"> ⚠️ {code(on_one_line(warning))}\n" for warning in loaded.warnings)]
    parts += ["", details("Weights on a GPU, part by part", "\n".join(_weights(views)))]
    parts += ["", details("Engine arguments", "\n\n".join(_arguments(views)))]
    files = [(config.role, *file) for config in loaded.plan.engine_configs for file in config.files.items()]
    parts += [f"\n{details(f'{name} of {role}', fenced(text.rstrip()))}" for role, name, text in files]
    return "\n".join(parts)


def _row(view: RoleView) -> list[str]:
    plan = view.plan
    return [
        view.role,
        plan.workers,
        f"{plan.pods} × {plan.gpus_per_pod}",
        *(str(size) for size in (plan.tp, plan.dp, plan.ep, plan.expert_slots_per_gpu)),
        f"{plan.weights_gb:.1f} GB",
        f"{plan.kv_cache_gb:.1f} GB",
        thousands(plan.kv_cache_tokens),
        f"{view.memory.headroom_gb:.1f} GB",
        all_to_all(view.layout),
    ]


def _weights(views: list[RoleView]) -> Iterator[str]:
    for view in views:
        parts = ", ".join(f"{share.name} {share.gigabytes:.1f} GB" for share in weight_lines(view.memory))
        yield f"- {view.role}: {parts}"


def _arguments(views: list[RoleView]) -> Iterator[str]:
    for view in views:
        yield f"{view.role}\n\n{fenced(' '.join(view.plan.args))}"
