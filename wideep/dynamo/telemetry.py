"""The environment variables with which each release of Dynamo writes JSON logs and sends traces.

The names were read in the binaries of the wheels of ``ai-dynamo-runtime`` 0.6.0 and 1.6.1; releases between them get
the names of both. The frontend of 1.6.1 was run with them: it connects to the collector by gRPC, whichever log format
is set.
"""

from __future__ import annotations

from typing import Final

from wideep.dynamo.releases import ReleaseRow
from wideep.settings.telemetry import Telemetry

__all__ = ["telemetry_env", "traces_need_json"]

JSON_LINES: Final = "DYN_LOGGING_JSONL"
"""Known to all releases; 1.6 also knows ``DYN_LOGGING_CONSOLE_FORMAT``, which takes precedence."""
EXPORT: Final = "OTEL_EXPORT_ENABLED"
SERVICE: Final = "OTEL_SERVICE_NAME"
ENDPOINT: Final = "OTEL_EXPORTER_OTLP_ENDPOINT"
"""Endpoint of traces and logs, which 1.6.1 sends together: with only the name of the traces' endpoint, it sends its
logs to localhost, and writes a line to the pod's log for each failure."""
OLD_ENDPOINTS: Final = ("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "OTEL_EXPORT_ENDPOINT")
"""Endpoints of traces. The binary of 0.6.0 has the second name, which takes precedence over the first there; that of
1.6.1 does not have it."""
RENAMED: Final = (1, 6)
"""The first release whose binary was read and needs only the standard name."""


def telemetry_env(row: ReleaseRow, telemetry: Telemetry, graph: str, component: str) -> dict[str, str]:
    """Return the variables of one component of a graph. Its traces have the service name ``GRAPH-COMPONENT``."""
    env = {JSON_LINES: "true"} if telemetry.json_logs else {}
    if telemetry.traces is None:
        return env
    endpoints = (ENDPOINT,) if row.minor >= RENAMED else (ENDPOINT, *OLD_ENDPOINTS)
    env |= {EXPORT: "true", SERVICE: f"{graph}-{component.lower()}"}
    return env | dict.fromkeys(endpoints, telemetry.traces)


def traces_need_json(row: ReleaseRow) -> bool:
    """Tell whether the release sends traces only with JSON logs, or was not tried without them."""
    return row.minor < RENAMED
