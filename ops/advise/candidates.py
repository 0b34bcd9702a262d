"""All workers of one role that could run: wideep's rules decide, memory first."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from ops.advise.sizing import sized
from wideep.rules.arithmetic import arithmetic_problems
from wideep.rules.site import RoleSite, divisors
from wideep.settings.experts import DeepEpMode, Eplb, MoeA2aBackend
from wideep.settings.hardware import Hardware
from wideep.settings.layout import Role, RoleLayout
from wideep.settings.model import ModelShape
from wideep.settings.traffic import Traffic

__all__ = ["Candidates", "candidates"]

REDUNDANT: Final = 32
"""Redundant experts that SGLang's published runs of Wide EP have; more where they would not divide."""


@dataclass(frozen=True)
class Candidates:
    """Workers of one role."""

    sites: tuple[RoleSite, ...]
    too_large: int
    """How many more would be legal, and have no room for a single request."""


def candidates(name: Role, model: ModelShape, hardware: Hardware, gpus: int, traffic: Traffic) -> Candidates:
    """Each worker of at most ``gpus`` GPUs that can serve a request.

    Workers of several nodes are only those with DeepEP: without it nobody has measured experts across nodes.
    """
    sites = (RoleSite(name, role, model, hardware) for role in _workers(name, model, hardware, gpus))
    legal = [site for site in sites if not arithmetic_problems(site)]
    fitting = tuple(site for site in legal if sized(site, 1, traffic))
    return Candidates(fitting, len(legal) - len(fitting))


def _workers(name: Role, model: ModelShape, hardware: Hardware, gpus: int) -> Iterator[RoleLayout]:
    for nodes, per_node in _pods(hardware, gpus):
        tp = nodes * per_node
        for dp in divisors(tp):
            if nodes == 1:
                for ep in divisors(tp):
                    yield RoleLayout(replicas=1, nodes=1, gpus_per_node=per_node, tp=tp, dp=dp, ep=ep)
            for redundant in dict.fromkeys((0, _redundant(model, tp))):
                yield _with_deepep(name, nodes, per_node, dp, redundant)


def _pods(hardware: Hardware, gpus: int) -> Iterator[tuple[int, int]]:
    """Pods of a worker and GPUs of a pod: part of a node, or whole nodes."""
    size = hardware.gpus_per_node
    yield from ((1, part) for part in divisors(size) if part <= gpus)
    yield from ((nodes, size) for nodes in range(2, min(gpus // size, hardware.nodes) + 1))


def _redundant(model: ModelShape, ep: int) -> int:
    """The fewest redundant experts from 32 on with which each GPU has as many slots as the others."""
    return REDUNDANT + (-(model.experts + REDUNDANT)) % ep


def _with_deepep(name: Role, nodes: int, per_node: int, dp: int, redundant: int) -> RoleLayout:
    tp = nodes * per_node
    return RoleLayout(
        replicas=1,
        nodes=nodes,
        gpus_per_node=per_node,
        tp=tp,
        dp=dp,
        ep=tp,
        redundant_experts=redundant,
        moe_a2a_backend=MoeA2aBackend.DEEPEP,
        deepep_mode=DeepEpMode.NORMAL if name is Role.PREFILL else DeepEpMode.LOW_LATENCY,
        eplb=Eplb(enabled=redundant > 0),
        moe_dense_tp=1 if dp > 1 else None,
        dp_lm_head=dp > 1,
    )
