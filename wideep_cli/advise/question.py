"""The question to ``wideep advise``: model, GPUs and traffic, from the options and from the stack if one is named."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Final

from wideep.catalog.gpus import gpu_spec
from wideep.engines.base import Engine
from wideep.settings import Settings
from wideep.settings.backend import Backend
from wideep.settings.hardware import GpuKind, Hardware, Interconnect
from wideep.settings.layout import Role
from wideep.settings.model import ModelShape
from wideep.settings.traffic import Traffic, milliseconds
from wideep_cli.errors import CallError
from wideep_cli.layouts.question import MOST_GPUS, RACK_NODE
from wideep_cli.layouts.question import question as model_and_hardware
from wideep_cli.stack_context import settings_of, stack_file
from wideep_cli.stack_file import StackFile

__all__ = ["Asked", "Question", "ask"]

DEFAULT: Final = Traffic(isl=4000, osl=500)
NODE: Final = 8


@dataclass(frozen=True)
class Asked:
    """The options as typed."""

    model: str | None = None
    gpu: str | None = None
    gpus: int | None = None
    gpus_per_node: int | None = None
    decode_gpu: str | None = None
    decode_gpus: int | None = None
    isl: int | None = None
    osl: int | None = None
    ttft: str | None = None
    itl: str | None = None
    backend: str | None = None


@dataclass(frozen=True)
class Question:
    """Everything that the search needs."""

    model: ModelShape
    hardware: dict[Role, Hardware]
    """The hardware of each role: the same for both, unless decode has GPUs of another kind."""
    traffic: Traffic
    stack: Settings | None
    """Today's stack, to be compared with the best layout; None if none is named."""
    source: StackFile | None
    backend: Backend
    engine: Engine

    @property
    def price(self) -> float | None:
        """Price of a GPU hour; None if the stack states none, or if prefill and decode have separate hardware."""
        return None if self.mixed else self.hardware[Role.PREFILL].price_per_gpu_hour

    @property
    def mixed(self) -> bool:
        """True if prefill and decode have separate hardware."""
        return self.hardware[Role.PREFILL] != self.hardware[Role.DECODE]

    @property
    def gpus(self) -> int:
        """The number of GPUs of both roles together."""
        prefill, decode = self.hardware.values()
        return prefill.gpus + decode.gpus if self.mixed else prefill.gpus


def ask(asked: Asked, stack: str | None, file: Path | None) -> Question:
    """Return the question. What the options leave out comes from the stack, if one is named.

    Raises:
        CallError: an option is invalid, or the number of GPUs is missing.
        ConfigError: the stack's config is invalid.
    """
    source = stack_file(stack, file) if stack or file else None
    settings = settings_of(source) if source else None
    named = model_and_hardware(asked.model, asked.gpu, asked.gpus_per_node, stack, file, asked.backend)
    prefill = _hardware(named.hardware.gpu, asked, settings)
    decode = prefill
    if asked.decode_gpu or asked.decode_gpus:
        named_gpu = model_and_hardware(None, asked.decode_gpu, None, None, None).hardware.gpu
        kind = named_gpu if asked.decode_gpu else prefill.gpu
        decode = _nodes(kind, asked.decode_gpus, asked.gpus_per_node, "--decode-gpus")
    hardware = {Role.PREFILL: prefill, Role.DECODE: decode}
    return Question(named.model, hardware, _traffic(asked, settings), settings, source, named.backend, named.engine)


def _hardware(gpu: GpuKind, asked: Asked, settings: Settings | None) -> Hardware:
    """Return the stack's own nodes, with what the options override."""
    own = settings.hardware if settings and settings.hardware.gpu == gpu else None
    if own is None:
        return _nodes(gpu, asked.gpus, asked.gpus_per_node, "--gpus")
    per_node = asked.gpus_per_node or own.gpus_per_node
    sized = _nodes(gpu, asked.gpus or own.gpus, per_node, "--gpus")
    return own.model_copy(update={"nodes": sized.nodes, "gpus_per_node": sized.gpus_per_node})


def _nodes(gpu: GpuKind, gpus: int | None, per_node: int | None, option: str) -> Hardware:
    """Return whole nodes, or a part of one node, for a number of GPUs, with InfiniBand between nodes."""
    if gpus is None:
        raise CallError(f"{option} is missing: the number of {gpu}.", f"For example {option} 32.")
    size = min(per_node or (RACK_NODE if gpu_spec(gpu).nvlink_domain > NODE else NODE), gpus)
    if gpus % size or gpus > MOST_GPUS:
        below, above = min(gpus, MOST_GPUS) // size * size, -(-gpus // size) * size
        fix = f"{option} {below}" + (f" or {above}" if above <= MOST_GPUS else "")
        raise CallError(f"{option} {gpus}: a node has {size} GPUs, and at most {MOST_GPUS} GPUs are searched.", fix)
    return Hardware(gpu=gpu, nodes=gpus // size, gpus_per_node=size, interconnect=Interconnect.INFINIBAND)


def _traffic(asked: Asked, settings: Settings | None) -> Traffic:
    base = (settings.traffic if settings else None) or DEFAULT
    update = {
        "isl": asked.isl,
        "osl": asked.osl,
        "ttft": _duration("--ttft", asked.ttft, "2s"),
        "itl": _duration("--itl", asked.itl, "50ms"),
    }
    return base.model_copy(update={key: value for key, value in update.items() if value is not None})


def _duration(option: str, text: str | None, example: str) -> str | None:
    try:
        if text is None or milliseconds(text) > 0:
            return text
    except ValueError as error:
        raise CallError(f"{option} {text}: must be a time with a unit.", f"For example {option} {example}.") from error
    raise CallError(f"{option} {text}: must be greater than zero.", f"For example {option} {example}.")
