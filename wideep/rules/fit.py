"""Rules of fit: a worker's weights on its GPUs, all workers on the hardware."""

from __future__ import annotations

from wideep.errors import Problem
from wideep.memory import worker_memory
from wideep.rules.site import RoleSite
from wideep.settings.layout import Role, RoleLayout
from wideep.settings.root import Settings

__all__ = ["gpus_suffice", "weights_fit"]


def gpus_suffice(settings: Settings) -> Problem | None:
    """A pod takes its GPUs from one node: all pods must find a place on the nodes at once."""
    hardware = settings.hardware
    wanted = sum(role.gpus for role in settings.layout.roles.values())
    if wanted <= hardware.gpus:
        return None
    rule = f"prefill and decode want {wanted} GPUs, hardware has {hardware.nodes} × {hardware.gpus_per_node}"
    nodes = -(-wanted // hardware.gpus_per_node)
    return Problem("hardware.nodes", str(hardware.nodes), rule, f"write nodes: {nodes}, or a smaller layout")


def weights_fit(site: RoleSite) -> Problem | None:
    """Rule 10. Weights and KV cache share the pool of memFractionStatic × memory."""
    memory = worker_memory(site.model, site.gpu, site.role)
    if memory.kv_cache_bytes > 0:
        return None
    pool = memory.static_bytes / 1e9
    rule = f"{memory.weights_gb:.1f} GB of weights on each GPU, and the pool has {pool:.1f} GB"
    return site.problem("tp", site.role.tp, rule, "use more GPUs a worker")


def placed(roles: dict[Role, RoleLayout]) -> int:
    """GPUs of all roles."""
    return sum(role.gpus for role in roles.values())
