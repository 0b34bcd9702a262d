"""Arguments and environment variables with which SGLang exposes its metrics, by version.

Dynamo's worker appends SGLang's metrics to its own endpoint, but no release of Dynamo enables them. Read in the wheels
of SGLang 0.5.3.post2 and 0.5.21 and of ``ai-dynamo`` 0.6.0 and 1.6.1.
"""

from __future__ import annotations

from typing import Final

from wideep.engines.sglang.changes import Since
from wideep.settings.layout import RoleLayout

__all__ = ["FOLDER_VARIABLE", "metrics_args", "metrics_env"]

FOLDER_VARIABLE: Final = "PROMETHEUS_MULTIPROC_DIR"
FOLDER: Final = "/tmp"  # noqa: S108 - a path inside the container
"""Folder where each rank writes its values. It must exist, and must not outlive the container as an emptyDir would: the
values of a rank of an earlier run would then be exposed forever."""
LATE_IMPORT: Final = Since((0, 5, 9), "ai-dynamo 1.0: dynamo.sglang imports prometheus_client after SGLang has set it")
"""In older versions, the client keeps the values of the first process in memory, where the endpoint does not read them:
times to first token, latencies and token counts are missing (dynamo#5120, #5817, #6269)."""
EXPOSES_BALANCE: Final = Since(
    (0, 5, 21), "server_args.py: --expert-balancedness-report-mode, with prometheus and both"
)


def metrics_args(version: str, layout: RoleLayout) -> tuple[str, ...]:
    """Return the metrics arguments of one role. The balance of the experts' load is counted only where EPLB counts
    anyway; older versions only write it to their log (``wideep eplb``)."""
    balance = layout.eplb.enabled and EXPOSES_BALANCE.holds(version)
    return "--enable-metrics", *(("--expert-balancedness-report-mode", "both") if balance else ())


def metrics_env(version: str) -> dict[str, str]:
    """Return the metrics environment variables, which are the same for all roles."""
    return {} if LATE_IMPORT.holds(version) else {FOLDER_VARIABLE: FOLDER}
