"""Ways to make room for pods that do not fit: a node that becomes usable, a key of the stack, a smaller layout."""

from __future__ import annotations

from collections.abc import Iterator

from wideep.catalog.layouts import PRESETS
from wideep.rules import RoleContext, check_role
from wideep.settings.layout import Role, RoleLayout
from wideep.text import some_of
from wideep_cli.doctor.check_context import CheckContext
from wideep_cli.doctor.node_capacity import space, wants
from wideep_cli.doctor.packing import Packing, Space, Want, pack
from wideep_cluster.gpu_nodes import GpuNode, intolerable, shown_taint
from wideep_cluster.objects import GPU

__all__ = ["remedies"]


def remedies(case: CheckContext, nodes: list[GpuNode], packing: Packing) -> tuple[list[str], str]:
    """Return what to do, the nearest remedy first, and the config key to change."""
    fixes, key = list(_barred(case, nodes)), "hardware" if any(node.barred for node in nodes) else "layout"
    taken = [name for node in nodes for name in node.taken_by]
    if taken:
        fixes.append(f"Other pods use GPUs there: {some_of(taken)}. Wait for them, or scale them down.")
    if any(node.barred.startswith("taint") for node in nodes):
        key = "hardware.tolerations"
    elif any(node.barred.startswith("without label") for node in nodes):
        key = "hardware.nodeSelector"
    elif any("offers no" in node.barred and GPU not in node.barred for node in nodes):
        key = "hardware.rdmaResource"
    smaller = _smaller(case, [space(node) for node in nodes])
    if smaller:
        fixes.append(smaller)
    elif not fixes:
        short = sum(want.gpus * packing.homeless[want.name] for want in wants(case))
        fixes.append(f"No preset fits the free GPUs. {short} more GPUs on such nodes would be enough.")
    return fixes, key


def _barred(case: CheckContext, nodes: list[GpuNode]) -> Iterator[str]:
    """Yield the nodes that could help, grouped by what keeps the pods off them, with the cure."""
    by_reason: dict[str, list[GpuNode]] = {}
    for node in nodes:
        if node.barred:
            by_reason.setdefault(node.barred, []).append(node)
    for reason, group in by_reason.items():
        names = [node.node.name for node in group]
        yield f"{some_of(names)}: {reason}. {_cure(case, reason, group)}"


def _cure(case: CheckContext, reason: str, group: list[GpuNode]) -> str:
    first = group[0].node
    taint = intolerable(first, case.settings.hardware)
    if reason == "cordoned":
        return f"kubectl uncordon {' '.join(node.node.name for node in group)}"
    if reason == "not ready":
        return f"kubectl describe node {first.name} shows why."
    if taint and reason == f"taint {shown_taint(taint)}":
        return f"hardware.tolerations: [{{key: {taint.key}}}]"
    if reason.startswith("without label"):
        return "set hardware.nodeSelector to labels that the nodes have"
    offered = sorted(name for name in first.status.allocatable if name.startswith("rdma/") or "hca" in name)
    if offered:
        return f"hardware.rdmaResource: {offered[0]}"
    return "Install the device plugin there."


def _smaller(case: CheckContext, spaces: list[Space]) -> str:
    """Describe the largest layout that fits the free GPUs: with fewer workers, or else a preset; empty if none fits."""
    roles = case.settings.layout.roles
    for role, layout in roles.items():
        for replicas in range(layout.replicas - 1, 0, -1):
            fewer = {**roles, role: layout.model_copy(update={"replicas": replicas})}
            if _fits(case, fewer, spaces):
                return f"layout.{role}.replicas: {replicas}, which fits the free GPUs"
    by_size = sorted(PRESETS.items(), key=lambda item: -sum(role.gpus for role in item[1].values()))
    for preset, preset_roles in by_size:
        if _fits(case, dict(preset_roles), spaces):
            gpus = sum(role.gpus for role in preset_roles.values())
            return f"layout: {preset}, whose {gpus} GPUs are free"
    return ""


def _fits(case: CheckContext, roles: dict[Role, RoleLayout], spaces: list[Space]) -> bool:
    """Tell whether the pods fit on the nodes and the roles break no rule."""
    confined = {want.name: want.confined for want in wants(case)}
    looking = [
        Want(str(role), layout.replicas, layout.nodes, layout.gpus_per_node, confined[str(role)])
        for role, layout in roles.items()
    ]
    settings = case.settings
    sites = (RoleContext(role, each, settings.model, settings.hardware, settings) for role, each in roles.items())
    legal = not any(check_role(site) for site in sites)
    return legal and pack(looking, spaces).complete
