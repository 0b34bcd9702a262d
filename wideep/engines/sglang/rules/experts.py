"""Redundant experts and EPLB: which models, sizes and settings SGLang supports together."""

from __future__ import annotations

from typing import Final

from wideep.errors import Problem
from wideep.rules.role_context import RoleContext, divisors, listed
from wideep.settings.experts import DeepEpMode, DispatchAlgorithm, EplbAlgorithm, RecorderMode
from wideep.settings.model import ModelFamily

__all__ = [
    "balancing_needs_ep",
    "balancing_needs_model",
    "copies_are_picked_alike",
    "eplb_needs_ep_of_tp",
    "hierarchical_needs_groups",
    "location_is_a_file",
    "recorder_fits_deepep",
    "recorder_fits_interval",
    "tp_at_most_experts",
]

METRICS: Final = frozenset({"--enable-expert-distribution-metrics", "--expert-balancedness-report-mode"})
"""Flags that enable the recorder, in mode stat (``ServerArgs._handle_expert_distribution_metrics``)."""
BUFFER: Final = "--expert-distribution-recorder-buffer-size"
ITERATIONS: Final = 1000
"""Default of ``ServerArgs.eplb_rebalance_num_iterations``, in all versions."""
_OTHER: Final = {ModelFamily.MIXTRAL: ", or backend: vllm or trtllm"}
"""Advice to use another engine, by family that SGLang cannot map to slots and the other can."""
HIERARCHICAL: Final = frozenset({EplbAlgorithm.DEEPSEEK_HIERARCHICAL, EplbAlgorithm.DEEPSEEK_VEC_HIERARCHICAL})


def tp_at_most_experts(site: RoleContext) -> Problem | None:
    """Require at most as many GPUs as routed experts, or the MoE blocks of SGLang's models raise ValueError."""
    tp, experts = site.role.tp, site.model.experts
    if tp <= experts:
        return None
    rule = f"{site.model.name} has {experts} experts a layer, and SGLang takes at most as many GPUs a worker"
    return site.problem("tp", tp, rule, f"use {experts} GPUs a worker or fewer, and more replicas")


def balancing_needs_model(site: RoleContext) -> Problem | None:
    """Require a class with ``get_model_config_for_expert_location``: only those map experts to slots
    (``…sglang.families``)."""
    if site.family.expert_location:
        return None
    role, name = site.role, site.architecture
    rule = f"SGLang's {name} cannot map experts to slots, which redundant experts and EPLB need"
    if role.redundant_experts:
        fix = f"set redundantExperts: 0{_OTHER.get(site.model.family, '')}"
        return site.problem("redundantExperts", role.redundant_experts, rule, fix)
    if role.eplb.enabled:
        fix = f"set eplb: {{enabled: false}}{_OTHER.get(site.model.family, '')}"
        return site.problem("eplb.enabled", "true", rule, fix)
    return None


def balancing_needs_ep(site: RoleContext) -> Problem | None:
    """Require ep > 1, as ``ServerArgs._handle_eplb_and_dispatch`` asserts: one group has nothing to balance."""
    role = site.role
    if role.ep > 1 or not (role.redundant_experts or role.eplb.enabled):
        return None
    what = "eplb.enabled" if role.eplb.enabled else f"redundantExperts: {role.redundant_experts}"
    rule = f"{what} balances experts between GPUs, and with ep 1 each GPU has all of them"
    values = listed(n for n in divisors(role.tp) if n > 1) if role.tp > 1 else "2 or more, on more GPUs"
    return site.problem("ep", role.ep, rule, f"set ep: {values}, or remove eplb and redundantExperts")


def eplb_needs_ep_of_tp(site: RoleContext) -> Problem | None:
    """Require ep = tp for EPLB: ``ExpertLocationMetadata.ep_size`` is the number of all GPUs of the worker, not ep."""
    role = site.role
    if not role.eplb.enabled or role.ep in (role.tp, 1):
        return None
    rule = f"EPLB moves experts between all {role.tp} GPUs of a worker, so ep must be tp"
    return site.problem("ep", role.ep, rule, f"set ep: {role.tp}, or eplb: {{enabled: false}}")


