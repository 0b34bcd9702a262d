"""The comment on a pull request: the layout before and after, its cost, what restarts, and the diff."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace

from ci.review.diff import counts, diff_text, step_title
from ci.review.events import Op, Preview, Step, Violation
from ci.review.served import served
from wideep_cli.markdown import changed, code, cut, details, fenced, listed, table
from wideep_cli.plan.difference import Difference, Effect, difference
from wideep_cli.plan.takes_report import cost_facts
from wideep_cli.plan.view import RoleView, on_one_line, role_views, thousands
from wideep_cli.stack_context import StackContext

__all__ = ["LIMIT", "Review", "comment", "marker"]

LIMIT = 60_000
"""Maximum number of characters. GitHub accepts 65,536 in a comment."""
BLOCK = 12_000
"""Maximum number of characters of the errors, and of the mistakes in a config."""
NAMED = 3
"""Number of resources that are named if several violate a policy in the same way."""
ALWAYS = ("layout", "GPUs")
"""Rows that are shown even if they do not change."""
RESTARTING = (Effect.RESTARTED, Effect.SCALED)
REPLACING = (Effect.REPLACED, Effect.DELETED)


@dataclass(frozen=True)
class Review:
    """What is known of a change to one stack."""

    stack: str
    before: StackContext | None
    """None: the stack is new."""
    after: StackContext | None
    """None: its config cannot run; ``mistakes`` says why."""
    mistakes: str = ""
    preview: Preview | None = None
    """None: no preview was made."""
    unchecked: tuple[str, ...] = ()
    """What could not be checked, one sentence each."""


def marker(stack: str) -> str:
    """Return the comment's first line, by which it is found again."""
    return f"<!-- dynamo-wideep: {stack} -->"


def comment(review: Review) -> str:
    """Return the comment as Markdown."""
    found = difference(review.before, review.after) if review.before and review.after else None
    parts = [marker(review.stack), f"## {_verdict(review)}: stack {review.stack}", "", _headline(review, found)]
    if review.mistakes:
        parts += ["", "### This config cannot run", "", fenced(review.mistakes, limit=BLOCK)]
    if review.after:
        parts += _changes(review.before, review.after, found)
    parts += _said(review.preview)
    parts += [line for sentence in review.unchecked for line in ("", f"> Not checked: {code(sentence)}")]
    if review.preview and review.preview.steps:
        room = LIMIT - len("\n".join(parts))
        parts += [
            "",
            details(f"Diff: {counts(review.preview)}", fenced(diff_text(review.preview), "diff", max(room, 0))),
        ]
    return cut("\n".join(parts), LIMIT + 1000) + "\n"


def _verdict(review: Review) -> str:
    if review.mistakes or (review.preview and review.preview.failed):
        return "❌ This change fails"
    if review.preview is None:
        return "⚠️ No preview"
    return "✅ Preview" if review.preview.steps else "✅ No change"


def _headline(review: Review, found: Difference | None) -> str:
    """Return a one-line summary of the change: GPUs, nodes, resources."""
    words: list[str] = []
    if review.after:
        plan = review.after.plan
        old = review.before.plan if review.before else None
        nodes = "node" if plan.nodes == 1 else "nodes"
        size = f"**{_moved(old and old.gpus, plan.gpus)} GPUs** on {_moved(old and old.nodes, plan.nodes)} {nodes}"
        words.append(size)
    if found and not found.settings and not found.objects:
        words.append("the plan stays as it is")
    if review.preview:
        words.append(f"resources: {counts(review.preview)}".rstrip("."))
    return " · ".join(words)


def _moved(before: object, after: object) -> str:
    return str(after) if before in (None, after) else f"{before} → {after}"


def _changes(before: StackContext | None, after: StackContext, found: Difference | None) -> Iterator[str]:
    """Yield size, cost and memory before and after, and what happens to pods and volumes."""
    if found and not found.settings and not found.objects:
        return
    old, new = (_facts(before) if before else {}), _facts(after)
    shown = [name for name, value in new.items() if name in ALWAYS or value != old.get(name)]
    rows = [[name, old.get(name, "–"), changed(old.get(name), new[name])] for name in shown]
    yield from ("", table(["", "before", "after"], rows))
    yield from ("", "**Predicted memory on a GPU** (decimal GB)", "", _memory(before, after))
    yield from served(before, after)
    if found:
        yield from _list("What restarts", found, RESTARTING)
        yield from _list("What is replaced or deleted", found, REPLACING)
        yield from _list("Also", found, (Effect.UPDATED, Effect.CREATED))
    for warning in after.warnings:
        yield from ("", f"> ⚠️ {code(on_one_line(warning))}")


