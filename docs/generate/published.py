"""The tables of published runs: each run beside the estimator's prediction and the hardware's bound."""

from __future__ import annotations

from collections.abc import Mapping

from docs.generate.published_runs import MODEL, RUNS, Run, Why
from wideep.settings.backend import Backend
from wideep.settings.layout import Role
from wideep_cli.advise import estimator
from wideep_cli.advise.words import whole
from wideep_cli.advise.workers import Caveat, worker_question
from wideep_cli.markdown import table

__all__ = ["published"]


def predicted(run: Run, backend: Backend) -> float | None:
    """Return tokens/s per GPU from the estimator's measurements of an engine, ignoring what two phases lose to each
    other.

    None if it has no measurements, or if it uses those within a node for traffic that crosses nodes.
    """
    question = worker_question(run.gpu, run.role, run.layout, backend)
    found = estimator.series(MODEL.name, question, run.traffic, [run.batch])
    if not found.steps or Caveat.ONE_NODE in found.caveats:
        return None
    return found.steps[-1].requests_per_second / estimator.MATCHING[run.role] * run.tokens / run.ep


def published() -> dict[str, str]:
    """Return the tables of both roles, the reasons by letter, and the ranges of prediction error and of reached
    bound."""
    kernels = {run: _prediction(run) for run in RUNS}
    letters = dict(zip(Why, "abcd", strict=True))
    off = [value / run.measured - 1 for run, value in kernels.items() if value]
    reached = [run.measured / run.most for run in RUNS]
    return {
        **{f"{role} runs": _table(role, kernels, letters) for role in Role},
        "why": "\n".join(f"- {_mark(letter)} {why}" for why, letter in letters.items()),
        "off": f"{_percent(min(off), sign=True)} to {_percent(max(off), sign=True)}",
        "reached": f"{_percent(min(reached))} to {_percent(max(reached))}",
    }


def _prediction(run: Run) -> float | None:
    """Return the prediction for the engine's own kernels, else for SGLang's; None if neither has one."""
    asked = (predicted(run, backend) for backend in dict.fromkeys((run.backend, Backend.SGLANG)))
    return next((value for value in asked if value), None)


def _table(role: Role, kernels: Mapping[Run, float | None], letters: Mapping[Why, str]) -> str:
    load = ["prompt"] if role is Role.PREFILL else ["tokens", "requests"]
    head = [role, *load, "measured", "predicted", "off", "bound", "reached"]
    return table(head, [_row(run, kernels[run], _mark(letters[run.why])) for run in RUNS if run.role is role])


def _row(run: Run, value: float | None, mark: str) -> list[str]:
    load = [str(run.isl)] if run.role is Role.PREFILL else [f"{run.isl} → {run.osl}", str(run.batch)]
    off = _percent(value / run.measured - 1, sign=True) if value else "–"
    shown = whole(value) if value else "–"
    bound = f"{whole(run.most)} {run.bound.bound_by}"
    return [run.worker, *load, whole(run.measured), shown, f"{off} {mark}", bound, _percent(run.measured / run.most)]


def _mark(letter: str) -> str:
    return f"<sup>{letter}</sup>"


def _percent(share: float, *, sign: bool = False) -> str:
    return f"{share:{'+' if sign else ''}.0%}".replace("%", " %")
