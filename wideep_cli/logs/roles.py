"""The roles whose logs can be shown."""

from __future__ import annotations

from enum import StrEnum

__all__ = ["LogRole"]


class LogRole(StrEnum):
    """Whose logs to show: a component of the graph, the operator that reconciles it, or the model's download."""

    PREFILL = "prefill"
    DECODE = "decode"
    FRONTEND = "frontend"
    OPERATOR = "operator"
    DOWNLOAD = "download"
