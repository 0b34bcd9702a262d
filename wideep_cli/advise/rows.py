"""Advice as rows of text, for the terminal and for Markdown."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from wideep.price import money
from wideep.text import shown_rate
from wideep_cli.advise.comparison import Advice, Compared, Unknown
from wideep_cli.advise.prediction import Prediction
from wideep_cli.advise.words import milliseconds_text, role_text, whole
from wideep_cli.advise.workers import Caveat

__all__ = ["Row", "columns", "notes", "rows"]

COLUMNS: Final = ("", "prefill / decode", "GPUs", "tokens/s", "per GPU", "bound", "TTFT", "ITL", "limited by")
"""``bound``: tokens/s per GPU that no software could exceed."""
COST: Final = "per M tokens"
"""An additional column if the stack states the price of a GPU."""

SHOWN: Final = 4
"""The most reasons that are spelled out; JSON has all of them."""


@dataclass(frozen=True)
class Row:
    """One layout: its cells, and whether it is one of the best."""

    cells: tuple[str, ...]
    best: bool


def columns(advice: Advice) -> tuple[str, ...]:
    """Return the column headings of the rows."""
    return COLUMNS if advice.question.price is None else (*COLUMNS, COST)


def rows(advice: Advice) -> list[Row]:
    """Return the rows of the best layouts, then of the presets that these GPUs could hold, then of today's stack."""
    marks, price = _marks(advice), advice.question.price
    best = [Row(_cells(rank, "", each, marks, price), True) for rank, each in enumerate(advice.best, 1)]
    others = [each for each in advice.presets if each.gpus <= advice.question.gpus]
    others += [advice.stack] if advice.stack else []
    return best + [Row(_compared(each, marks, price), False) for each in others]


def notes(advice: Advice) -> list[str]:
    """Return the notes below the table: marked caveats, what could not be predicted, and the source of the figures."""
    marks = _marks(advice)
    told = [(mark, caveat.of(advice.question.engine.title)) for caveat, mark in marks.items()]
    lines = [f"{mark} {text[0].upper()}{text[1:]}." for mark, text in told]
    if any(not each.meets for each in _predictions(advice)):
        lines.append("! A latency limit is exceeded.")
    unknown = advice.field.unknown
    if unknown:
        more = f"; and {len(unknown) - SHOWN} more" if len(unknown) > SHOWN else ""
        lines.append(f"Left out of the search: {'; '.join(unknown[:SHOWN])}{more}.")
    if advice.field.too_large:
        lines.append(f"{advice.field.too_large} more workers are valid but lack the memory for a single request.")
    lines.append(
        f"Predicted by AIConfigurator {advice.version} from kernels measured with {advice.data}; the graph runs "
        f"{advice.question.engine.version}. Ratios between layouts are more reliable than absolute figures. "
        "Per GPU: of those that the layout uses. Bound: tokens/s per GPU at the hardware's published peaks."
    )
    return lines


def _cells(
    rank: int | None, name: str, found: Prediction, marks: dict[Caveat, str], price: float | None
) -> tuple[str, ...]:
    flags = "".join(marks[caveat] for caveat in found.caveats) + ("" if found.meets else "!")
    title = () if rank else (name,)
    return (
        str(rank or ""),
        "\n".join((*title, role_text(found.layout.prefill), role_text(found.layout.decode))),
        str(found.gpus),
        whole(found.tokens_per_second),
        f"{shown_rate(found.tokens_per_second_per_gpu)}{flags}",
        whole(found.bound.tokens_per_second / found.gpus),
        milliseconds_text(found.ttft_ms),
        milliseconds_text(found.itl_ms),
        found.limited_by,
        *(() if price is None else (money(found.price(price)),)),
    )


def _compared(each: Compared, marks: dict[Caveat, str], price: float | None) -> tuple[str, ...]:
    if isinstance(each.prediction, Unknown):
        cost = () if price is None else ("–",)
        return "", f"{each.name}\n{each.prediction.reason}", str(each.gpus), *["–"] * 5, "", *cost
    return _cells(None, each.name, each.prediction, marks, price)


def _marks(advice: Advice) -> dict[Caveat, str]:
    """Return the letter that marks each caveat."""
    found = dict.fromkeys(caveat for each in _predictions(advice) for caveat in each.caveats)
    return {caveat: letter for letter, caveat in zip("ᵃᵇᶜᵈᵉ", found, strict=False)}


def _predictions(advice: Advice) -> Iterator[Prediction]:
    yield from advice.best
    compared: Sequence[Compared] = [*advice.presets, *([advice.stack] if advice.stack else [])]
    for each in compared:
        if isinstance(each.prediction, Prediction) and each.gpus <= advice.question.gpus:
            yield each.prediction
