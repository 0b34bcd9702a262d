"""Diagnoses from the last lines of a log: the cause in this stack of each symptom of ``wideep.symptoms``."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final

from wideep.download_causes import download_cause
from wideep.symptoms import Found, Place, Symptom, find_symptom, place_of
from wideep_cli.doctor import connection_causes as connection
from wideep_cli.doctor import engine_causes as engine
from wideep_cli.doctor.check_context import CheckContext
from wideep_cli.doctor.trouble import Diagnosis
from wideep_cluster.objects import Pod

__all__ = ["CAUSES", "read_symptom"]

Cause = Callable[[CheckContext, Pod, Found, str], Diagnosis]

CAUSES: Final[Mapping[Symptom, Cause]] = {
    Symptom.POOL: engine.pool_short,
    Symptom.MEMORY: engine.cuda_memory,
    Symptom.HEAP: engine.heap,
    Symptom.DISPATCH: engine.dispatch,
    Symptom.OCCUPIED: engine.occupied,
    Symptom.HOST_MEMORY: engine.host_memory,
    Symptom.SHARED_MEMORY: engine.shared_memory,
    Symptom.LOCKED_MEMORY: engine.locked_memory,
    Symptom.ARGUMENTS: engine.arguments,
    Symptom.LIBRARY: engine.library,
    Symptom.DRIVER: engine.driver,
    Symptom.FABRIC: engine.fabric,
    Symptom.BROKEN_GPU: engine.broken_gpu,
    Symptom.WEIGHTS: engine.weights,
    Symptom.DISK: engine.disk,
    Symptom.ROUTE: connection.route,
    Symptom.NVSHMEM: connection.nvshmem,
    Symptom.NIXL: connection.nixl,
    Symptom.NETWORK: connection.network,
    Symptom.NCCL: connection.nccl,
    Symptom.KV_TRANSFER: connection.kv_transfer,
    Symptom.LATE: connection.late,
    Symptom.PEER: connection.peer,
    Symptom.ETCD: connection.etcd,
    Symptom.NATS: connection.nats,
}
"""The function that explains each symptom, for pods of a graph."""


def read_symptom(case: CheckContext, pod: Pod, log: str) -> Diagnosis | None:
    """Diagnose the most telling symptom that the log shows for this kind of pod; return None if it shows none."""
    if not pod.graph:
        found = find_symptom(log, Place.DOWNLOAD)
        cause = download_cause(found.symptom, case.plan, found.line) if found else None
        return Diagnosis("download", cause.cause, (cause.fix,), cause.key) if cause else None
    found = find_symptom(log, place_of(str(pod.component)))
    return CAUSES[found.symptom](case, pod, found, log) if found else None
