"""``telemetry``: the format of the frontend's and workers' logs, and where traces of requests are sent."""

from __future__ import annotations

from typing import Annotated

from pydantic import StringConstraints

from wideep.settings.base import SettingsModel

__all__ = ["Telemetry"]

Collector = Annotated[
    str,
    StringConstraints(pattern=r"^http://[a-z0-9]([-a-z0-9.]*[a-z0-9])?:[0-9]{1,5}$", max_length=253),
]


class Telemetry(SettingsModel):
    """Logs and traces of the graph's pods. A change restarts them."""

    json_logs: bool = False
    """Write each log line as a JSON object with time, level, target, message and, inside a request, its trace, as log
    collectors expect. The engine's lines go through Dynamo and are JSON too. `wideep` reads both formats."""
    traces: Collector | None = None
    """Address of an OpenTelemetry collector that accepts OTLP over gRPC without TLS, as ``http://HOST:4317``. None: no
    traces. The spans are Dynamo's, of frontend and workers; the engine's own spans are not turned on. Dynamo 1.6 sends
    its logs to the same collector. Releases before 1.6 need ``jsonLogs``."""
