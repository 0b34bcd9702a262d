"""Rules of ``telemetry``: what a release of Dynamo needs to send traces."""

from __future__ import annotations

from wideep.dynamo import release_of
from wideep.dynamo.telemetry import traces_need_json
from wideep.errors import Problem
from wideep.settings.root import Settings

__all__ = ["telemetry_problem"]


def telemetry_problem(settings: Settings) -> Problem | None:
    """Refuse traces without JSON logs on a release that sends traces only with them."""
    telemetry, release = settings.telemetry, release_of(settings)
    if telemetry.traces is None or telemetry.json_logs or not traces_need_json(release.row):
        return None
    rule = f"{release.title} sends traces only where its logs are JSON (Dynamo 1.6 sends them with either form)"
    return Problem("telemetry.traces", telemetry.traces, rule, "set telemetry.jsonLogs: true, or remove it")
