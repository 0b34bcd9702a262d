"""The command of Dynamo's worker for TensorRT-LLM: ``python3 -m dynamo.trtllm`` with the engine's YAML as a file."""

from __future__ import annotations

from typing import Final

from wideep.engines.base import CONFIG_PATH
from wideep.engines.parser import is_from
from wideep.engines.words import Flag, words_of
from wideep.settings.hardware import Hardware, Interconnect
from wideep.settings.layout import Role, RoleLayout

__all__ = ["COMMAND", "CONFIG_FILE", "engine_env", "metrics_args", "started", "worker_args"]

COMMAND: Final = ("python3", "-m", "dynamo.trtllm")
CONFIG_FILE: Final = "engine.yaml"
METRICS_ALONE: Final = (1, 3, 0, 29)
"""From this version on, metrics can be enabled without an event per cache block (``backend_args.py`` of 1.6.1)."""
KEEPS_COMMAND: Final = (1, 3, 0, 5)
"""TensorRT-LLM of Dynamo 1.0. The operator of 0.6 passes only the arguments to ``mpirun`` and drops the command."""


def worker_args(
    role: Role, layout: RoleLayout, served: str, model_path: str, metrics: tuple[str, ...] = ()
) -> tuple[str, ...]:
    """Return all arguments of one role's worker."""
    flags: list[Flag] = [
        ("--model-path", model_path),
        ("--served-model-name", served),
        ("--disaggregation-mode", role),
        ("--kv-block-size", layout.page_size),
        ("--extra-engine-args", f"{CONFIG_PATH}/{CONFIG_FILE}"),
    ]
    return (*words_of(flags), *metrics, *layout.extra_args)


def metrics_args(version: str) -> tuple[str, ...]:
    """Return the arguments without which a worker exposes only Dynamo's own metrics."""
    return ("--publish-metrics",) if is_from(version, *METRICS_ALONE) else ("--publish-events-and-metrics",)


def started(version: str, words: tuple[str, ...]) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Return the container's command and arguments: one shell line if the operator would drop the command."""
    if is_from(version, *KEEPS_COMMAND):
        return COMMAND, words
    return ("/bin/sh", "-c"), (" ".join((*COMMAND, *words)),)


def engine_env(layout: RoleLayout, hardware: Hardware) -> dict[str, str]:
    """Return the environment variables that the engine reads in place of keys.

    One of them allows DeepEP; the engine itself then chooses how to send tokens, NVLink first. In an NVL72 rack, the
    variables of Dynamo's recipe for GB200 are added.
    """
    env = {"TRTLLM_CAN_USE_DEEP_EP": "1" if layout.deepep else "0"} if layout.ep > 1 else {}
    if hardware.interconnect is Interconnect.NVLINK and layout.nodes > 1:
        env |= {"TRTLLM_ENABLE_PDL": "1", "TRTLLM_MOE_ENABLE_ALLTOALL_WITHOUT_ALLGATHER": "1"}
    return env
