"""``--backend all``: the best layout on each engine side by side, and the engines that the estimator lacks."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Final

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from wideep.settings.layout import Role
from wideep.text import shown_rate
from wideep_cli.advise.answers import Answers
from wideep_cli.advise.prediction import Prediction
from wideep_cli.advise.question import Question
from wideep_cli.advise.report_json import prediction_object
from wideep_cli.advise.search import Progress, best, field_of
from wideep_cli.advise.words import asked_hardware, asked_traffic, milliseconds_text, role_text, whole
from wideep_cli.layouts.question import each_engine
from wideep_cli.markdown import table as markdown_table
from wideep_cli.options import OutputFormat

__all__ = ["Side", "engines_report", "sides"]

COLUMNS: Final = ("engine", "prefill / decode", "GPUs", "tokens/s", "per GPU", "TTFT", "ITL", "limited by")
LEFT: Final = ("engine", "prefill / decode", "limited by")
REASONS: Final = 2
"""The most reasons for a missing prediction that are spelled out."""


@dataclass(frozen=True)
class Side:
    """The best layout on one engine, or why there is none."""

    engine: str
    measured: str
    """The engine and its release that the estimator measured; empty if it measured none."""
    best: Prediction | None
    reason: str = ""
    unknown: tuple[str, ...] = ()
    """Why the estimator could not predict some of this engine's layouts."""
    caveats: tuple[str, ...] = ()


def sides(question: Question, progress: Progress) -> list[Side]:
    """Return the best layout on each engine, in the order of ``Backend``."""
    engines = each_engine(question.backend, question.engine)
    return [_side(replace(question, backend=backend, engine=each), progress) for backend, each in engines]


def engines_report(question: Question, found: Sequence[Side], output: OutputFormat) -> RenderableType:
    """Return the comparison of the engines in the requested output format."""
    title = f"{question.model.name} on {asked_hardware(question)} · {asked_traffic(question.traffic)}"
    rows = [_cells(each) for each in found]
    match output:
        case OutputFormat.JSON:
            body = {"traffic": question.traffic.model_dump(mode="json"), "engines": [_object(each) for each in found]}
            return json.dumps(body, indent=2, ensure_ascii=False)
        case OutputFormat.MARKDOWN:
            body = markdown_table(COLUMNS, [[cell.replace("\n", "<br>") for cell in row] for row in rows])
            return f"**{title}**\n\n{body}\n\n" + "\n".join(f"- {note}" for note in _notes(found)) + "\n"
        case OutputFormat.TEXT:
            table = Table(box=None, header_style="dim", padding=(0, 2, 0, 0), pad_edge=False)
            for name in COLUMNS:
                table.add_column(name, justify="left" if name in LEFT else "right")
            for row in rows:
                table.add_row(*row)
            notes = [Text(note, style="dim") for note in _notes(found)]
            return Group(Text(f"{title}\n", style="bold"), table, Text(""), *notes)


def _side(question: Question, progress: Progress) -> Side:
    gpu = question.hardware[Role.PREFILL].gpu
    release = question.engine.release
    with Answers(question.model, question.traffic, question.engine) as answers:
        if not answers.known(gpu):
            return Side(release, "", None, answers.unknown(gpu).removesuffix("."))
        field = field_of(question.model, question.hardware, answers, question.traffic, progress)
        leading = best(field, 1)
        if leading:
            caveats = tuple(caveat.of(question.engine.title) for caveat in leading[0].caveats)
            return Side(release, answers.data(gpu), leading[0], "", field.unknown, caveats)
        short = [str(role) for role, has in ((Role.PREFILL, field.prefill), (Role.DECODE, field.decode)) if not has]
        reason = (
            f"no {' and no '.join(short)} worker that can be predicted fits" if short else "no layout meets the limits"
        )
        return Side(release, answers.data(gpu), None, reason, field.unknown)


def _cells(side: Side) -> tuple[str, ...]:
    found = side.best
    if found is None:
        return side.engine, *["–"] * 6, ""
    return (
        side.engine,
        f"{role_text(found.layout.prefill)}\n{role_text(found.layout.decode)}",
        str(found.gpus),
        whole(found.tokens_per_second),
        str(shown_rate(found.tokens_per_second_per_gpu)),
        milliseconds_text(found.ttft_ms),
        milliseconds_text(found.itl_ms),
        found.limited_by,
    )


def _notes(found: Sequence[Side]) -> Iterator[str]:
    for side in found:
        if side.reason:
            yield f"{side.engine}: {side.reason}."
        if side.measured:
            yield f"{side.engine}: predicted from kernels measured with {side.measured}."
        for caveat in side.caveats:
            yield f"{side.engine}: {caveat}."
        if side.unknown:
            more = len(side.unknown) - REASONS
            listed = "; ".join(side.unknown[:REASONS]) + (f"; and {more} more" if more > 0 else "")
            yield f"{side.engine}, not predicted: {listed}."
    yield (
        "Each engine was measured in another release than it runs here, so differences of a tenth say nothing: "
        "`wideep bench` measures."
    )


def _object(side: Side) -> dict[str, object]:
    return {
        "engine": side.engine,
        "measured": side.measured or None,
        "best": prediction_object(side.best) if side.best else None,
        "reason": side.reason or None,
        "unknown": list(side.unknown),
        "caveats": list(side.caveats),
    }
