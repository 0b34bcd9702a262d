"""An estimator for tests of the search: any worker, by a formula that one can follow on paper."""

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
    """A GPU prefills 50 tokens a ms, and decodes in 10 ms and 0.25 ms more for each request of its attention group.

    Without DeepEP it takes half as long again; each doubling of attention TP costs a tenth. Nothing is written to disk.
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
        """There is nothing to write."""

    def known(self, gpu: Gpu) -> bool:
        """Any model."""
        return True

    def data(self, gpu: Gpu) -> str:
        """No engine was measured."""
        return f"{self.engine.title} of no release"

    def series(self, question: WorkerQuestion) -> Series:
        """The formula at all batch sizes."""
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
