"""Rules for any engine: how tp, dp and ep must divide a worker's GPUs, the model's heads and its experts.

The functions named here are SGLang's; a pod reaches them minutes after it was scheduled.
"""

from __future__ import annotations

from wideep.engines.versions import ONE_STAGE
from wideep.errors import Problem
from wideep.parallelism import attention_tp
from wideep.rules.role_context import RoleContext, divisors, listed, multiples_around
from wideep.settings.model import Gqa

__all__ = [
    "dp_divides_tp",
    "ep_divides_tp",
    "experts_divide",
    "heads_divide",
    "kv_heads_divide",
    "one_stage",
    "requests_for_each_group",
    "slots_problem",
    "tp_is_all_gpus",
]


def tp_is_all_gpus(site: RoleContext) -> Problem | None:
    """Refuse a tp × pp that is not the number of GPUs: an engine starts one process per GPU, so that with more it waits
    forever, and with fewer GPUs stay idle."""
    role, gpus = site.role, site.role.gpus_per_worker
    if role.tp * role.pp == gpus:
        return None
    each = f"{role.nodes} × {role.gpus_per_node} GPUs (nodes × gpusPerNode) are {gpus}"
    if role.pp == 1:
        return site.problem("tp", role.tp, f"{each}, and tp must be all of them", f"set tp: {gpus}")
    rule = f"{each}, and tp × pp ({role.tp} × {role.pp} = {role.tp * role.pp}) must be all of them"
    if gpus % role.pp:
        return site.problem("pp", role.pp, rule, f"set pp: 1 and tp: {gpus}")
    return site.problem("tp", role.tp, rule, f"set tp: {gpus // role.pp}")


def one_stage(site: RoleContext) -> Problem | None:
    """Refuse pipeline stages on engines other than SGLang: what those need with NIXL and with data parallelism is not
    known here."""
    if site.role.pp == 1:
        return None
    fix = f"set pp: 1 and tp: {site.role.gpus_per_worker}, or backend: sglang"
    return site.problem("pp", site.role.pp, ONE_STAGE, fix)


def dp_divides_tp(site: RoleContext) -> Problem | None:
    """Refuse a dp that does not divide tp: SGLang asserts attention groups of equal size
    (``_handle_data_parallelism``)."""
    tp, dp = site.role.tp, site.role.dp
    if tp % dp == 0:
        return None
    rule = f"tp {tp} cannot be cut into {dp} equal attention groups ({tp} / {dp} = {tp / dp:.2f})"
    others = [each for each in site.engine.rules().sizes if each is not dp_divides_tp]
    fitting = [each for each in divisors(tp) if not any(other(site.changed(dp=each)) for other in others)]
    return site.problem("dp", dp, rule, f"set dp: {listed(fitting or divisors(tp))}")


def ep_divides_tp(site: RoleContext) -> Problem | None:
    """Refuse an ep that does not divide tp into equal expert groups; with DeepEP each GPU is a group
    (``_handle_a2a_moe`` sets ep to tp)."""
    tp, ep = site.role.tp, site.role.ep
    if site.role.deepep and ep != tp:
        rule = f"with moeA2aBackend: deepep each GPU is an expert group of its own, and tp is {tp}"
        return site.problem("ep", ep, rule, f"set ep: {tp}")
    if tp % ep:
        rule = f"tp {tp} cannot be cut into {ep} equal expert groups ({tp} / {ep} = {tp / ep:.2f})"
        return site.problem("ep", ep, rule, f"set ep: {listed(divisors(tp))}")
    return None


def experts_divide(site: RoleContext) -> Problem | None:
    """Refuse expert slots that ep does not divide (``_init_common``); redundant experts are a remedy only if SGLang
    maps the model's experts to slots."""
    return slots_problem(site, copies=site.role.redundant_experts != 0 or site.family.expert_location)


def slots_problem(site: RoleContext, *, copies: bool) -> Problem | None:
    """Return a problem unless each GPU holds the same number of slots: (E + R) % ep = 0.

    ``copies``: the number of redundant experts may change to fix it.
    """
    experts, redundant, ep = site.model.experts, site.role.redundant_experts, site.role.ep
    left = (experts + redundant) % ep
    if left == 0:
        return None
    rule = f"({experts} experts + {redundant} redundant) % ep {ep} = {left}, and every GPU needs the same number"
    if not copies:
        fitting = [n for n in divisors(site.role.tp) if experts % n == 0]
        return site.problem("ep", ep, rule, f"set ep: {listed(fitting)}")
    values = multiples_around(redundant, ep, -experts % ep)
    return site.problem("redundantExperts", redundant, rule, f"set redundantExperts: {listed(values)}")


def requests_for_each_group(site: RoleContext) -> Problem | None:
    """Refuse fewer requests than attention groups: ``TpModelWorker`` divides the requests by dp, and asserts that each
    group gets some."""
    requests, dp = site.role.max_running_requests, site.role.dp
    if requests is None or requests >= dp:
        return None
    rule = f"{requests} requests are shared by dp {dp} attention groups, and each needs one"
    return site.problem("maxRunningRequests", requests, rule, f"set maxRunningRequests: {dp} or more")


def heads_divide(site: RoleContext) -> Problem | None:
    """Refuse attention heads that the tp / dp GPUs of a group cannot share evenly (the attention classes assert it)."""
    role, heads, group = site.role, site.model.attention.heads, attention_tp(site.role)
    if heads % group == 0:
        return None
    rule = f"{heads} attention heads % (tp {role.tp} / dp {role.dp} = {group} GPUs) = {heads % group}"
    fitting = [dp for dp in divisors(role.tp) if heads % (role.tp // dp) == 0]
    return site.problem("dp", role.dp, rule, f"set dp: {listed(fitting)}")


def kv_heads_divide(site: RoleContext) -> Problem | None:
    """Refuse KV heads that a group's GPUs can neither split evenly nor hold as equally many copies (``qwen3_moe.py``
    has one assertion for each case)."""
    if not isinstance(site.model.attention, Gqa):
        return None
    role, kv_heads, group = site.role, site.model.attention.kv_heads, attention_tp(site.role)
    if kv_heads % group == 0 or group % kv_heads == 0:
        return None
    rule = f"{kv_heads} KV heads and attention groups of {group} GPUs (tp / dp): one must divide the other"
    groups = {dp: role.tp // dp for dp in divisors(role.tp)}
    fitting = [dp for dp, size in groups.items() if kv_heads % size == 0 or size % kv_heads == 0]
    return site.problem("dp", role.dp, rule, f"set dp: {listed(fitting)}")
