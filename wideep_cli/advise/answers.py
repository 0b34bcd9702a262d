"""A cache on disk of the estimator's answers, by version and question; a repeated question imports no estimator."""

from __future__ import annotations

import hashlib
import os
import tempfile
from collections.abc import Sequence
from pathlib import Path

from pydantic import BaseModel, ConfigDict, ValidationError

from wideep.catalog import gpu_spec
from wideep.engines import engine_of
from wideep.engines.base import Engine
from wideep.settings.backend import Backend
from wideep.settings.hardware import GpuKind
from wideep.settings.layout import Role
from wideep.settings.model import ModelShape
from wideep.settings.traffic import Traffic
from wideep_cli.advise.extra import require_estimator
from wideep_cli.advise.workers import Series, WorkerQuestion
from wideep_cli.errors import CallError

__all__ = ["Answers", "batches"]

PREFILL_TOKENS = 16384
"""The most tokens in a prefill step of one attention group, unless a single prompt has more."""
LARGEST_BATCH = 512


class _File(BaseModel):
    """The cache file of one model, GPU and traffic."""

    model_config = ConfigDict(extra="forbid")

    model: str
    """The estimator's name for the model; empty if it knows none."""
    data: str
    """The engine's release that was measured; empty if none was."""
    series: dict[str, Series] = {}


class Answers:
    """The estimator's answers about one model and traffic; a context manager, which writes new answers at its end."""

    def __init__(self, model: ModelShape, traffic: Traffic, engine: Engine | None = None) -> None:
        self.version = require_estimator()
        self.engine = engine or engine_of()
        """The engine whose rules and memory apply to the layouts in question, and whose kernels were measured."""
        self.backend = Backend(self.engine.framework)
        self._model = model
        self._traffic = traffic
        self._files: dict[str, _File] = {}
        self._changed: set[str] = set()

    def __enter__(self) -> Answers:
        return self

    def __exit__(self, *_: object) -> None:
        for gpu in self._changed:
            _write(self._path(gpu), self._files[gpu].model_dump_json())
        self._changed.clear()

    def known(self, gpu: GpuKind) -> bool:
        """Tell whether the estimator knows a model of this shape, and has measurements on this GPU."""
        return gpu_spec(gpu).estimator is not None and bool(self._file(gpu).model and self._file(gpu).data)

    def unknown(self, gpu: GpuKind) -> str:
        """Return a sentence that says what the estimator does not know."""
        if gpu_spec(gpu).estimator is None:
            return f"AIConfigurator {self.version} has no data for {gpu}."
        if not self._file(gpu).data:
            return f"AIConfigurator {self.version} has no measurements of {self.engine.title} on {gpu}."
        return f"AIConfigurator {self.version} does not support the shape of {self._model.name}."

    def data(self, gpu: GpuKind) -> str:
        """Return the engine and its release that were measured on this GPU: ``SGLang 0.5.14``."""
        return f"{self.engine.title} {self._file(gpu).data}"

    def series(self, question: WorkerQuestion) -> Series:
        """Return all steps of a worker. The model must be known."""
        file = self._file(question.gpu)
        found = file.series.get(question.key)
        if found is None:
            from wideep_cli.advise import estimator

            steps = batches(question.role, self._traffic)
            found = estimator.series(file.model, question, self._traffic, steps)
            file.series[question.key] = found
            self._changed.add(str(question.gpu))
        return found

    def _file(self, gpu: GpuKind) -> _File:
        name = str(gpu)
        if name not in self._files:
            self._files[name] = _read(self._path(name)) or self._new(gpu)
        return self._files[name]

    def _new(self, gpu: GpuKind) -> _File:
        from wideep_cli.advise import estimator

        self._changed.add(str(gpu))
        return _File(
            model=estimator.estimator_name(self._model) or "", data=estimator.data_version(gpu, self.backend) or ""
        )

    def _path(self, gpu: str) -> Path:
        shape = self._model.model_dump_json(exclude={"revision", "disk_bytes", "context_length"})
        engine = "" if self.backend is Backend.SGLANG else f"{self.backend} "
        question = f"{engine}{shape} {gpu} {self._traffic.isl} {self._traffic.osl} {PREFILL_TOKENS} {LARGEST_BATCH}"
        return _folder() / self.version / f"{hashlib.sha256(question.encode()).hexdigest()[:32]}.json"


def batches(role: Role, traffic: Traffic) -> Sequence[int]:
    """Return the batch sizes of one attention group to ask for, ascending."""
    if role is Role.PREFILL:
        return range(1, max(1, PREFILL_TOKENS // traffic.isl) + 1)
    return [*range(1, 16), *range(16, 32, 2), *range(32, 128, 4), *range(128, LARGEST_BATCH + 1, 8)]


def _folder() -> Path:
    home = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(home) / "dynamo-wideep" / "advise"


def _read(path: Path) -> _File | None:
    """Return the content of a cache file; None if there is none or it is not in the present format."""
    try:
        return _File.model_validate_json(path.read_bytes())
    except (OSError, ValidationError):
        return None


def _write(path: Path, text: str) -> None:
    """Write the file atomically, even if several processes write at the same time."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.NamedTemporaryFile("w", dir=path.parent, delete=False, encoding="utf-8") as file:
            file.write(text)
        Path(file.name).replace(path)
    except OSError as error:
        fix = "Set XDG_CACHE_HOME to a writable directory."
        raise CallError(f"Cannot write the cache in {path.parent}: {error.strerror}.", fix) from error
