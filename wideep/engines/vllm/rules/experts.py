"""Redundant experts, EPLB, DeepEP and dual batch overlap: what vLLM supports together."""

from __future__ import annotations

from wideep.errors import Problem
from wideep.rules.deepep import HIDDEN_SIZES, OFF
from wideep.rules.parallel import slots_problem
from wideep.rules.role_context import RoleContext
from wideep.settings.experts import DeepEpMode
from wideep.settings.layout import Role

__all__ = [
    "balancing_needs_ep",
    "balancing_needs_model",
    "copies_need_eplb",
    "deepep_has_one_mode",
    "deepep_needs_groups",
    "low_latency_needs_hidden_size",
    "slots_divide",
    "two_batches_need_deepep",
]

MOST_COPIES = 1023
"""``ParallelConfig`` counts physical experts in 10 bits if there are more of them than logical ones."""


def balancing_needs_model(site: RoleContext) -> Problem | None:
    """Require a class of the protocol ``MixtureOfExperts``, since ``EplbState.add_model`` accepts only those."""
    role = site.role
    if site.family.expert_location or not role.eplb.enabled:
        return None
    rule = f"vLLM's {site.architecture} cannot map experts to slots, which EPLB needs"
    return site.problem("eplb.enabled", "true", rule, "set eplb: {enabled: false} and redundantExperts: 0")


def balancing_needs_ep(site: RoleContext) -> Problem | None:
    """Require ``--enable-expert-parallel`` and more than one GPU for EPLB, as ``ParallelConfig`` does."""
    role = site.role
    if role.ep > 1 or not role.eplb.enabled:
        return None
    rule = "EPLB balances experts between GPUs, and with ep 1 each GPU has a share of all of them"
    return site.problem("ep", role.ep, rule, f"set ep: {role.tp}, or eplb: {{enabled: false}}")


def copies_need_eplb(site: RoleContext) -> Problem | None:
    """Require EPLB for redundant experts, and at most 1023 of them, as ``ParallelConfig`` does."""
    role = site.role
    if role.redundant_experts and not role.eplb.enabled:
        rule = "vLLM supports redundant experts only with EPLB"
        fix = "set eplb: {enabled: true}, or redundantExperts: 0"
        return site.problem("redundantExperts", role.redundant_experts, rule, fix)
    if role.redundant_experts > MOST_COPIES:
        rule = f"vLLM takes at most {MOST_COPIES}"
        return site.problem("redundantExperts", role.redundant_experts, rule, f"use {MOST_COPIES} or fewer")
    return None


def slots_divide(site: RoleContext) -> Problem | None:
    """Require equal slots on all GPUs with EPLB (``EplbState.add_model``); without it, some may hold one less."""
    return slots_problem(site, copies=True) if site.role.eplb.enabled else None


def deepep_has_one_mode(site: RoleContext) -> Problem | None:
    """Refuse auto mode: ``--all2all-backend`` has a value for each mode, with its own buffers, but none for both."""
    role = site.role
    if not role.deepep or role.deepep_mode is not DeepEpMode.AUTO:
        return None
    wanted = DeepEpMode.NORMAL if site.name is Role.PREFILL else DeepEpMode.LOW_LATENCY
    rule = "vLLM runs a worker in one of DeepEP's modes, and SGLang in both"
    return site.problem("deepepMode", role.deepep_mode, rule, f"set deepepMode: {wanted}, or backend: sglang")


def deepep_needs_groups(site: RoleContext) -> Problem | None:
    """Require dp > 1 and EP for DeepEP, which runs between data-parallel ranks
    (``FusedMoEParallelConfig.use_all2all_kernels``)."""
    role = site.role
    if not role.deepep or (role.dp > 1 and role.ep > 1):
        return None
    key, value = ("dp", role.dp) if role.dp == 1 else ("ep", role.ep)
    rule = "vLLM calls DeepEP between attention groups with expert parallelism: dp above 1 and ep of tp"
    return site.problem(key, value, rule, f"set {key}: {role.tp}, or moeA2aBackend: none")


def low_latency_needs_hidden_size(site: RoleContext) -> Problem | None:
    """Require at most the largest hidden size for which the kernels exist; vLLM pads a smaller one to the next
    supported size (``maybe_roundup_layer_hidden_size``)."""
    role, hidden = site.role, site.model.hidden_size
    if not role.deepep or role.deepep_mode is DeepEpMode.NORMAL or hidden <= max(HIDDEN_SIZES):
        return None
    rule = f"DeepEP's low-latency kernels exist up to hidden size {max(HIDDEN_SIZES)}, and the model's is {hidden}"
    fix = f"set deepepMode: normal, or {OFF.removeprefix('write ')}"
    return site.problem("deepepMode", role.deepep_mode, rule, fix)


def two_batches_need_deepep(site: RoleContext) -> Problem | None:
    """Require DeepEP for dual batch overlap, which ``VllmConfig`` supports only with DeepEP's backends."""
    if not site.role.two_batch_overlap or site.role.deepep:
        return None
    rule = "vLLM's dual batch overlap hides DeepEP's all-to-all, and moeA2aBackend is none"
    return site.problem("twoBatchOverlap", "true", rule, "set twoBatchOverlap: false, or moeA2aBackend: deepep")
