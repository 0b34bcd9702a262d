"""The report of an advice."""

from __future__ import annotations

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from wideep_cli.advise.comparison import Advice, Unknown, best_preset
from wideep_cli.advise.plot import terminal_plot
from wideep_cli.advise.report_json import advice_json
from wideep_cli.advise.rows import columns, notes, rows
from wideep_cli.advise.stackconfig import pasted
from wideep_cli.advise.words import asked_hardware, asked_traffic, better, share, whole
from wideep_cli.markdown import table as markdown_table
from wideep_cli.options import OutputFormat

__all__ = ["advice_report"]

LEFT = ("", "prefill / decode", "limited by")
"""Columns that hold text; the others hold figures."""


def advice_report(advice: Advice, output: OutputFormat) -> RenderableType:
    """Return the table, the Pareto plot and the stack config to paste; or JSON, or Markdown."""
    match output:
        case OutputFormat.JSON:
            return advice_json(advice)
        case OutputFormat.MARKDOWN:
            return _markdown(advice)
        case OutputFormat.TEXT:
            return _text(advice)


def _headline(advice: Advice) -> str:
    question = advice.question
    return f"{question.model.name} on {asked_hardware(question)} · {asked_traffic(question.traffic)}"


def _verdict(advice: Advice) -> str:
    """Return the best layout in a sentence, and the share of it that today's stack reaches."""
    if not advice.best:
        return _nothing(advice)
    best = advice.best[0]
    text = f"The best layout serves {whole(best.tokens_per_second)} tokens/s"
    idle = advice.question.gpus - best.gpus
    text += f" and leaves {idle} GPU{'s' * (idle > 1)} idle" if idle else ""
    found = advice.stack.prediction if advice.stack else None
    if found is None:
        return f"{text}."
    if isinstance(found, Unknown):
        return f"{text}. No prediction for the current stack: {found.reason}."
    text = f"{text}. Per GPU, this stack serves {share(found, best)} of that."
    preset = better(best_preset(advice.presets, found.gpus), found, best)
    return f"{text} {preset}" if preset else text


def _nothing(advice: Advice) -> str:
    """Return the reason why there is no best layout: memory, data, or the limits."""
    field, traffic = advice.field, advice.question.traffic
    for role, workers in (("prefill", field.prefill), ("decode", field.decode)):
        if not workers:
            why = f": {'; '.join(field.unknown)}" if field.unknown else " fits these GPUs beside one of the other role"
            return f"No {role} worker{why}."
    fastest = (
        f"TTFT {min(w.fastest().step.milliseconds for w in field.prefill):.0f} ms",
        f"ITL {min(w.fastest().step.milliseconds for w in field.decode):.1f} ms",
    )
    smallest = min(w.gpus for w in field.prefill) + min(w.gpus for w in field.decode)
    if smallest > field.total:
        return f"The smallest prefill and decode workers take {smallest} GPUs together, and there are {field.total}."
    return f"No layout meets {asked_traffic(traffic)}: alone, the fastest workers reach {' and '.join(fastest)}."


def _text(advice: Advice) -> RenderableType:
    table = Table(box=None, header_style="dim", padding=(0, 2, 0, 0), pad_edge=False)
    for name in columns(advice):
        table.add_column(name, justify="left" if name in LEFT else "right")
    for row in rows(advice):
        table.add_row(*row.cells, style="" if row.best else "dim")
    blocks: list[RenderableType] = [Text(_headline(advice), style="bold"), Text(f"{_verdict(advice)}\n"), table]
    blocks += [Text(""), *(Text(note, style="dim") for note in notes(advice))]
    if advice.best:
        blocks += [Text("\nThroughput per GPU against speed of an answer", style="bold"), Text(terminal_plot(advice))]
        blocks += [Text("\nStack config of the best", style="bold"), Text(pasted(advice.question, advice.best[0]))]
    return Group(*blocks)


def _markdown(advice: Advice) -> str:
    head = [name or "layout" for name in columns(advice)]
    body = [[cell.replace("\n", "<br>") for cell in row.cells] for row in rows(advice)]
    listed = "\n".join(f"- {note}" for note in notes(advice))
    return f"**{_headline(advice)}**\n\n{_verdict(advice)}\n\n{markdown_table(head, body)}\n\n{listed}\n"
