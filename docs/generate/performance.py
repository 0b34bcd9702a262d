"""Write docs/performance.md: its text with every table computed anew. Needs the estimator (make setup-advise)."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

from wideep.catalog.gpus import GPUS
from wideep.catalog.layouts import PRESETS, preset_gpus
from wideep.catalog.models import MODELS
from wideep.memory import worker_memory
from wideep.memory.measured import measured_table
from wideep.roofline import decode_bound, prefill_bound
from wideep.settings.hardware import Gpu
from wideep.settings.layout import Preset, Role
from wideep.settings.traffic import Traffic
from wideep_cli.advise import estimator
from wideep_cli.advise.answers import Answers
from wideep_cli.advise.comparison import Advice, Compared, Unknown, advise
from wideep_cli.advise.prediction import Prediction
from wideep_cli.advise.question import Asked, ask
from wideep_cli.advise.words import milliseconds_text, role_text, share, whole
from wideep_cli.advise.workers import worker_question
from wideep_cli.layouts.served import BEST, SERVED, TRAFFICS
from wideep_cli.markdown import table

HERE = Path(__file__).parents[1]
PAGE = HERE / "performance.md"
R1 = MODELS["deepseek-ai/DeepSeek-R1"]
COMPARED = (*TRAFFICS, Traffic(isl=1024, osl=1024))
"""The traffics that the presets are compared on: those that the best ones were chosen for, and another."""
PROMPTS = {1000: 57_674, 2000: 54_543, 4000: 50_302}
"""Measured prefill, tokens/s a node, by prompt length: 4 nodes of 8 × H100, EP32, 32 redundant experts."""
PREFILL_TOKENS = 16_384
"""Tokens of a step on one GPU in that report."""
SWEEP = (
    ("deepseek-ai/DeepSeek-R1", 16, 395.269),
    ("deepseek-ai/DeepSeek-R1", 32, 395.269),
    ("Qwen/Qwen3-30B-A3B", 8, 2793.063),
)


def asked(gpus: int, model: str = R1.name, traffic: Traffic = TRAFFICS[0]) -> Advice:
    """``wideep advise`` on H200."""
    question = ask(Asked(model=model, gpu="H200", gpus=gpus, **traffic.model_dump()), None, None)
    return advise(question, lambda role, done: None)


def best() -> str:
    """The best for four GPU counts, and the presets."""
    head = ["GPUs", "", "prefill", "decode", "tokens/s", "tokens/s per GPU", "bound", "TTFT", "ITL", "limited by"]
    rows = [[str(gpus), "**best**", *_figures(asked(gpus).best[0])] for gpus in BEST]
    rows += [[str(each.gpus), f"`{each.name}`", *_compared(each)] for each in asked(104).presets]
    return table(head, rows)


def presets() -> str:
    """Each preset for several traffics, where the estimator can tell."""
    head = ["", *(f"{each.isl} in, {each.osl} out, {each.ttft}, {each.itl}" for each in COMPARED)]
    found = {gpus: [asked(gpus, traffic=traffic) for traffic in COMPARED] for gpus in BEST}
    return table(head, [[f"`{preset}`", *_shares(preset, found[preset_gpus(preset)])] for preset in SERVED])


def measured() -> str:
    """Published measurements beside prediction and bound."""
    head = ["run", "measured", "predicted", "bound", "bound by"]
    return table(head, [*_prefill_rows(), *_decode_rows()])


def memory() -> str:
    """Weights on one GPU by both counts."""
    rows: list[list[str]] = []
    for preset, roles in PRESETS.items():
        if preset.backend is not None:
            continue
        for role, layout in roles.items():
            found = estimator.series(R1.name, worker_question(Gpu.H200, role, layout), Traffic(isl=4000, osl=500), [1])
            ours = worker_memory(R1, GPUS[Gpu.H200], layout).weights_gb
            theirs = "no data" if found.no_data else f"{found.weights_gb:.1f}"
            rows.append([f"`{preset}` {role}", f"{ours:.1f}", theirs])
    return table(["", "wideep plan", "AIConfigurator"], rows)


def sweep() -> str:
    """Rows of the comparison with the estimator's own search."""
    rows: list[str] = []
    for model, gpus, theirs in SWEEP:
        ours = asked(gpus, model).best[0].tokens_per_second_per_gpu
        rows.append(f"| {model.split('/')[1]}, {gpus} × H200 | {theirs:,.0f} | {ours:,.0f} |")
    return "\n".join(rows)


