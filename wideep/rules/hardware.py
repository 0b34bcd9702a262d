"""Rules about whether the nodes have room for all pods at once."""

from __future__ import annotations

from collections.abc import Iterable

from wideep.catalog.gpus import GpuSpec, gpu_spec
from wideep.errors import Problem
from wideep.settings.hardware import Gpu, GpuShape, Hardware
from wideep.settings.layout import Role, RoleLayout
from wideep.settings.root import Settings

__all__ = ["most_workers", "node_problems", "nodes_needed", "nodes_suffice", "pods_fit_a_node"]


def node_problems(settings: Settings) -> list[Problem]:
    """Return the problems of the GPU's name and of pods larger than a node; if no pod is, also of too few nodes."""
    nodes, name = nodes_suffice(settings), _name_is_taken(settings.hardware)
    return [*([name] if name else []), *(pods_fit_a_node(settings) or ([nodes] if nodes else []))]


def _name_is_taken(hardware: Hardware) -> Problem | None:
    """Refuse a GPU that the stack describes under a name of the catalog but with other figures: two GPUs would share
    one name."""
    gpu = hardware.gpu
    catalogs = next((each for each in Gpu if isinstance(gpu, GpuShape) and each.lower() == gpu.name.lower()), None)
    if catalogs is None:
        return None
    own, known = _figures(gpu_spec(gpu)), _figures(catalogs.spec)
    if own == known:
        return None
    rule = f"the catalog has a GPU of this name with {known}, and this one has {own}"
    return Problem("hardware.gpu.name", str(gpu), rule, f"set gpu: {catalogs} in place of the object, or another name")


def _figures(gpu: GpuSpec) -> str:
    capability, reach = gpu.compute_capability / 10, gpu.nvlink_domain
    return f"{gpu.memory_gb:.0f} GB, compute capability {capability} and NVLink to {reach} GPUs"


def pods_fit_a_node(settings: Settings) -> list[Problem]:
    """Return a problem for each role whose pods need more GPUs than a node has: a pod gets all its GPUs from one
    node."""
    size = settings.hardware.gpus_per_node
    return [
        Problem(
            f"layout.{name}.gpusPerNode",
            str(role.gpus_per_node),
            f"a pod takes its GPUs from one node, and hardware.gpusPerNode is {size}",
            f"set gpusPerNode: {size} or less, with more nodes",
        )
        for name, role in settings.layout.roles.items()
        if role.gpus_per_node > size
    ]


def nodes_suffice(settings: Settings) -> Problem | None:
    """Refuse too few nodes: all pods run at once, so that the closest packing must find room for each."""
    hardware, roles = settings.hardware, settings.layout.roles
    needed = nodes_needed(roles.values(), hardware.gpus_per_node)
    if needed <= hardware.nodes:
        return None
    parts = " + ".join(f"{name} {r.replicas} × {r.nodes} × {r.gpus_per_node}" for name, r in roles.items())
    wanted = sum(role.gpus for role in roles.values())
    has = f"hardware has {hardware.nodes} × {hardware.gpus_per_node} = {hardware.gpus}"
    rule = f"the layout needs {wanted} GPUs ({parts}: replicas × nodes × gpusPerNode), {has}"
    return Problem("hardware.nodes", str(hardware.nodes), rule, f"set nodes: {needed}, or choose a smaller layout")


def most_workers(settings: Settings, role: Role) -> int:
    """Return how many workers of a role fit beside those of the other role; 0 if today's do not fit."""
    hardware, roles = settings.hardware, settings.layout.roles
    counts = range(roles[role].replicas, hardware.gpus // roles[role].gpus_per_worker + 1)
    sized = ({**roles, role: roles[role].model_copy(update={"replicas": count})} for count in counts)
    fits = [each for each in sized if nodes_needed(each.values(), hardware.gpus_per_node) <= hardware.nodes]
    return fits[-1][role].replicas if fits else 0


def nodes_needed(roles: Iterable[RoleLayout], gpus_per_node: int) -> int:
    """Return how many nodes with ``gpus_per_node`` GPUs the pods of both roles need.

    The packing is first-fit decreasing: the larger pods first, the smaller ones in the gaps, then on nodes of their
    own. That is the best packing if one size divides the other, as in every layout of the catalog. A pod that is larger
    than a node counts as one node.
    """
    large, small = sorted(roles, key=lambda role: role.gpus_per_node, reverse=True)
    gpus_per_node = max(gpus_per_node, large.gpus_per_node)
    full, rest = divmod(_pods(large), gpus_per_node // large.gpus_per_node)
    gap = (gpus_per_node % large.gpus_per_node) // small.gpus_per_node
    last_gap = (gpus_per_node - rest * large.gpus_per_node) // small.gpus_per_node if rest else 0
    homeless = max(0, _pods(small) - full * gap - last_gap)
    return full + bool(rest) + -(-homeless // (gpus_per_node // small.gpus_per_node))


def _pods(role: RoleLayout) -> int:
    return role.replicas * role.nodes
