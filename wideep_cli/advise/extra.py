"""The check whether the estimator is installed, and what to do if it is not."""

from __future__ import annotations

import importlib.metadata
from typing import Final

from wideep_cli.errors import CallError

__all__ = ["HOW", "PACKAGE", "estimator_version", "require_estimator"]

PACKAGE = "aiconfigurator"
HOW: Final = "Run make setup-advise for a prediction for this traffic."


def estimator_version() -> str | None:
    """Return the estimator's version without importing it (which takes a second); None if it is not installed."""
    try:
        return importlib.metadata.version(PACKAGE)
    except importlib.metadata.PackageNotFoundError:
        return None


def require_estimator() -> str:
    """Return the estimator's version.

    Raises:
        CallError: the estimator is not installed.
    """
    version = estimator_version()
    if version is None:
        raise CallError(
            "NVIDIA's AIConfigurator, which predicts throughput, is not installed.",
            "Run make setup-advise, which installs it into .venv (850 MB).",
        )
    return version