def page() -> str:
    """The whole page."""
    with Answers(R1, Traffic(isl=4000, osl=500)) as answers:
        values = {"version": answers.version, "data": answers.data(Gpu.H200)}
    values |= {"best": best(), "presets": presets(), "measured": measured(), "memory": memory(), "sweep": sweep()}
    values["field"] = measured_table()
    text = (HERE / "performance.md.in").read_text(encoding="utf-8")
    for name, value in values.items():
        text = text.replace(f"@{name}@", value)
    return text


def _figures(found: Prediction) -> list[str]:
    return [
        role_text(found.layout.prefill),
        role_text(found.layout.decode),
        whole(found.tokens_per_second),
        f"{found.tokens_per_second_per_gpu:.0f}",
        whole(found.bound.tokens_per_second / found.gpus),
        milliseconds_text(found.ttft_ms),
        milliseconds_text(found.itl_ms),
        found.limited_by,
    ]


def _shares(preset: Preset, advices: Sequence[Advice]) -> Iterator[str]:
    """Tokens/s a GPU, and their share of the best for as many GPUs."""
    for advice in advices:
        (found,) = [each.prediction for each in advice.presets if each.name == preset]
        if isinstance(found, Prediction):
            misses = "" if found.meets else " (misses a limit)"
            yield f"{found.tokens_per_second_per_gpu:.0f}, {share(found, advice.best[0])}{misses}"
        else:
            yield "–"


def _compared(each: Compared) -> list[str]:
    if isinstance(each.prediction, Unknown):
        reason = each.prediction.reason if each.prediction.runs else "does not fit"
        return [reason, "", *["–"] * 5, ""]
    return _figures(each.prediction)


def _prefill_rows() -> Iterator[list[str]]:
    role = PRESETS[Preset.WIDE_104GPU][Role.PREFILL]
    for isl, published in PROMPTS.items():
        traffic, batch = Traffic(isl=isl, osl=2), PREFILL_TOKENS // isl
        found = estimator.series(R1.name, worker_question(Gpu.H100_80, Role.PREFILL, role), traffic, [batch])
        alone = found.steps[-1].requests_per_second / estimator.MATCHING[Role.PREFILL] * isl / role.nodes
        bound = prefill_bound(R1, Gpu.H100_80, role, batch, traffic)
        limit = bound.requests_per_second * isl / role.nodes
        name = f"prefill EP32, 4 × 8 H100, prompts of {isl}"
        yield [name, whole(published), whole(alone), whole(limit), bound.bound_by]


def _decode_rows() -> Iterator[list[str]]:
    traffic = Traffic(isl=2000, osl=200)
    wide = PRESETS[Preset.WIDE_104GPU][Role.DECODE]
    bound = decode_bound(R1, Gpu.H100_80, wide, 256, traffic)
    limit = bound.requests_per_second * traffic.osl / wide.nodes
    yield ["decode EP72, 9 × 8 H100, after 2000 tokens", whole(22_282), "no data", whole(limit), bound.bound_by]
    rack = wide.model_copy(update={"nodes": 12, "gpus_per_node": 4, "tp": 48, "dp": 48, "ep": 48})
    bound = decode_bound(R1, Gpu.GB200, rack, 768, traffic)
    limit = bound.requests_per_second * traffic.osl / 48
    yield ["decode EP48, 12 × 4 GB200, after 2000 tokens", whole(7_583), "no data", whole(limit), bound.bound_by]


def pages() -> dict[Path, str]:
    """Return the page."""
    return {PAGE: page()}
