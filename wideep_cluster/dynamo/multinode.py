"""What a worker that spans several nodes needs on a cluster: a controller of its pods (Grove, or LeaderWorkerSet with
Volcano), and in an NVL72 rack NVIDIA's DRA driver, which joins the nodes."""

from __future__ import annotations

from typing import Final

from wideep.errors import Problem
from wideep.plan import Plan
from wideep.resource_names import COMPUTE_DOMAIN
from wideep_cluster.errors import Answer
from wideep_cluster.listing import Listed

__all__ = ["KAI", "fabric_problem", "multinode_makers", "multinode_problem"]

GROVE: Final = "grove.io"
KAI: Final = "scheduling.run.ai"
MAKERS: Final = {
    "Grove": frozenset({GROVE}),
    "LeaderWorkerSet and Volcano": frozenset({"leaderworkerset.x-k8s.io", "scheduling.volcano.sh"}),
}
"""API groups that the operator looks for when it starts: it needs all of one row."""


def multinode_makers(groups: Listed[str]) -> str | None:
    """Return what creates the pods on a cluster that serves these API groups; None if nothing does."""
    return next((name for name, wanted in MAKERS.items() if wanted <= set(groups.items)), None)


def multinode_problem(plan: Plan, groups: Listed[str]) -> Answer:
    """Return why the operator would refuse the graph; None if it accepts it, or if the stack installs what is
    missing."""
    platform = plan.platform
    if not platform.grove or (platform.install and "grove" in platform.sub_charts) or multinode_makers(groups):
        return None
    if groups.error:
        return groups.error
    spans = " and ".join(f"a {role} worker spans {of.pods} nodes" for role, of in plan.roles.items() if of.pods > 1)
    rule = (
        f"{spans}, and the cluster has neither Grove (API group {GROVE}) nor LeaderWorkerSet with Volcano "
        "(leaderworkerset.x-k8s.io, scheduling.volcano.sh), one of which must create its pods, so the operator "
        "rejects the graph"
    )
    if platform.install:
        return Problem("platform.grove", "existing", rule, "set platform: {grove: auto}, which installs Grove")
    fix = (
        "set platform: {install: true}, which installs Grove,\n"
        "or install one of the two and restart the operator, which detects them at startup,\n"
        "or choose a layout whose workers fit on a node: `wideep layouts` lists them"
    )
    return Problem("platform.install", "false", rule, fix)


def fabric_problem(plan: Plan, groups: Listed[str]) -> Answer:
    """Return why nothing would handle the stack's ComputeDomain, so that its pods would wait for a claim forever; None
    if there is no such problem."""
    group = COMPUTE_DOMAIN[0]
    if plan.compute_domain is None or group in groups.items:
        return None
    if groups.error:
        return groups.error
    rule = (
        f"pods of a worker reach each other over NVLink between nodes by a ComputeDomain, and the cluster does not "
        f"serve its API group {group}"
    )
    fix = (
        "install NVIDIA's DRA driver for GPUs (chart nvidia-dra-driver-gpu) with ComputeDomains,\n"
        "or choose a layout whose workers fit on a node: `wideep layouts` lists them"
    )
    return Problem("hardware.interconnect", "nvlink", rule, fix)
