"""What SGLang has to be told to expose its metrics, by version.

Dynamo's worker appends them to its own page; it turns them on in no release. Read in the wheels of SGLang 0.5.3.post2
and 0.5.21 and of ``ai-dynamo`` 0.6.0 and 1.6.1.
"""

from __future__ import annotations

from typing import Final

from wideep.engines.sglang.changes import Since
from wideep.settings.layout import RoleLayout

__all__ = ["FOLDER_VARIABLE", "metrics_args", "metrics_env"]

FOLDER_VARIABLE: Final = "PROMETHEUS_MULTIPROC_DIR"
FOLDER: Final = "/tmp"  # noqa: S108 - of the container
"""Where each rank writes its values. It must exist, and must not outlive the container, as an emptyDir would: a rank of
the run before would be exposed forever."""
LATE_IMPORT: Final = Since((0, 5, 9), "ai-dynamo 1.0: dynamo.sglang imports prometheus_client after SGLang has set it")
"""Before, the client keeps the values of the first process in memory, where the page does not look: times to first
token, latencies and token counts are missing (dynamo#5120, #5817, #6269)."""
EXPOSES_BALANCE: Final = Since(
    (0, 5, 21), "server_args.py: --expert-balancedness-report-mode, with prometheus and both"
)


def metrics_args(version: str, layout: RoleLayout) -> tuple[str, ...]:
    """Arguments of one role. How even the experts' load is, is counted where EPLB counts anyway; older versions write
    it to their log only (``wideep eplb``)."""
    balance = layout.eplb.enabled and EXPOSES_BALANCE.holds(version)
    return "--enable-metrics", *(("--expert-balancedness-report-mode", "both") if balance else ())


def metrics_env(version: str) -> dict[str, str]:
    """Environment variables of all roles."""
    return {} if LATE_IMPORT.holds(version) else {FOLDER_VARIABLE: FOLDER}
