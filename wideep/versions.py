"""Every version of third-party software that this program pins, so that one place shows what goes together. The
releases of Dynamo and what each of them pins are rows of ``wideep.dynamo.releases``.

Pins with a checksum stay with it: Python packages in the requirements, the downloader's in ``downloader.lock``, Go
modules in ``tools``.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from wideep.dynamo.releases import newest_tried

__all__ = ["DYNAMO", "PLUGINS", "PYTHON_IMAGE", "SGLANG", "TOOLS"]

DYNAMO: Final = newest_tried().version
"""The release for a stack that names none (``wideep.dynamo``)."""
SGLANG: Final = newest_tried().sglang
"""The SGLang version in the image of that release (``wideep.engines.sglang``)."""
PYTHON_IMAGE: Final = "python:3.12-slim@sha256:78387bc3881b8273120a12ebe6c1ab22b018ccc2c9adf565ae1ac9b536e184ea"
"""Image that runs the downloader: the multi-platform index, as three public repositories pin it (August 2026)."""

TOOLS: Final[Mapping[str, str]] = MappingProxyType(
    {
        "pulumi": "3.259.0",
        "kubernetes": "1.37.2",
        "kubectl": "1.37.1",
        "helm": "3.17.3",
        "kwok": "0.8.0",
        "etcd": "3.6.16",
        "nats-server": "2.15.1",
        "crane": "0.22.1",
        "go": "1.27.3",
        "actionlint": "1.7.12",
        "prometheus": "2.42.0+ds-5+deb12u1",
    }
)
"""Tools of the simulation and of `make check` (``sim.tools.catalog``)."""
PLUGINS: Final[Mapping[str, str]] = MappingProxyType(
    {"kubernetes": "4.34.2", "random": "4.21.4", "docker": "5.2.0", "docker-build": "0.0.22"}
)
"""Pulumi provider plugins, each in the version that its Python SDK (``requirements.txt``) requests from the engine."""
