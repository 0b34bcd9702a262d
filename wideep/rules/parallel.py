"""Rules of one worker's arithmetic: how tp, dp and ep divide its GPUs, heads and experts.

Rule numbers in the docstrings are those of docs/rules.md. E is the model's routed experts, R the redundant ones.
"""

from __future__ import annotations

from wideep.errors import Problem
from wideep.rules.site import RoleSite, listed, nearest_multiples

__all__ = ["ep_divides_tp", "experts_divide", "heads_divide", "tp_is_all_gpus"]


def tp_is_all_gpus(site: RoleSite) -> Problem | None:
    """Rule 1. SGLang starts ``tp`` processes, one a GPU, so that more wait for ever and fewer leave GPUs idle."""
    role = site.role
    gpus = role.gpus_per_worker
    if role.tp == gpus:
        return None
    rule = f"a worker of {role.nodes} pods × {role.gpus_per_node} GPUs has {gpus} GPUs, and tp must be all of them"
    return site.problem("tp", role.tp, rule, f"write tp: {gpus}")


def dp_divides_tp(site: RoleSite) -> Problem | None:
    """Rule 2. SGLang asserts that the attention groups (dp) are of equal size."""
    role = site.role
    if role.tp % role.dp == 0:
        return None
    rule = f"tp {role.tp} / dp {role.dp} leaves {role.tp % role.dp}: the GPUs are cut into dp equal attention groups"
    return site.problem("dp", role.dp, rule, f"write dp: {listed(site.divisors(role.tp))}")


def ep_divides_tp(site: RoleSite) -> Problem | None:
    """Rule 2. SGLang splits ``tp`` into ep expert groups; DeepEP makes each GPU a group of its own."""
    role = site.role
    if role.deepep and role.ep != role.tp:
        rule = f"with moeA2aBackend: deepep SGLang sets ep to tp, which is {role.tp}"
        return site.problem("ep", role.ep, rule, f"write ep: {role.tp}")
    if role.tp % role.ep:
        rule = f"tp {role.tp} / ep {role.ep} leaves {role.tp % role.ep}: the GPUs are cut into ep equal expert groups"
        return site.problem("ep", role.ep, rule, f"write ep: {listed(site.divisors(role.tp))}")
    return None


def experts_divide(site: RoleSite) -> Problem | None:
    """Rule 3. Every GPU of an expert group holds the same number of slots: (E + R) % ep = 0."""
    experts, r, ep = site.model.experts, site.role.redundant_experts, site.role.ep
    left = (experts + r) % ep
    if left == 0:
        return None
    rule = f"({experts} experts + {r} redundant) / ep {ep} leaves {left}: each GPU must hold as many slots as the others"
    values = nearest_multiples(r, ep, first=-experts % ep)
    return site.problem("redundantExperts", r, rule, f"write redundantExperts: {listed(values)}")


def heads_divide(site: RoleSite) -> Problem | None:
    """Rule 7. An attention group of tp / dp GPUs shares the heads evenly."""
    heads, tp = site.model.attention.heads, site.role.tp // site.role.dp
    if heads % tp == 0:
        return None
    rule = f"{heads} attention heads / (tp {site.role.tp} / dp {site.role.dp} = {tp}) leaves {heads % tp}"
    fitting = [dp for dp in site.divisors(site.role.tp) if heads % (site.role.tp // dp) == 0]
    return site.problem("dp", site.role.dp, rule, f"write dp: {listed(fitting)}")
