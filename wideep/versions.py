"""Every version that this program pins of somebody else's software, so that one place says what goes together.

Pins with a checksum stay beside it: Python's packages in the requirements, the downloader's in ``downloader.lock``,
Go's modules in ``tools``.
"""

from __future__ import annotations

from typing import Final

__all__ = ["DYNAMO", "HELM", "KUBECTL", "KUBERNETES", "KWOK", "NATS_SERVER", "PULUMI", "PYTHON_IMAGE", "SGLANG"]

DYNAMO: Final = "0.6.0"
"""The release that a stack gets which names none (``wideep.dynamo``)."""
SGLANG: Final = "0.5.3.post2"
"""What the image of Dynamo 0.6.0 is built on (``wideep.engines.sglang``)."""
PYTHON_IMAGE: Final = "python:3.12-slim@sha256:78387bc3881b8273120a12ebe6c1ab22b018ccc2c9adf565ae1ac9b536e184ea"
"""Runs the downloader: the index for all processors, as three public repositories pin it (August 2026)."""

PULUMI: Final = "3.259.0"
KUBERNETES: Final = "1.37.2"
KUBECTL: Final = "1.37.1"
HELM: Final = "3.17.3"
KWOK: Final = "0.8.0"
NATS_SERVER: Final = "2.15.1"
"""Tools of the simulation (``sim.tools.catalog``)."""
