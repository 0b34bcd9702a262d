"""A burn-in from beginning to end: nodes are measured and judged, and their figures stored."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime

from wideep.burnin.figures import Measured
from wideep.burnin.judge import judge, missing_gpus
from wideep.burnin.kept import KeptNode, kept_nodes
from wideep.burnin.verdict import Verdict
from wideep.catalog import gpu_spec
from wideep_cluster.burnin.keep import keep
from wideep_cluster.burnin.places import Places
from wideep_cluster.burnin.run import BurnIn
from wideep_cluster.errors import ClusterError

__all__ = ["Outcome", "burn_in"]


@dataclass(frozen=True)
class Outcome:
    """The measurements, the verdicts on what falls short, and the figures that are stored."""

    measured: Measured
    verdicts: tuple[Verdict, ...]
    nodes: tuple[KeptNode, ...]


def burn_in(run: BurnIn, places: Places) -> Outcome:
    """Measure the free nodes of ``places``, of which there must be at least one. Failure to store the figures is only a
    remark.

    Raises:
        ClusterError: a Job cannot be created, or the cluster does not answer.
        InterruptedBurnInError: the user has interrupted.
    """
    plan = run.plan
    counts = {place.node.name: (place.gpus, plan.hardware.gpus_per_node) for place in places.places}
    early = tuple(missing_gpus(counts, "the device plugin offers"))
    for verdict in early:
        run.remark(verdict.text)
    measured, unfit = run.run(places.places)
    spec = gpu_spec(plan.hardware.gpu)
    verdicts = (*early, *unfit, *judge(measured, spec, plan.floor, rdma=plan.uses_rdma))
    when = datetime.now(UTC).isoformat(timespec="seconds")
    machines = {place.node.name: place.node.status.node_info.system_uuid for place in places.places}
    nodes = tuple(
        node.model_copy(update={"machine": machines.get(node.node, "")})
        for node in kept_nodes(measured, verdicts, when)
    )
    if nodes and not plan.only:
        try:
            keep(run.cluster, plan.namespace, plan.graph, nodes)
        except ClusterError as error:
            run.remark(f"the figures are not kept for wideep plan and doctor: {error}")
    return Outcome(measured, verdicts, nodes)
