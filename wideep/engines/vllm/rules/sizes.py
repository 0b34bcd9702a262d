"""Rules for how vLLM divides a worker: tensor-parallel groups within a node, and experts over all GPUs or none."""

from __future__ import annotations

from wideep.errors import Problem
from wideep.rules.role_context import RoleContext, divisors, listed

__all__ = ["experts_over_all_or_none", "groups_within_nodes"]


def experts_over_all_or_none(site: RoleContext) -> Problem | None:
    """Require ep = tp or ep = 1: vLLM spreads experts over all GPUs (``FusedMoEParallelConfig.make``)."""
    role = site.role
    if role.ep in (1, role.tp):
        return None
    rule = f"vLLM spreads the experts over all {role.tp} GPUs of a worker, or cuts each over all of them"
    return site.problem("ep", role.ep, rule, f"set ep: {role.tp} or 1, or backend: sglang")


def groups_within_nodes(site: RoleContext) -> Problem | None:
    """Require attention groups that fit within a node: the operator gives each node GPUs / TP data-parallel ranks,
    starting at the node's own first rank. A tensor-parallel group that spans nodes is started differently, which has
    crashed (dynamo#4934) and is not modelled."""
    role = site.role
    group, node = role.tp // role.dp, role.gpus_per_node
    if role.tp % role.dp or node % group == 0:
        return None
    rule = f"attention groups of tp / dp = {group} GPUs do not fill pods of {node} GPUs, and none may span two"
    fitting = [dp for dp in divisors(role.tp) if node % (role.tp // dp) == 0]
    return site.problem("dp", role.dp, rule, f"set dp: {listed(fitting)}, or backend: sglang")
