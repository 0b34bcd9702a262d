"""Predictions of one worker's steps by NVIDIA's AIConfigurator from measured kernels; no other module imports it.

The results are those of ``aiconfigurator.cli.api.cli_estimate(mode="disagg")``, with the same corrections. But the
measurements are loaded once and a worker is built once for all batch sizes, which is a thousand times as fast.
"""
# pyright: reportMissingModuleSource=false

from __future__ import annotations

import contextlib
import functools
import logging
import os
import warnings
from collections.abc import Generator, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Final

import aiconfigurator_core
from aiconfigurator.cli.api import DEFAULT_DECODE_LATENCY_CORRECTION_SCALE, DEFAULT_PREFILL_LATENCY_CORRECTION_SCALE
from aiconfigurator.sdk.backends.factory import get_backend
from aiconfigurator.sdk.config import ModelConfig, RuntimeConfig
from aiconfigurator.sdk.config_builders import build_model_config
from aiconfigurator.sdk.inference_session import InferenceSession
from aiconfigurator.sdk.models import get_model, resolve_context_fmha_by_data
from aiconfigurator.sdk.moe_comm_resolver import resolve_model_config_moe_comm
from aiconfigurator.sdk.perf_database import PerfDatabase, get_database_view, get_latest_database_version
from aiconfigurator_core.sdk.common import DefaultHFModels
from aiconfigurator_core.sdk.errors import PerfDataNotAvailableError

from wideep.catalog.gpus import gpu_spec
from wideep.catalog.huggingface import shape_of_config
from wideep.settings.backend import Backend
from wideep.settings.hardware import GpuKind
from wideep.settings.layout import Role
from wideep.settings.model import ModelShape
from wideep.settings.traffic import Traffic
from wideep_cli.advise.workers import Caveat, Series, Step, WorkerQuestion

__all__ = ["data_version", "estimator_name", "series"]

GIB_GB: Final = 2**30 / 1e9
QUEUEING: Final = 1.8
"""Ratio of the time to first token to the time of the prefill step, because requests queue (``sdk.picking``)."""
MATCHING: Final = {Role.PREFILL: 0.9, Role.DECODE: 0.92}
"""The share of a worker's throughput that remains when prefill and decode wait for each other (``sdk.picking``)."""
CORRECTION: Final = {
    Role.PREFILL: DEFAULT_PREFILL_LATENCY_CORRECTION_SCALE,
    Role.DECODE: DEFAULT_DECODE_LATENCY_CORRECTION_SCALE,
}
PHASE: Final = {Role.PREFILL: "context", Role.DECODE: "generation"}
MODE: Final = {Role.PREFILL: "static_ctx", Role.DECODE: "static_gen"}
DEEPEP: Final = {"context": "deepep_ht", "generation": "deepep_ll"}
SHAPE_KEYS: Final = (
    "layers",
    "denseLayers",
    "hiddenSize",
    "vocabSize",
    "attention",
    "experts",
    "expertsPerToken",
    "expertWidth",
    "sharedExperts",
    "denseWidth",
    "weightFormat",
)


def data_version(gpu: GpuKind, backend: Backend = Backend.SGLANG) -> str | None:
    """Return the engine's release that was measured on this GPU, which the estimator must know; None if none was."""
    with _quiet():
        return get_latest_database_version(system=_system(gpu), backend=backend.value)


def estimator_name(model: ModelShape) -> str | None:
    """Return the name under which the estimator knows a model of exactly this shape; None if it knows none.

    Only the configs that it ships are searched: for any other name it would ask the Hugging Face hub.
    """
    wanted = model.model_dump(mode="json", by_alias=True)
    shapes = _shipped_shapes()
    same = [name for name, shape in shapes.items() if all(shape.get(key) == wanted[key] for key in SHAPE_KEYS)]
    return model.name if model.name in same else min(same, default=None)


def series(name: str, question: WorkerQuestion, traffic: Traffic, batches: Sequence[int]) -> Series:
    """Return a worker's steps for ``batches``, up to the first that does not fit. ``name`` is the estimator's own."""
    database = _database(_system(question.gpu), question.backend.value)
    try:
        with _quiet():
            worker = _Worker(name, question, traffic, database)
            steps = tuple(worker.steps(batches))
    except (PerfDataNotAvailableError, ValueError, AssertionError) as error:
        return Series(no_data=_reason(question, error))
    return Series(steps=steps, weights_gb=worker.weights_gb, caveats=worker.caveats)


