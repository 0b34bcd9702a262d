"""``telemetry``: in what form frontend and workers write their logs, and where the traces of requests are sent."""

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
    collectors want them. The engine's lines come through Dynamo and are JSON too. `wideep` reads both forms."""
    traces: Collector | None = None
    """Address of an OpenTelemetry collector that takes OTLP over gRPC without TLS, as ``http://HOST:4317``. None: no
    traces. The spans are Dynamo's, of frontend and workers; those inside the engine are not turned on. Dynamo 1.6
    sends its logs to the same collector. Before 1.6 it needs ``jsonLogs``."""
