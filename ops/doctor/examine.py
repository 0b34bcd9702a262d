"""All checks, in the order in which a person would look."""

from __future__ import annotations

from collections.abc import Iterator

from ops.doctor.case import Case
from ops.doctor.deployed import deployed_findings
from ops.doctor.fabric import fabric_findings
from ops.doctor.finding import Finding
from ops.doctor.gpus import gpu_findings
from ops.doctor.namespace import namespace_findings
from ops.doctor.platform import platform_findings
from ops.doctor.storage import storage_findings

__all__ = ["examine"]


def examine(case: Case) -> Iterator[Finding]:
    """Every finding about the cluster. Reads nothing but the case (and, through it, logs of pods that do not work)."""
    yield from gpu_findings(case)
    yield from fabric_findings(case)
    yield from storage_findings(case)
    yield from platform_findings(case)
    yield from namespace_findings(case)
    yield from deployed_findings(case)