def recorder_fits_deepep(site: RoleContext) -> Problem | None:
    """Require a recorder mode that works with DeepEP's mode: ``_SinglePassGatherer.init_new`` raises
    NotImplementedError for DeepEP in auto mode, and supports stat_approx only for DeepEP in normal mode."""
    role, mode = site.role, site.role.eplb.recorder_mode
    if mode is RecorderMode.STAT_APPROX and not (role.deepep and role.deepep_mode is DeepEpMode.NORMAL):
        rule = "SGLang records stat_approx only with DeepEP in normal mode"
        return site.problem("eplb.recorderMode", mode, rule, "set recorderMode: stat")
    counts = mode is not None or bool(METRICS & site.engine.flags.given(role.extra_args))
    if role.deepep and role.deepep_mode is DeepEpMode.AUTO and (role.eplb.enabled or counts):
        wanted = "normal" if site.name == "prefill" else "low_latency"
        rule = "the recorder that EPLB counts with is not implemented for DeepEP in auto mode"
        return site.problem("deepepMode", role.deepep_mode, rule, f"set deepepMode: {wanted}")
    return None


def recorder_fits_interval(site: RoleContext) -> Problem | None:
    """Require that the recorder's buffer is full before each rebalance, as ``EPLBManager`` asserts."""
    role, given = site.role, site.engine.flags.read(site.role.extra_args)
    words = next((each.words for each in given if each.flag and each.flag.names[0] == BUFFER and not each.wrong), None)
    if not role.eplb.enabled or words is None:
        return None
    size, every = int(words[-1].split("=")[-1]), role.eplb.rebalance_iterations or ITERATIONS
    if size <= every:
        return None
    rule = f"the recorder keeps {size} steps, and EPLB rebalances every {every}: it must not be sooner"
    fix = f"set {BUFFER} {every}, or eplb.rebalanceIterations: {size}"
    return site.problem("extraArgs", " ".join(words), rule, fix)


def copies_are_picked_alike(site: RoleContext) -> Problem | None:
    """Require that all GPUs pick the same copy of an expert without an all-to-all, since all compute the same tokens.

    ``ServerArgs._handle_eplb_and_dispatch`` refuses static from 0.5.18 on, where this rule applies.
    """
    role, algorithm = site.role, site.role.eplb.dispatch_algorithm
    if role.deepep or algorithm is not DispatchAlgorithm.STATIC:
        return None
    rule = f"{site.engine.release} takes static with DeepEP only: without it each GPU would pick another copy"
    return site.problem("eplb.dispatchAlgorithm", algorithm, rule, "set dispatchAlgorithm: dynamic, or remove it")


def hierarchical_needs_groups(site: RoleContext) -> Problem | None:
    """Require expert groups that spread evenly over the pods, as ``rebalance_experts_hierarchical`` asserts."""
    algorithm, groups, nodes = site.role.eplb.algorithm, site.model.expert_groups, site.role.nodes
    if algorithm is None or algorithm not in HIERARCHICAL or (groups is not None and groups % nodes == 0):
        return None
    has = f"{groups} expert groups cannot be spread evenly over {nodes} nodes" if groups else "it has no expert groups"
    rule = f"{algorithm} places whole groups of experts on a node, and {site.model.name}: {has}"
    flat = algorithm.removesuffix("_hierarchical")
    return site.problem("eplb.algorithm", algorithm, rule, f"set algorithm: {flat}")


def location_is_a_file(site: RoleContext) -> Problem | None:
    """Require ``trivial``, or a .pt or .json file, which ``compute_initial_expert_location_metadata`` reads; inline
    JSON would contain quotes."""
    location = site.role.eplb.initial_expert_location
    if location is None or location == "trivial" or (location.startswith("/") and location.endswith((".pt", ".json"))):
        return None
    rule = "SGLang takes trivial, or an absolute path in the container that ends in .pt or .json"
    fix = "set initialExpertLocation: /model-cache/experts.json (a file on the cache volume), or trivial"
    return site.problem("eplb.initialExpertLocation", location, rule, fix)
