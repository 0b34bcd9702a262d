"""The table of published runs: each beside what the estimator predicts for it and what the hardware allows."""

from __future__ import annotations

from docs.generate.published_runs import MODEL, RUNS, Run, title
from wideep.settings.backend import Backend
from wideep_cli.advise import estimator
from wideep_cli.advise.words import whole
from wideep_cli.advise.workers import Caveat, worker_question
from wideep_cli.markdown import table

__all__ = ["published_table"]


def predicted(run: Run, backend: Backend) -> float | None:
    """Tokens/s per GPU by the estimator's measurements of an engine, without what two phases lose to each other.

    None where it has none, or takes those within a node for what crosses nodes.
    """
    question = worker_question(run.gpu, run.role, run.layout, backend)
    found = estimator.series(MODEL.name, question, run.traffic, [run.batch])
    if not found.steps or Caveat.ONE_NODE in found.caveats:
        return None
    return found.steps[-1].requests_per_second / estimator.MATCHING[run.role] * run.tokens / run.ep


def published_table() -> str:
    """Every run, as Markdown."""
    head = ["run", "measured", "predicted", "bound", "bound by", "measured / bound"]
    return table(head, [_row(run) for run in RUNS])


def _row(run: Run) -> list[str]:
    asked = ((backend, predicted(run, backend)) for backend in dict.fromkeys((run.backend, Backend.SGLANG)))
    shown = next((_shown(value, backend, run) for backend, value in asked if value), "no data")
    return [run.name, whole(run.measured), shown, whole(run.most), run.bound.bound_by, f"{run.measured / run.most:.0%}"]


def _shown(value: float, backend: Backend, run: Run) -> str:
    """A prediction, how far it is off, and whose kernels it is of where they are another engine's."""
    whose = "" if backend is run.backend else f", of {title(backend)}'s kernels"
    return f"{whole(value)} ({value / run.measured - 1:+.0%}{whose})"
