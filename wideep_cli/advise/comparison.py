"""The best layouts, compared with the presets and today's stack."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from wideep.catalog.layouts import PRESETS, preset_gpus
from wideep.rules.registry import check_role
from wideep.rules.role_context import RoleContext
from wideep.settings.hardware import Hardware, Interconnect
from wideep.settings.layout import Role, RoleLayout
from wideep.settings.model import ModelShape
from wideep.settings.traffic import Traffic
from wideep_cli.advise.answers import Answers
from wideep_cli.advise.operating import Worker, as_it_stands
from wideep_cli.advise.prediction import Pair, Prediction, predict
from wideep_cli.advise.question import Question
from wideep_cli.advise.search import Field, Progress, best, field_of, frontier
from wideep_cli.errors import CallError

__all__ = ["Advice", "Compared", "Unknown", "advise", "best_preset", "predict_layout", "predict_presets"]

BEST = 5
FRONTIER_MS = (8, 10, 12, 15, 18, 20, 22, 25, 28, 30, 35, 40, 45, 50, 60, 70, 80, 100, 125, 150)


@dataclass(frozen=True)
class Unknown:
    """The reason why there is no prediction for a layout."""

    reason: str
    runs: bool
    """True if the layout can run, and only the estimator cannot predict it."""


@dataclass(frozen=True)
class Compared:
    """A layout to compare with the best: a preset or today's stack."""

    name: str
    gpus: int
    prediction: Prediction | Unknown


@dataclass(frozen=True)
class Advice:
    """The answer of ``wideep advise``."""

    question: Question
    version: str
    """Version of the estimator."""
    data: str
    """The engine and its release that were measured."""
    field: Field
    best: tuple[Prediction, ...]
    presets: tuple[Compared, ...]
    stack: Compared | None
    frontier: tuple[Prediction, ...]


def advise(question: Question, progress: Progress) -> Advice:
    """Return the answer to a question.

    Raises:
        CallError: the estimator is not installed, or knows no model of this shape.
    """
    traffic, model = question.traffic, question.model
    with Answers(model, traffic, question.engine) as answers:
        hardware = question.hardware[Role.PREFILL]
        _require_known(answers, hardware)
        field = field_of(model, question.hardware, answers, traffic, progress)
        return Advice(
            question=question,
            version=answers.version,
            data=answers.data(hardware.gpu),
            field=field,
            best=tuple(best(field, BEST)),
            presets=() if question.mixed else tuple(predict_presets(model, hardware, answers, traffic)),
            stack=_stack(question, answers),
            frontier=tuple(frontier(field, FRONTIER_MS)),
        )


def predict_layout(
    model: ModelShape, hardware: Hardware, roles: Mapping[Role, RoleLayout], answers: Answers, traffic: Traffic
) -> Prediction | Unknown:
    """Return the prediction for one layout with its own memory settings, or the reason why there is none."""
    workers: list[Worker] = []
    for name, role in roles.items():
        site = RoleContext(name, role, model, hardware, runs_on=answers.engine)
        problems = check_role(site)
        if problems:
            return Unknown(f"{problems[0].key}: {problems[0].rule}", runs=False)
        if role.pp > 1 or role.speculative:
            what = "pipeline stages" if role.pp > 1 else "speculative decoding"
            return Unknown(f"the estimator does not support {what}", runs=True)
        worker = as_it_stands(site, answers, traffic)
        if isinstance(worker, str):
            return Unknown(worker, runs=True)
        workers.append(worker)
    prefill, decode = workers
    return predict(Pair(prefill, decode, (roles[Role.PREFILL].replicas, roles[Role.DECODE].replicas)), traffic)


def predict_presets(
    model: ModelShape, kind: Hardware, answers: Answers, traffic: Traffic, gpus: int | None = None
) -> list[Compared]:
    """Predict each preset on GPUs of the kind of ``kind``, with InfiniBand between as many nodes as the preset needs.

    ``gpus``: only presets with exactly this number of GPUs; None: all presets.
    """
    rows: list[Compared] = []
    for name, roles in PRESETS.items():
        size = preset_gpus(name)
        if gpus not in (None, size) or name.backend not in (None, answers.backend):
            continue
        hardware = Hardware(
            gpu=kind.gpu,
            nodes=sum(role.replicas * role.nodes for role in roles.values()),
            gpus_per_node=max(role.gpus_per_node for role in roles.values()),
            interconnect=Interconnect.INFINIBAND,
        )
        rows.append(Compared(name, size, predict_layout(model, hardware, roles, answers, traffic)))
    return rows


def best_preset(presets: Sequence[Compared], gpus: int) -> tuple[str, Prediction] | None:
    """Return the preset with exactly this number of GPUs that serves the most within the limits; None if none does."""
    found = [(each.name, each.prediction) for each in presets if each.gpus == gpus]
    meeting = [(name, each) for name, each in found if isinstance(each, Prediction) and each.meets]
    return max(meeting, key=lambda pair: pair[1].tokens_per_second, default=None)


def _require_known(answers: Answers, hardware: Hardware) -> None:
    if answers.known(hardware.gpu):
        return
    raise CallError(
        answers.unknown(hardware.gpu),
        "wideep layouts --gpus N --model … lists what fits, by KV cache.",
    )


def _stack(question: Question, answers: Answers) -> Compared | None:
    settings = question.stack
    if settings is None or settings.model != question.model or settings.backend != question.backend:
        return None
    roles = settings.layout.roles
    found = predict_layout(question.model, settings.hardware, roles, answers, question.traffic)
    return Compared("this stack", sum(role.gpus for role in roles.values()), found)
