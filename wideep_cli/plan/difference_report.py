"""A difference as text, JSON and Markdown."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import asdict

from rich.console import Group, RenderableType
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from wideep_cli.markdown import code, details
from wideep_cli.markdown import table as markdown_table
from wideep_cli.options import OutputFormat
from wideep_cli.plan.changes import Change
from wideep_cli.plan.difference import Difference, Effect, ObjectChange, difference
from wideep_cli.stack_context import StackContext

__all__ = ["difference_report"]

NOTHING = "Both stacks have the same plan: no changes."
COLOURS = {Effect.RESTARTED: "yellow", Effect.REPLACED: "red", Effect.DELETED: "red", Effect.CREATED: "green"}


def difference_report(before: StackContext, after: StackContext, output: OutputFormat) -> RenderableType:
    """Return the changes from one stack to the other in the requested output format."""
    found = difference(before, after)
    match output:
        case OutputFormat.JSON:
            return json.dumps(asdict(found), indent=2, ensure_ascii=False)
        case OutputFormat.MARKDOWN:
            return _markdown(found)
        case OutputFormat.TEXT:
            return _text(found)


def _text(found: Difference) -> RenderableType:
    if not found.settings and not found.objects:
        return Text(NOTHING)
    blocks: list[RenderableType] = [Text("What changes", style="bold"), _settings_table(found.settings)]
    blocks.append(Text("\nWhat `pulumi up` does", style="bold"))
    if not found.objects:
        blocks.append(Text("  Nothing on the cluster."))
    for change in found.objects:
        blocks.append(Text(f"  {change.name}: {change.effect}", style=COLOURS.get(change.effect, "")))
        blocks += [Padding(Text(line), (0, 0, 0, 4)) for line in _reasons(change)]
    return Group(*blocks)


def _settings_table(settings: tuple[Change, ...]) -> Table:
    table = Table.grid(padding=(0, 2, 0, 0))
    table.add_column(no_wrap=True)  # a flag or key that is cut or wrapped cannot be searched for
    for _ in range(3):
        table.add_column(overflow="fold")
    for change in settings:
        table.add_row(f"  {change.path}", change.before, "→", change.after)
    return table


def _reasons(change: ObjectChange) -> Iterator[str]:
    if change.consequence:
        yield change.consequence
    yield from (str(reason) for reason in change.because)


def _markdown(found: Difference) -> str:
    if not found.settings and not found.objects:
        return NOTHING
    parts = ["### What changes", "", _settings_markdown(found.settings), "", "### What `pulumi up` does", ""]
    if not found.objects:
        parts.append("Nothing on the cluster.")
    for change in found.objects:
        parts.append(f"- **{change.name}**: {change.effect}. {change.consequence}".rstrip())
    reasons = "\n".join(f"- {change.name}: {code(reason)}" for change in found.objects for reason in change.because)
    if reasons:
        parts += ["", details("Why", reasons)]
    return "\n".join(parts)


def _settings_markdown(settings: tuple[Change, ...]) -> str:
    return markdown_table(
        ["", "before", "after"],
        [[code(each) for each in (change.path, change.before, change.after)] for change in settings],
    )
