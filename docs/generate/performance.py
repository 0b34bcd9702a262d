"""Writes docs/performance.md: its text with every table recomputed. Needs the estimator (make setup-advise)."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory

from docs.generate.published import published
from wideep.catalog.gpus import GPUS
from wideep.catalog.layouts import PRESETS, preset_gpus
from wideep.catalog.models import MODELS
from wideep.memory import worker_memory
from wideep.memory.measured import measured_table
from wideep.settings.hardware import Gpu
from wideep.settings.layout import Preset, Role, RoleLayout
from wideep.settings.traffic import Traffic
from wideep.text import shown_rate
from wideep_cli.advise import estimator
from wideep_cli.advise.answers import Answers
from wideep_cli.advise.comparison import Advice, Unknown, advise
from wideep_cli.advise.plot import write_plot
from wideep_cli.advise.prediction import Prediction
from wideep_cli.advise.question import Asked, ask
from wideep_cli.advise.words import role_text, share, whole
from wideep_cli.advise.workers import worker_question
from wideep_cli.layouts.served import BEST, SERVED, TRAFFICS
from wideep_cli.markdown import table

HERE = Path(__file__).parents[1]
PAGE = HERE / "performance.md"
PLOT = HERE / "figures" / "pareto.svg"
R1 = MODELS["deepseek-ai/DeepSeek-R1"]
COMPARED = (*TRAFFICS, Traffic(isl=1024, osl=1024))
"""Traffics on which the presets are compared: those for which the best ones were chosen, and another one."""
SWEEP = (
    ("deepseek-ai/DeepSeek-R1", 16, 395.269),
    ("deepseek-ai/DeepSeek-R1", 32, 395.269),
    ("Qwen/Qwen3-30B-A3B", 8, 2793.063),
)


def asked(gpus: int, model: str = R1.name, traffic: Traffic = TRAFFICS[0]) -> Advice:
    """Return the answer of ``wideep advise`` for H200."""
    question = ask(Asked(model=model, gpu="H200", gpus=gpus, **traffic.model_dump()), None, None)
    return advise(question, lambda role, done: None)


def best() -> str:
    """Return the best layout for four GPU counts beside the presets of that size, and the presets without a
    prediction."""
    head = ["GPUs", "layout", "tokens/s", "per GPU", "bound", "TTFT, s", "ITL, ms", "limited by"]
    compared = asked(104).presets
    rows: list[list[str]] = []
    notes: list[str] = []
    for gpus in BEST:
        found = asked(gpus).best[0]
        shown = {f"`{each.name}`": each.prediction for each in compared if each.gpus == gpus}
        named = {name: each for name, each in shown.items() if isinstance(each, Prediction)}
        if not any(_same(each, found) for each in named.values()):
            named = {"best found": found, **named}
            notes.append(f"The best found on {gpus} GPUs: {_roles(found)}.")
        for name, each in sorted(named.items(), key=lambda row: -row[1].tokens_per_second):
            rows.append([str(gpus), f"**{name}**" if _same(each, found) else name, *_figures(each)])
    notes += [f"`{each.name}` {_reason(each.prediction)}." for each in compared if isinstance(each.prediction, Unknown)]
    return "\n\n".join((table(head, rows), "\n".join(f"- {note}" for note in notes)))


def presets() -> str:
    """Return each preset for several traffics, where the estimator has data."""
    head = ["", *(f"{each.isl} → {each.osl}, {each.ttft}" for each in COMPARED)]
    found = {gpus: [asked(gpus, traffic=traffic) for traffic in COMPARED] for gpus in BEST}
    return table(head, [[f"`{preset}`", *_shares(preset, found[preset_gpus(preset)])] for preset in SERVED])


def memory() -> str:
    """Return the weights on one GPU by plan and estimator; presets with equal figures share a row."""
    rows: dict[tuple[str, ...], list[str]] = {}
    for preset, roles in PRESETS.items():
        if preset.backend is None:
            figures = tuple(cell for role, layout in roles.items() for cell in _weights(role, layout))
            rows.setdefault(figures, []).append(f"`{preset}`")
    head = ["", "prefill: plan", "estimator", "decode: plan", "estimator"]
    return table(head, [[", ".join(names), *figures] for figures, names in rows.items()])


def sweep() -> str:
    """Return the rows of the comparison with the estimator's own search."""
    rows: list[str] = []
    for model, gpus, theirs in SWEEP:
        ours = asked(gpus, model).best[0].tokens_per_second_per_gpu
        rows.append(f"| {model.split('/')[1]}, {gpus} × H200 | {theirs:,.0f} | {ours:,.0f} |")
    return "\n".join(rows)


def page() -> str:
    """Return the whole page."""
    with Answers(R1, Traffic(isl=4000, osl=500)) as answers:
        values = {"version": answers.version, "data": answers.data(Gpu.H200)}
    values |= {
        "best": best(),
        "presets": presets(),
        **published(),
        "memory": memory(),
        "sweep": sweep(),
    }
    values["field"] = measured_table()
    text = (HERE / "performance.md.in").read_text(encoding="utf-8")
    for name, value in values.items():
        text = text.replace(f"@{name}@", value)
    return text


def _weights(role: Role, layout: RoleLayout) -> tuple[str, str]:
    """Return the GB of weights on one H200, by the plan and by the estimator."""
    found = estimator.series(R1.name, worker_question(Gpu.H200, role, layout), Traffic(isl=4000, osl=500), [1])
    ours = worker_memory(R1, GPUS[Gpu.H200], layout).weights_gb
    return f"{ours:.1f}", "–" if found.no_data else f"{found.weights_gb:.1f}"


def _same(preset: Prediction, found: Prediction) -> bool:
    """Tell whether a preset equals that layout, as far as the tables show."""
    return (_roles(preset), _figures(preset)) == (_roles(found), _figures(found))


def _roles(found: Prediction) -> str:
    return f"prefill {role_text(found.layout.prefill)}, decode {role_text(found.layout.decode)}"


def _figures(found: Prediction) -> list[str]:
    return [
        whole(found.tokens_per_second),
        str(shown_rate(found.tokens_per_second_per_gpu)),
        whole(found.bound.tokens_per_second / found.gpus),
        f"{found.ttft_ms / 1000:.2f}",
        f"{found.itl_ms:.1f}",
        found.limited_by,
    ]


def _reason(unknown: Unknown) -> str:
    return f"has no prediction: {unknown.reason}" if unknown.runs else "does not fit in memory"


def _shares(preset: Preset, advices: Sequence[Advice]) -> Iterator[str]:
    """Yield tokens/s per GPU and their share of the best result on as many GPUs, for each traffic."""
    for advice in advices:
        (found,) = [each.prediction for each in advice.presets if each.name == preset]
        if isinstance(found, Prediction):
            misses = "" if found.meets else " (misses a limit)"
            yield f"{shown_rate(found.tokens_per_second_per_gpu)}, {share(found, advice.best[0])}{misses}"
        else:
            yield "–"


def pages() -> dict[Path, str]:
    """Return the page, and the plot for 32 GPUs."""
    with TemporaryDirectory() as folder:
        plot = Path(folder) / PLOT.name
        write_plot(asked(32), plot)
        return {PAGE: page(), PLOT: plot.read_text(encoding="utf-8")}
