"""What follows from the last lines of a log: for each symptom of ``wideep.symptoms`` its cause in this stack."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Final

from ops.cluster.objects import Pod
from ops.doctor import engine_causes as engine
from ops.doctor.case import Case
from ops.doctor.trouble import Trouble
from wideep.download_causes import download_cause
from wideep.symptoms import Symptom, find_symptom

__all__ = ["read_symptom"]

Cause = Callable[[Case, Pod, "re.Match[str]", str], Trouble]

ENGINE: Final[Mapping[Symptom, Cause]] = {
    Symptom.POOL: engine.pool_short,
    Symptom.MEMORY: engine.cuda_memory,
    Symptom.ARGUMENTS: engine.arguments,
    Symptom.NVSHMEM: engine.nvshmem,
    Symptom.NETWORK: engine.network,
    Symptom.DRIVER: engine.driver,
    Symptom.WEIGHTS: engine.weights,
}


def read_symptom(case: Case, pod: Pod, log: str) -> Trouble | None:
    """The most telling symptom that the log shows; None where it shows none."""
    found = find_symptom(log)
    if found is None:
        return None
    symptom, match = found
    if symptom in ENGINE:
        return ENGINE[symptom](case, pod, match, log)
    if symptom is Symptom.DISK and pod.graph:
        fix = f"kubectl describe node {pod.spec.node_name}"
        return Trouble("disk", "a disk of the pod is full.", (fix,))
    cause = download_cause(symptom, case.plan, match[0])
    return Trouble("download", cause.cause, (cause.fix,), cause.key) if cause else None
