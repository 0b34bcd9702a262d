"""Query nvidia-smi in a pod and parse its answer."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from wideep_cluster import Cluster, ClusterError, run
from wideep_cluster.objects import Pod

__all__ = ["Reading", "ask", "read"]

FIELDS: Final = (
    "index",
    "name",
    "memory.total",
    "memory.used",
    "utilization.gpu",
    "temperature.gpu",
    "power.draw",
    "driver_version",
)
COMMAND: Final = ("nvidia-smi", f"--query-gpu={','.join(FIELDS)}", "--format=csv,noheader,nounits")
MIB: Final = 2**20


@dataclass(frozen=True)
class Reading:
    """The current state of one GPU. Values that the driver does not report (``[N/A]``) are None."""

    index: int
    name: str
    total_bytes: int
    used_bytes: int
    utilization: int | None
    """Percent of the last sample period in which a kernel ran."""
    temperature: int | None
    """Degrees Celsius."""
    watts: float | None
    driver: str


def ask(cluster: Cluster, pod: Pod) -> tuple[Reading, ...]:
    """Read the GPUs of a worker's pod.

    Raises:
        ClusterError: the command does not start or fails, or the pod has no GPU.
    """
    ran = run(cluster, pod, COMMAND)
    if ran.code:
        said = (ran.output.strip() or ran.errors.strip() or "no output").splitlines()[-1]
        raise ClusterError(f"nvidia-smi in pod {pod.name} fails with exit code {ran.code}: {said}.")
    found = tuple(read(ran.output))
    if not found:
        raise ClusterError(f"nvidia-smi in pod {pod.name} shows no GPU.")
    return found


def read(text: str) -> Iterator[Reading]:
    """Parse nvidia-smi's CSV without header and units, whose columns are ``FIELDS``."""
    for row in csv.reader(text.splitlines(), skipinitialspace=True):
        if len(row) != len(FIELDS):
            continue
        index, name, total, used, busy, celsius, watts, driver = (cell.strip() for cell in row)
        yield Reading(
            index=int(index),
            name=name,
            total_bytes=int(total) * MIB,
            used_bytes=int(used) * MIB,
            utilization=_number(busy),
            temperature=_number(celsius),
            watts=float(watts) if _is_number(watts) else None,
            driver=driver,
        )


def _is_number(cell: str) -> bool:
    return cell.replace(".", "", 1).isdigit()


def _number(cell: str) -> int | None:
    return round(float(cell)) if _is_number(cell) else None
