"""The ``doctor`` command and its options."""

from __future__ import annotations

from typing import Annotated

import typer

from wideep_cli.console import answer
from wideep_cli.errors import ExitCode
from wideep_cli.options import Debug, File, Output, OutputFormat, Stack

__all__ = ["EXAMPLE", "doctor"]

EXAMPLE = "Example: [bold]wideep doctor --stack prod[/bold]"

Offline = Annotated[
    bool, typer.Option("--offline", help="Check only the cluster: no chart repository, registry or Hugging Face.")
]


def doctor(
    stack: Stack = None,
    file: File = None,
    offline: Offline = False,
    output: Output = OutputFormat.TEXT,
    debug: Debug = False,
) -> None:
    """Check cluster and deployment, before and after `pulumi up`; name what is wrong and the key to change."""
    from wideep.dynamo import release_of
    from wideep_cli.connection import connect
    from wideep_cli.doctor.check_context import CheckContext
    from wideep_cli.doctor.cluster_snapshot import take_snapshot
    from wideep_cli.doctor.finding import Section, Verdict, holds
    from wideep_cli.doctor.report import doctor_report
    from wideep_cli.doctor.runner import run_checks
    from wideep_cli.stack_context import load, stack_file
    from wideep_cluster.dynamo.admission import graph_admission

    source = stack_file(stack, file)
    loaded = load(source)
    cluster = connect(source)
    release = release_of(loaded.settings)
    asked = graph_admission(release, grove=loaded.plan.platform.grove)
    view = take_snapshot(cluster, loaded.settings.namespace, release, asked)
    case = CheckContext(loaded.settings, loaded.plan, view)
    version = holds(Section.CLUSTER, "api-server", f"Kubernetes {cluster.version()} at {cluster.server}.")
    findings = [version, *run_checks(case)]
    if not offline:
        from wideep_cli.doctor.external import outside_findings

        findings += outside_findings(loaded.plan, source.path, pulled=any(pod.ready for pod in case.graph_pods))
    answer(doctor_report(case, findings, output))
    if any(finding.verdict is Verdict.FAILED for finding in findings):
        raise typer.Exit(ExitCode.FAILED)
