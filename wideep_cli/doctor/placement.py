"""Check whether all worker pods find GPUs: where they run or would run, or which do not fit and why."""

from __future__ import annotations

from collections import Counter

from wideep.text import some_of
from wideep_cli.doctor.capacity_fixes import remedies
from wideep_cli.doctor.check_context import CheckContext
from wideep_cli.doctor.finding import Finding, Section, fails, holds, unknown
from wideep_cli.doctor.node_capacity import gpu_nodes, space, wants
from wideep_cli.doctor.packing import Packing, Want, pack
from wideep_cluster.objects import Pod

__all__ = ["placement"]


def placement(case: CheckContext) -> Finding:
    """Check that all worker pods are scheduled, or that those without a node fit the GPUs that are free now."""
    nodes = gpu_nodes(case, own_count=True)
    own = [pod for pod in case.graph_pods if pod.gpus and not pod.ended]
    waiting = [pod for pod in own if not pod.spec.node_name]
    if own and not waiting:
        return holds(Section.GPUS, "placement", f"All {len(own)} worker pods are scheduled: {_where(own)}.")
    looking = _left(wants(case), [pod for pod in own if pod.spec.node_name])
    packing = pack(looking, [space(node) for node in nodes])
    if case.view.pods.error or not case.view.pods.everywhere:
        what = "Cannot list pods in other namespaces, so the GPUs that they use are unknown."
        return unknown(Section.GPUS, "placement", what, "`wideep rbac` prints the Role.")
    if packing.complete:
        return holds(Section.GPUS, "placement", f"All {_count(looking)} worker pods fit: {_shown(packing)}.")
    sizes = {want.name: want.gpus for want in looking}
    missing = ", ".join(f"{count} × {role} of {sizes[role]} GPUs" for role, count in packing.homeless.items())
    fixes, key = remedies(case, nodes, packing)
    placed = f" The others fit: {_shown(packing)}." if packing.placed else ""
    return fails(Section.GPUS, "placement", f"No node has room for {missing}.{placed}", *fixes, key=key)


def _left(looking: list[Want], placed: list[Pod]) -> list[Want]:
    """Return the wanted pods without those that have a node. The rest of a role that has some is no longer confined."""
    have = Counter(str(pod.component) for pod in placed)
    return [
        Want(want.name, max(0, want.count - have[want.name]), 1, want.gpus) if have[want.name] else want
        for want in looking
    ]


def _count(looking: list[Want]) -> int:
    return sum(want.count for want in looking)


def _shown(packing: Packing) -> str:
    parts = (
        f"{node} {' + '.join(f'{count} × {role}' if count > 1 else role for role, count in roles.items())}"
        for node, roles in sorted(packing.placed.items())
    )
    return some_of(parts, 8)


def _where(pods: list[Pod]) -> str:
    by_node: dict[str, Counter[str]] = {}
    for pod in pods:
        by_node.setdefault(pod.spec.node_name, Counter())[str(pod.component or pod.name)] += 1
    return _shown(Packing(by_node))
