"""Check what is deployed: the graph, the download, each pod, and the model at the frontend."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import Final

from wideep.text import duration
from wideep_cli.doctor.balance import balance_findings
from wideep_cli.doctor.check_context import CheckContext
from wideep_cli.doctor.crashes import crash_trouble, loading_trouble, serving_trouble
from wideep_cli.doctor.download import download_findings
from wideep_cli.doctor.finding import Finding, Section, fails, holds, unknown
from wideep_cli.doctor.graph import graph_findings, refusals
from wideep_cli.doctor.images import image_trouble
from wideep_cli.doctor.podstate import config_trouble, mount_trouble, node_trouble, scheduling_trouble
from wideep_cli.doctor.serving import serving_findings
from wideep_cli.doctor.trouble import Diagnosis, PodCheck, grouped
from wideep_cluster.objects import Pod

__all__ = ["deployed_findings"]

DIAGNOSES: Final[tuple[PodCheck, ...]] = (
    node_trouble,
    scheduling_trouble,
    image_trouble,
    config_trouble,
    mount_trouble,
    crash_trouble,
    loading_trouble,
    serving_trouble,
)
"""Checks in the order of a pod's life; the first that finds something names the cause."""
LEAVING_SECONDS: Final = 300
"""A pod that is being deleted has a minute to terminate; after five minutes something is holding it."""


def deployed_findings(case: CheckContext) -> Iterator[Finding]:
    """Check the graph, the download, the pods and the frontend; skip the last two if nothing is deployed."""
    yield from graph_findings(case)
    yield from download_findings(case)
    if case.view.own_pods.error:
        yield unknown(Section.GRAPH, "pods", str(case.view.own_pods.error))
    if not case.deployed:
        return
    found = [(pod, trouble) for pod in case.graph_pods for trouble in [_diagnosed(case, pod)] if trouble]
    yield from grouped(found)
    if not any(refusals(case)):
        yield from _missing(case)
    if not found and not case.view.own_pods.error:
        ready = Counter(str(pod.component) for pod in case.graph_pods if pod.ready)
        shown = ", ".join(f"{count} × {component}" for component, count in sorted(ready.items()))
        yield holds(Section.GRAPH, "pods", f"Ready: {shown or 'no pod'}.")
    yield from serving_findings(case)
    yield from balance_findings(case)


def _diagnosed(case: CheckContext, pod: Pod) -> Diagnosis | None:
    if pod.metadata.deletion_timestamp:
        since = case.seconds_since(pod.metadata.deletion_timestamp)
        if since < LEAVING_SECONDS:
            return None
        cause = (
            f"has been stuck in Terminating for {duration(since)}: its node {pod.spec.node_name} does not confirm the "
            "deletion."
        )
        return Diagnosis("node", cause, (f"kubectl -n {pod.namespace} delete pod {pod.name} --force",))
    return next((found for diagnose in DIAGNOSES if (found := diagnose(case, pod))), None)


def _missing(case: CheckContext) -> Iterator[Finding]:
    """Report roles with fewer pods than the layout: normal while the graph is being created, unless it is refused."""
    fewer = case.lacking(ready=False)
    if fewer and case.graph:
        what = f"The graph has {', '.join(fewer)}."
        yield fails(Section.GRAPH, "pods", what, "See the operator's report above, or run wideep status --watch.")
