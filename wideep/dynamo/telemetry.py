"""The variables by which Dynamo's runtime writes JSON and sends traces, by release.

Read in the binaries of the wheels of ``ai-dynamo-runtime`` 0.6.0 and 1.6.1; releases between them get the names of
both. The frontend of 1.6.1 was run with them: it connects to the collector by gRPC, with either form of its log.
"""

from __future__ import annotations

from typing import Final

from wideep.dynamo.releases import ReleaseRow
from wideep.settings.telemetry import Telemetry

__all__ = ["telemetry_env", "traces_need_json"]

JSON_LINES: Final = "DYN_LOGGING_JSONL"
"""Of all releases; 1.6 also knows ``DYN_LOGGING_CONSOLE_FORMAT``, which wins over it."""
EXPORT: Final = "OTEL_EXPORT_ENABLED"
SERVICE: Final = "OTEL_SERVICE_NAME"
ENDPOINT: Final = "OTEL_EXPORTER_OTLP_ENDPOINT"
"""Of traces and logs, which 1.6.1 sends together: with the name of the traces alone, its logs go to localhost, and each
failure is a line of the pod's log."""
OLD_ENDPOINTS: Final = ("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "OTEL_EXPORT_ENDPOINT")
"""Of traces. The second one is in the binary of 0.6.0, where it wins over the first, and not in that of 1.6.1."""
RENAMED: Final = (1, 6)
"""The first release whose binary was read and needs no other name than the standard one."""


def telemetry_env(row: ReleaseRow, telemetry: Telemetry, graph: str, component: str) -> dict[str, str]:
    """Return the variables of one component of a graph. Its traces are found under ``GRAPH-COMPONENT``."""
    env = {JSON_LINES: "true"} if telemetry.json_logs else {}
    if telemetry.traces is None:
        return env
    endpoints = (ENDPOINT,) if row.minor >= RENAMED else (ENDPOINT, *OLD_ENDPOINTS)
    env |= {EXPORT: "true", SERVICE: f"{graph}-{component.lower()}"}
    return env | dict.fromkeys(endpoints, telemetry.traces)


def traces_need_json(row: ReleaseRow) -> bool:
    """True if the release sends traces only where its logs are JSON, or was not tried without."""
    return row.minor < RENAMED
