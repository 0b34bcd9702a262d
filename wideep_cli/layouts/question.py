"""The model and the GPUs that ``wideep layouts`` is asked about."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

from wideep.catalog.gpus import gpu_spec
from wideep.catalog.models import MODELS
from wideep.catalog.unknown import same_gpu, same_model, unknown_gpu
from wideep.dynamo.releases import newest_tried
from wideep.engines import engine, engine_of
from wideep.engines.base import Engine
from wideep.settings.backend import Backend
from wideep.settings.hardware import Gpu, Hardware, Interconnect
from wideep.settings.model import ModelShape
from wideep_cli.errors import CallError
from wideep_cli.stack_context import settings_of, stack_file

__all__ = ["ALL", "MOST_GPUS", "RACK_NODE", "Question", "each_engine", "question", "questions", "require_searchable"]

ALL = "all"
"""The value of ``--backend`` that stands for every engine."""
DEFAULT_MODEL = "deepseek-ai/DeepSeek-R1"
DEFAULT_HARDWARE = Hardware(gpu=Gpu.H200, nodes=1, gpus_per_node=8, interconnect=Interconnect.INFINIBAND)

MOST_GPUS = 4096
"""The most GPUs that a role may have."""
RACK_NODE = 4
"""GPUs of a node in a rack that is one NVLink domain (GB200 NVL72, GB300 NVL72)."""


@dataclass(frozen=True)
class Question:
    """A model on a kind of GPU node. The number of nodes does not matter."""

    model: ModelShape
    hardware: Hardware
    backend: Backend
    engine: Engine

    @property
    def by(self) -> str:
        """The engine as the end of a title, `` by vLLM 0.31.0``; empty for SGLang, which a stack gets by default."""
        return "" if self.backend is Backend.SGLANG else f" by {self.engine.release}"


def question(  # noqa: PLR0913, PLR0917 - the command's options
    model: str | None,
    gpu: str | None,
    gpus_per_node: int | None,
    stack: str | None,
    file: Path | None,
    backend: str | None = None,
) -> Question:
    """Return the question: model and hardware of the stack if one is named, else DeepSeek-R1 on nodes of 8 × H200 with
    RDMA. The other options override either.

    Raises:
        CallError: a name is not in the catalog.
        ConfigError: the stack's config is invalid.
    """
    shape, hardware, runs = MODELS[DEFAULT_MODEL], DEFAULT_HARDWARE, engine_of()
    own = Backend.SGLANG
    if stack or file:
        settings = settings_of(stack_file(stack, file))
        shape, hardware = settings.model, settings.hardware
        own, runs = settings.backend, engine_of(settings)
    asked = _backend(backend) if backend and backend.lower() != ALL else own
    if asked is not own:
        own, runs = asked, engine(asked, newest_tried().engines[asked.value])
    if model:
        shape = _model(model)
    if gpu:
        kind = _gpu(gpu)
        per_node = (
            RACK_NODE if gpu_spec(kind).nvlink_domain > DEFAULT_HARDWARE.gpus_per_node else hardware.gpus_per_node
        )
        price = hardware.price_per_gpu_hour if kind == hardware.gpu else None
        hardware = hardware.model_copy(update={"gpu": kind, "gpus_per_node": per_node, "price_per_gpu_hour": price})
    if gpus_per_node:
        hardware = hardware.model_copy(update={"gpus_per_node": gpus_per_node})
    return Question(shape, hardware, own, runs)


def questions(asked: Question) -> list[Question]:
    """Return the same question for each engine: the stack's own as it is, the others in the release of a new stack."""
    return [replace(asked, backend=backend, engine=each) for backend, each in each_engine(asked.backend, asked.engine)]


def each_engine(own: Backend, runs: Engine) -> list[tuple[Backend, Engine]]:
    """Return all engines: ``own`` as ``runs``, the others in the release of a new stack."""
    versions = newest_tried().engines
    return [(each, runs if each is own else engine(each, versions[each.value])) for each in Backend]


def _backend(word: str) -> Backend:
    if word.lower() not in list(Backend):
        names = " or ".join((*Backend, ALL))
        raise CallError(f"--backend {word}: not an engine that this program runs.", f"Try {names}.")
    return Backend(word.lower())


def _gpu(word: str) -> Gpu:
    """Return the GPU of the catalog, whatever the case of its name. A stack file may describe other NVIDIA GPUs."""
    found = next((gpu for gpu in Gpu if gpu.lower() == word.lower()), None)
    if found is None:
        near = " or ".join(f"--gpu {gpu}" for gpu in same_gpu(word))
        fix = f"Try {near}." if near else f"The catalog has {', '.join(Gpu)}; a stack may describe others (--stack)."
        raise CallError(f"--gpu {word}: {unknown_gpu(word)[0]}.", fix)
    return found


def _model(word: str) -> ModelShape:
    found = next((name for name in MODELS if name.lower() == word.lower()), None)
    if found is None:
        near = " or ".join(f"--model {name}" for name in same_model(word, MODELS))
        fix = f"Try {near}." if near else f"The catalog has {', '.join(MODELS)}; a stack may have others (--stack)."
        raise CallError(f"--model {word}: not in the catalog.", fix)
    return MODELS[found]


def require_searchable(gpus: int | None) -> None:
    """Raise CallError for a number of GPUs that cannot be searched.

    Raises:
        CallError: there are fewer than two GPUs, or more than one role may have.
    """
    if gpus is not None and gpus < 2:
        raise CallError(f"--gpus {gpus}: prefill and decode need at least one GPU each.", "Try --gpus 2 or more.")
    if gpus is not None and gpus > MOST_GPUS:
        raise CallError(f"--gpus {gpus}: at most {MOST_GPUS} GPUs are searched.", f"Try --gpus {MOST_GPUS}.")
