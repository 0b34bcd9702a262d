"""Whose logs there are."""

from __future__ import annotations

from enum import StrEnum

__all__ = ["LogRole"]


class LogRole(StrEnum):
    """Whose logs: a component of the graph, the operator that makes it, or the download of the model."""

    PREFILL = "prefill"
    DECODE = "decode"
    FRONTEND = "frontend"
    OPERATOR = "operator"
    DOWNLOAD = "download"
