"""The measurements of a run, and the file in which they are saved."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from pydantic import BaseModel, ConfigDict, ValidationError

from wideep_cli.errors import CallError, writing

__all__ = ["Export", "Point", "Result", "read_result", "write_result"]


Export = Mapping[str, Mapping[str, float | None] | None]
"""AIPerf's metrics, each with its statistics."""


class _Frozen(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Point(_Frozen):
    """One concurrency. Times are in ms; throughput is in output tokens, over all users, from the first request on."""

    concurrency: int
    requests: int
    failed: int
    seconds: float
    requests_per_second: float
    tokens_per_second: float
    tokens_per_second_per_user: float
    tokens_per_second_per_gpu: float
    ttft_ms: float
    ttft_p99_ms: float
    itl_ms: float
    itl_p99_ms: float
    latency_ms: float
    latency_p99_ms: float

    @classmethod
    def of(cls, concurrency: int, gpus: int, export: Export) -> Point:
        """Build a point from AIPerf's ``profile_export_aiperf.json`` of one run."""

        def value(metric: str, statistic: str = "avg") -> float:
            found = export.get(metric)
            return float(found.get(statistic) or 0.0) if found else 0.0

        tokens = value("output_token_throughput")
        return cls(
            concurrency=concurrency,
            requests=round(value("request_count")),
            failed=round(value("error_request_count")),
            seconds=value("benchmark_duration"),
            requests_per_second=value("request_throughput"),
            tokens_per_second=tokens,
            tokens_per_second_per_user=value("output_token_throughput_per_user"),
            tokens_per_second_per_gpu=tokens / gpus,
            ttft_ms=value("time_to_first_token"),
            ttft_p99_ms=value("time_to_first_token", "p99"),
            itl_ms=value("inter_token_latency"),
            itl_p99_ms=value("inter_token_latency", "p99"),
            latency_ms=value("request_latency"),
            latency_p99_ms=value("request_latency", "p99"),
        )


class Result(_Frozen):
    """A run and its measurements, with enough to tell whether two runs are comparable."""

    model: str
    engine: str = ""
    """The engine with its version; empty if the program that wrote the file did not record it."""
    layout: str
    gpus: int
    isl: int
    osl: int
    aiperf: str
    started: str
    """The start time in UTC, RFC 3339."""
    points: tuple[Point, ...]


def write_result(result: Result, path: Path) -> None:
    """Save a result for ``--compare``.

    Raises:
        CallError: the file cannot be written.
    """
    with writing(path):
        path.write_text(result.model_dump_json(indent=2) + "\n", encoding="utf-8")


def read_result(path: Path, option: str) -> Result:
    """Return a saved result; ``option`` is the option that names its file.

    Raises:
        CallError: the file cannot be read, or is not a result.
    """
    try:
        return Result.model_validate_json(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise CallError(f"{option} {path}: {error.strerror}.", "Name a file written by --save.") from error
    except (ValidationError, UnicodeDecodeError) as error:
        raise CallError(
            f"{option} {path} is not a result of wideep bench.", "Name a file written by --save."
        ) from error
