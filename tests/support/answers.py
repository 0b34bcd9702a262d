"""An estimator for tests of the search: it covers every worker, with a formula that can be checked by hand."""

from __future__ import annotations

from wideep.engines import engine_of
from wideep.engines.base import Engine
from wideep.settings.backend import Backend
from wideep.settings.hardware import Gpu
from wideep.settings.layout import Role
from wideep.settings.model import ModelShape
from wideep.settings.traffic import Traffic
from wideep_cli.advise.answers import Answers, batches
from wideep_cli.advise.workers import Series, Step, WorkerQuestion

__all__ = ["FormulaAnswers"]


class FormulaAnswers(Answers):
    """Estimates 50 prefill tokens per ms for a GPU, and 10 ms per decode step plus 0.25 ms for each request of its
    attention group.

    Without DeepEP a step takes 1.5 times as long; each further GPU of attention TP costs a tenth. Nothing is written to
    disk.
    """

    def __init__(
        self, model: ModelShape, traffic: Traffic, engine: Engine | None = None, unmeasured_ep: int | None = None
    ) -> None:
        self.version = "of-the-tests"
        self.engine = engine or engine_of()
        self.backend = Backend(self.engine.framework)
        self._unmeasured = unmeasured_ep
        self._asked = traffic

    def __exit__(self, *_: object) -> None:
        """Write nothing."""

    def known(self, gpu: Gpu) -> bool:
        """Return True: any GPU is known."""
        return True

    def data(self, gpu: Gpu) -> str:
        """Return a text that names no measured release."""
        return f"{self.engine.title} of no release"

    def series(self, question: WorkerQuestion) -> Series:
        """Return the formula's steps at all batch sizes; no data for the EP that counts as unmeasured."""
        if question.ep == self._unmeasured:
            return Series(no_data=f"no measurements of {question.role} with EP {question.ep}")
        steps = tuple(self._step(question, batch) for batch in batches(question.role, self._asked))
        return Series(steps=steps)

    def _step(self, question: WorkerQuestion, batch: int) -> Step:
        slower = (1.0 if question.deepep else 1.5) * (0.9 + 0.1 * question.attention_tp)
        requests = batch * question.dp
        if question.role is Role.PREFILL:
            ms = slower * requests * self._asked.isl / 50 / question.gpus
            rate = requests * 1000 / ms
        else:
            ms = slower * (10 + 0.25 * batch)
            rate = requests * 1000 / ms / self._asked.osl
        return Step(batch=batch, milliseconds=ms, requests_per_second=rate, memory_gb=0.0, fits=True)