class _Worker:
    """One worker as the estimator's model, which is run for one batch size after the other."""

    def __init__(self, name: str, question: WorkerQuestion, traffic: Traffic, database: PerfDatabase) -> None:
        self._question = question
        self._traffic = traffic
        config = _model_config(name, question, database)
        backend = question.backend.value
        self._session = InferenceSession(get_model(name, config, backend), database, get_backend(backend))
        self._node = int(database.system_spec["node"]["num_gpus_per_node"])
        self._kv_fp8 = config.kvcache_quant_mode is not None and config.kvcache_quant_mode.name == "fp8"
        self._substituted = False
        self.weights_gb = 0.0

    def steps(self, batches: Sequence[int]) -> Iterator[Step]:
        """Yield the steps, ascending by batch; the last one may be the first that does not fit."""
        role = self._question.role
        for batch in batches:
            summary = self._session.run_static(
                RuntimeConfig(batch_size=batch, isl=self._traffic.isl, osl=self._traffic.osl),
                MODE[role],
                latency_correction_scale=CORRECTION[role],
            )
            found = summary.get_result_dict()
            self._substituted |= bool(summary.get_moe_comm_fallbacks())
            self.weights_gb = summary.get_memory()["weights"] * GIB_GB
            prefill = role is Role.PREFILL
            step = Step(
                batch=batch,
                milliseconds=found["ttft"] * QUEUEING if prefill else found["tpot"],
                requests_per_second=found["seq/s"] * MATCHING[role],
                memory_gb=found["memory"] * GIB_GB,
                fits=not (summary.check_oom() or summary.check_kv_cache_oom()),
            )
            yield step
            if not step.fits:
                return

    @property
    def caveats(self) -> tuple[Caveat, ...]:
        """What the steps rest on other than measurements of exactly this worker."""
        asked = self._question
        apart = asked.nodes > 1 and asked.gpus <= self._node
        found = {
            Caveat.ONE_NODE: self._substituted or apart,
            Caveat.DEEPEP_FOR_NONE: asked.ep > self._node and not asked.deepep,
            Caveat.KV_FP8: self._kv_fp8,
            Caveat.SLOTS: asked.eplb,
        }
        return tuple(caveat for caveat, holds in found.items() if holds)


def _model_config(name: str, question: WorkerQuestion, database: PerfDatabase) -> ModelConfig:
    """Return the worker's sizes with DeepEP as in the layout; by default, the estimator uses it only between nodes."""
    config = build_model_config(question.attention_tp, 1, question.dp, question.expert_tp, question.ep)
    config.enable_eplb = question.eplb
    chosen = {phase: {backend: {question.ep}} for phase, backend in DEEPEP.items()} if question.deepep else None
    phase = PHASE[question.role]
    resolve_model_config_moe_comm(
        config,
        model_path=name,
        backend_name=question.backend.value,
        database=database,
        required_phases=(phase,),
        coverage_snapshot=chosen,
    )
    if config.moe_comm_backend is None and question.role is Role.PREFILL:
        resolve_context_fmha_by_data(config, name, database, question.backend.value, is_context_role=True)
    return config


@functools.cache
def _database(system: str, backend: str) -> PerfDatabase:
    with _quiet():
        return get_database_view(system, backend, get_latest_database_version(system=system, backend=backend))


def _system(gpu: GpuKind) -> str:
    """Return the estimator's name of a GPU. Raise ValueError if it has none (``Answers.known`` asks first)."""
    system = gpu_spec(gpu).estimator
    if system is None:
        raise ValueError(f"the estimator has no data for {gpu}")
    return system


@functools.cache
def _shipped_shapes() -> Mapping[str, Mapping[str, object]]:
    """Return the shape of each model whose config the estimator ships, if the catalog has a family for it."""
    folder = Path(aiconfigurator_core.__file__).parent / "model_configs"
    shapes: dict[str, Mapping[str, object]] = {}
    for name in sorted(DefaultHFModels):
        path = folder / f"{name.replace('/', '--')}_config.json"
        shape = shape_of_config({"config": str(path), "name": name}, _read)
        if not isinstance(shape, list):
            shapes[name] = shape
    return shapes


def _read(path: str) -> str:
    return Path(path).read_text(encoding="utf-8")


def _reason(question: WorkerQuestion, error: Exception) -> str:
    """Return the reason as one clause; the estimator's own message names folders of this machine and table keys."""
    through = "through DeepEP" if question.deepep else "without DeepEP"
    sizes = f"EP {question.ep} {through}" if question.ep > 1 else f"experts cut by TP {question.expert_tp}"
    if isinstance(error, PerfDataNotAvailableError):
        return f"no measurements of {question.role} with {sizes} on {question.gpu}"
    if question.nodes > 1 and question.expert_tp > 1:
        return f"experts cut by TP {question.expert_tp} over {question.nodes} nodes are not modelled"
    return f"{question.role} with attention TP {question.attention_tp} and {sizes} is not modelled"


@contextlib.contextmanager
def _quiet() -> Generator[None]:
    """Keep the estimator's log, warnings and prints off the terminal. What matters in them becomes a Caveat."""
    loggers = [logging.getLogger(name) for name in ("aiconfigurator", "aiconfigurator_core")]
    levels = [logger.level for logger in loggers]
    with warnings.catch_warnings(), open(os.devnull, "w", encoding="utf-8") as sink:
        warnings.simplefilter("ignore")
        for logger in loggers:
            logger.setLevel(logging.CRITICAL)
        try:
            with contextlib.redirect_stdout(sink), contextlib.redirect_stderr(sink):
                yield
        finally:
            for logger, level in zip(loggers, levels, strict=True):
                logger.setLevel(level)
