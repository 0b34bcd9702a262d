"""All checks, in the order in which a person would look."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import fields

from wideep_cli.doctor.check_context import CheckContext
from wideep_cli.doctor.cluster_snapshot import ClusterSnapshot
from wideep_cli.doctor.deployed import deployed_findings
from wideep_cli.doctor.fabric import fabric_findings
from wideep_cli.doctor.finding import Finding, Section, unknown
from wideep_cli.doctor.gpus import gpu_findings
from wideep_cli.doctor.measured import measured_findings
from wideep_cli.doctor.namespace import namespace_findings
from wideep_cli.doctor.platform import platform_findings
from wideep_cli.doctor.storage import storage_findings
from wideep_cluster import Listed

__all__ = ["run_checks"]


def run_checks(case: CheckContext) -> Iterator[Finding]:
    """Yield every finding about the cluster; what could not be seen comes first.

    Beyond the snapshot itself, only logs of pods and the frontend's models are read.
    """
    found = list(_checks(case))
    yield from _unseen(case.view, found)
    yield from found


def _checks(case: CheckContext) -> Iterator[Finding]:
    yield from gpu_findings(case)
    yield from fabric_findings(case)
    yield from measured_findings(case)
    yield from storage_findings(case)
    yield from platform_findings(case)
    yield from namespace_findings(case)
    yield from deployed_findings(case)


def _unseen(view: ClusterSnapshot, told: Sequence[Finding]) -> Iterator[Finding]:
    """Report what the user may not see, unless a check has done so. Helm's records are left to their own check."""
    seen = (getattr(view, field.name) for field in fields(view) if field.name != "releases")
    errors = [str(each.error) for each in seen if isinstance(each, Listed) and each.error]
    for error in dict.fromkeys([*errors, *sorted(view.denied)]):
        if not any(error in finding.what for finding in told):
            yield unknown(Section.CLUSTER, "rights", error)
