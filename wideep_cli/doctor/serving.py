"""Check whether the frontend knows the model, the last link in the chain from nodes to answers."""

from __future__ import annotations

from collections.abc import Iterator

from wideep.dynamo import release_of
from wideep.settings.layout import Role
from wideep.text import some_of
from wideep_cli.doctor.check_context import CheckContext
from wideep_cli.doctor.finding import Finding, Section, fails, holds, unknown
from wideep_cluster import ForbiddenError

__all__ = ["serving_findings"]


def serving_findings(case: CheckContext) -> Iterator[Finding]:
    """Check the frontend's models, once the graph is ready; until then, its pods have findings of their own."""
    if not case.graph or not case.graph.ready or case.lacking(ready=True):
        return
    service = case.plan.frontend.service
    try:
        models = case.view.models(service)
    except ForbiddenError as error:
        yield unknown(Section.GRAPH, "frontend", str(error))
        return
    if models is None:
        what = f"Service {service} does not respond through a port-forward."
        yield unknown(Section.GRAPH, "frontend", what, "Run wideep smoke to test it as a client.")
    elif case.plan.model in models:
        yield holds(Section.GRAPH, "frontend", f"The frontend lists {case.plan.model}.")
    else:
        others = f" It lists {some_of(models)}." if models else ""
        what = f"The graph is ready, but no worker has registered {case.plan.model} with the frontend.{others}"
        release = release_of(case.settings)
        asks = "the Kubernetes API as its service account" if release.pods_need_token else "etcd and NATS"
        label = next(f"{key}={value}" for key, value in release.pod_labels("", Role.DECODE).items() if value)
        fixes = (
            f"Check with wideep logs --role decode whether it reaches {asks}.",
            f"kubectl -n {case.settings.namespace} delete pod -l {label}",
        )
        yield fails(Section.GRAPH, "frontend", what, *fixes)