def _facts(loaded: StackContext) -> dict[str, str]:
    """Return the facts that determine size and cost, one for each row."""
    plan, hardware = loaded.plan, loaded.settings.hardware
    roles = {view.role.value: _role(view) for view in role_views(loaded)}
    return {
        "model": code(plan.model),
        "layout": plan.layout,
        "GPUs": f"{plan.gpus} × {hardware.gpu}",
        "nodes in use": str(plan.nodes),
        "nodes available": f"{hardware.nodes} × {hardware.gpus_per_node} GPUs, {hardware.interconnect}",
        **roles,
        "frontends": str(loaded.settings.frontend.replicas),
        "model cache": plan.cache.size or plan.cache.claim,
        "image": code(plan.image),
        **cost_facts(loaded),
    }


def _role(view: RoleView) -> str:
    plan = view.plan
    redundant = f" R{plan.redundant_experts}" if plan.redundant_experts else ""
    sizes = f"TP{plan.tp} DP{plan.dp} EP{plan.ep}{redundant}"
    pool = f"{view.layout.mem_fraction_static:.0%} of memory"
    return f"{plan.replicas} × {plan.pods} × {plan.gpus_per_pod} GPUs, {sizes}, {pool}"


def _memory(before: StackContext | None, after: StackContext) -> str:
    old = {view.role: _sizes(view) for view in role_views(before)} if before else {}
    head = ["role", "weights", "KV cache", "KV tokens", "outside the pool"]
    return table(head, [[view.role, *_pairs(old.get(view.role), _sizes(view))] for view in role_views(after)])


def _sizes(view: RoleView) -> list[str]:
    plan = view.plan
    sizes = [f"{size:.1f}" for size in (plan.weights_gb, plan.kv_cache_gb)]
    return [*sizes, thousands(plan.kv_cache_tokens), f"{view.memory.headroom_gb:.1f}"]


def _pairs(before: list[str] | None, after: list[str]) -> list[str]:
    return [_moved(old, new) for old, new in zip(before or after, after, strict=True)]


def _list(title: str, found: Difference, effects: Iterable[Effect]) -> Iterator[str]:
    chosen = [change for change in found.objects if change.effect in effects]
    if not chosen:
        return
    yield from ("", f"**{title}**", "")
    for change in chosen:
        yield f"- **{change.name}**: {change.effect}. {change.consequence}".rstrip()
    reasons = [f"{change.name}: {code(reason)}" for change in chosen for reason in change.because]
    if reasons:
        yield from ("", details("because", "\n".join(listed(reasons))))


def _said(preview: Preview | None) -> Iterator[str]:
    """Yield the errors, the violated policies, and the engine's replacements with their reasons."""
    if preview is None:
        return
    errors = [message.text for message in preview.messages if message.severity == "error"]
    if errors:
        yield from ("", "**Errors**", "", fenced("\n\n".join(errors), limit=BLOCK))
    if preview.violations:
        yield from ("", "**Policies that do not hold**", "")
        yield from listed(list(_broken(preview.violations)))
    replaced = [step for step in preview.steps if step.op in (Op.REPLACE, Op.DELETE)]
    if replaced:
        yield from ("", "**Replaced or deleted by the engine**", "")
    yield from listed([f"{code(step_title(step))}{_reason(step)}" for step in replaced])


def _broken(violations: Iterable[Violation]) -> Iterator[str]:
    """Yield a line for each distinct violation, with the first of the resources concerned."""
    of: dict[Violation, list[str]] = {}
    for one in violations:
        name, _, text = one.text.partition(": ")
        of.setdefault(replace(one, text=text), []).append(name)
    for one, names in of.items():
        more = f" and {len(names) - NAMED} more" if len(names) > NAMED else ""
        said = ": ".join(filter(None, (f"{', '.join(names[:NAMED])}{more}", one.text)))
        yield f"{code(one.policy)}{'' if one.mandatory else ' (advice)'}: {code(said)}"


def _reason(step: Step) -> str:
    return f": {code(', '.join(step.reasons))} cannot change in place" if step.reasons else ""
