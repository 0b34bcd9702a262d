"""All checks, in the order in which a person would look."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import fields

from ops.doctor.case import Case
from ops.doctor.deployed import deployed_findings
from ops.doctor.fabric import fabric_findings
from ops.doctor.finding import Finding, Section, unknown
from ops.doctor.gpus import gpu_findings
from ops.doctor.namespace import namespace_findings
from ops.doctor.platform import platform_findings
from ops.doctor.storage import storage_findings
from ops.doctor.view import Seen, View

__all__ = ["examine"]


def examine(case: Case) -> Iterator[Finding]:
    """Every finding about the cluster; what could not be seen comes first. Reads nothing but the case (and, through it,
    logs of pods that do not work)."""
    found = list(_checks(case))
    yield from _unseen(case.view, found)
    yield from found


def _checks(case: Case) -> Iterator[Finding]:
    yield from gpu_findings(case)
    yield from fabric_findings(case)
    yield from storage_findings(case)
    yield from platform_findings(case)
    yield from namespace_findings(case)
    yield from deployed_findings(case)


def _unseen(view: View, told: Sequence[Finding]) -> Iterator[Finding]:
    """What the user may not see, where no check has said so. Helm's records are left to the check that wants them."""
    seen = (getattr(view, field.name) for field in fields(view) if field.name != "releases")
    errors = [str(each.error) for each in seen if isinstance(each, Seen) and each.error]
    for error in dict.fromkeys([*errors, *sorted(view.denied)]):
        if not any(error in finding.what for finding in told):
            yield unknown(Section.CLUSTER, "rights", error)
