"""What follows from the last lines of a log: for each symptom of ``wideep.symptoms`` its cause in this stack."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Final

from ops.cluster.objects import Pod
from ops.doctor import download_causes as download
from ops.doctor import engine_causes as engine
from ops.doctor.case import Case
from ops.doctor.trouble import Trouble
from wideep.symptoms import Symptom, find_symptom

__all__ = ["read_symptom"]

Cause = Callable[[Case, Pod, "re.Match[str]", str], Trouble]

CAUSES: Final[Mapping[Symptom, Cause]] = {
    Symptom.POOL: engine.pool_short,
    Symptom.MEMORY: engine.cuda_memory,
    Symptom.ARGUMENTS: engine.arguments,
    Symptom.NVSHMEM: engine.nvshmem,
    Symptom.NETWORK: engine.network,
    Symptom.DRIVER: engine.driver,
    Symptom.TOKEN: download.token,
    Symptom.GATED: download.gated,
    Symptom.NOT_THERE: download.not_there,
    Symptom.DISK: download.disk,
    Symptom.PACKAGE: download.package,
    Symptom.CHECKSUM: download.checksum,
    Symptom.HUB: download.hub_silent,
    Symptom.WEIGHTS: engine.weights,
}


def read_symptom(case: Case, pod: Pod, log: str) -> Trouble | None:
    """The most telling symptom that the log shows; None where it shows none."""
    found = find_symptom(log)
    return CAUSES[found[0]](case, pod, found[1], log) if found else None
