"""The Pareto plot of tokens/s per GPU against tokens/s per user, as a picture or as text for the terminal."""
# pyright: reportMissingModuleSource=false

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from wideep_cli.advise.comparison import Advice
from wideep_cli.advise.prediction import Prediction
from wideep_cli.advise.words import asked_hardware, asked_traffic
from wideep_cli.errors import writing

__all__ = ["terminal_plot", "write_plot"]

WIDTH, HEIGHT = 90, 20
X_LABEL: Final = "tokens/s per user"
Y_LABEL: Final = "tokens/s per GPU"


@dataclass(frozen=True)
class _Point:
    label: str
    user: float
    gpu: float


def write_plot(advice: Advice, path: Path) -> None:
    """Draw the plot into a file whose name ``require_format`` accepts.

    Raises:
        CallError: the file cannot be written.
    """
    from matplotlib import rc, use
    from matplotlib.figure import Figure

    use("agg")
    rc("svg", fonttype="none", hashsalt="wideep")  # text stays text, and the file is the same each time
    figure = Figure(figsize=(9, 5.5), layout="constrained")
    axes = figure.add_subplot()
    line = list(_frontier(advice))
    axes.plot([p.user for p in line], [p.gpu for p in line], "-o", color="#1a7f37", markersize=4, label="best layouts")
    for marker, point in zip("sD^vP*Xh", _beside(advice), strict=False):
        axes.plot([point.user], [point.gpu], marker, markersize=9, linestyle="none", label=point.label)
    slowest = 1000 / advice.question.traffic.itl_ms
    slower = f"slower than ITL {advice.question.traffic.itl}"
    axes.axvspan(0, slowest, color="#d1242f", alpha=0.08, linewidth=0, label=slower)
    axes.set(xlabel=X_LABEL, ylabel=Y_LABEL, xlim=(0, None), ylim=(0, None))
    question = advice.question
    title = f"{question.model.name} on {asked_hardware(question)}\n{asked_traffic(question.traffic)}"
    axes.set_title(title, fontsize=11)
    axes.grid(alpha=0.25)
    axes.legend(frameon=False)
    with writing(path):
        kind = path.suffix.removeprefix(".").lower() or "svg"
        figure.savefig(path, format=kind, dpi=150, metadata={"Date": None} if kind == "svg" else None)


def terminal_plot(advice: Advice) -> str:
    """Return the plot as text, without colour."""
    import plotext

    plotext.clear_figure()
    plotext.theme("clear")
    plotext.plotsize(WIDTH, HEIGHT)
    line = list(_frontier(advice))
    plotext.plot([p.user for p in line], [p.gpu for p in line], marker="braille", label="best layouts")
    for marker, point in zip("ABCDEFGH", _beside(advice), strict=False):
        plotext.scatter([point.user], [point.gpu], marker=marker, label=point.label)
    plotext.xlabel(X_LABEL)
    plotext.ylabel(Y_LABEL)
    plotext.xlim(0, 1.05 * max(point.user for point in [*line, *_beside(advice)]))
    plotext.ylim(0, 1.1 * max(point.gpu for point in [*line, *_beside(advice)]))
    return plotext.uncolorize(plotext.build())


def _frontier(advice: Advice) -> Iterator[_Point]:
    """Yield the best layout for each speed, without those that another one beats in both figures."""
    highest = 0.0
    fastest_first = sorted(advice.frontier, key=lambda each: -each.tokens_per_second_per_user)
    for each in fastest_first:
        if each.tokens_per_second_per_gpu > highest * 1.001:
            highest = each.tokens_per_second_per_gpu
            yield _Point("", each.tokens_per_second_per_user, highest)


def _beside(advice: Advice) -> list[_Point]:
    """Return the points of the largest presets that these GPUs can hold, and of today's stack."""
    held = [each for each in advice.presets if each.gpus <= advice.question.gpus]
    most = max((each.gpus for each in held), default=0)
    compared = [*(each for each in held if each.gpus == most), *([advice.stack] if advice.stack else [])]
    return [
        _Point(each.name, each.prediction.tokens_per_second_per_user, each.prediction.tokens_per_second_per_gpu)
        for each in compared
        if isinstance(each.prediction, Prediction)
    ]
