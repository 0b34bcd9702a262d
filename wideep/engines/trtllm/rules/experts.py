"""Redundant experts, the load balancer and DeepEP: what TensorRT-LLM supports together."""

from __future__ import annotations

from typing import Final

from wideep.engines.parser import is_from
from wideep.engines.trtllm.memory import balancer_bytes
from wideep.engines.trtllm.moe import WIDEEP, balances, moe_backend
from wideep.errors import Problem
from wideep.gpus.spec import GIB
from wideep.rules.parallel import slots_problem
from wideep.rules.role_context import RoleContext
from wideep.settings.layout import Role
from wideep.settings.quantity import quantity_bytes

__all__ = [
    "balancer_fits_shared_memory",
    "balancing_needs_backend",
    "balancing_needs_ep",
    "balancing_needs_model",
    "copies_need_balancer",
    "deepep_needs_attention_dp",
    "slots_divide",
    "wide_decode_runs",
]

SPARE: Final = 1.1
STEP: Final = 50 * GIB
BROKEN_FROM: Final = (1, 3, 0, 18)
BROKEN_UNTIL: Final = (1, 3, 0, 21)
"""In versions from ``BROKEN_FROM`` up to, but not including, ``BROKEN_UNTIL``, ``run_moe`` is called with arguments
that it does not have, and each rank of a Wide-EP decode worker exits (Dynamo's known issues of 1.3)."""


def slots_divide(site: RoleContext) -> Problem | None:
    """Require slots that divide evenly, as ``MoeLoadBalancerConfig`` does, and the MoE modules without a balancer."""
    return slots_problem(site, copies=site.role.eplb.enabled)


def balancing_needs_model(site: RoleContext) -> Problem | None:
    """Require a class in ``moe_model_arch_list``: the engine silently runs other classes without a balancer."""
    if site.family.expert_location or not site.role.eplb.enabled:
        return None
    rule = f"TensorRT-LLM's load balancer does not know {site.architecture}"
    return site.problem("eplb.enabled", "true", rule, "set eplb: {enabled: false} and redundantExperts: 0")


def balancing_needs_ep(site: RoleContext) -> Problem | None:
    """Require ep > 1: the balancer moves experts between expert groups (``maybe_create_moe_load_balancer``)."""
    role = site.role
    if role.ep > 1 or not role.eplb.enabled:
        return None
    rule = "the balancer moves experts between GPUs, and with ep 1 each GPU has a share of all of them"
    return site.problem("ep", role.ep, rule, f"set ep: {role.tp}, or eplb: {{enabled: false}}")


def balancing_needs_backend(site: RoleContext) -> Problem | None:
    """Require a backend that the balancer works with, as ``create_moe`` asserts."""
    role, version = site.role, site.engine.version
    if not role.eplb.enabled or not site.family.expert_location:
        return None
    backend = moe_backend(site.model.weight_format, site.gpu, role, version)
    if balances(backend, version):
        return None
    rule = (
        f"the balancer of {site.engine.release} works with the backend {WIDEEP} only, which takes FP8 or NVFP4 experts "
        "on Hopper and newer, each GPU an attention group"
    )
    return site.problem("eplb.enabled", "true", rule, f"set dp: {role.tp} with such weights, or backend: vllm")


def balancer_fits_shared_memory(site: RoleContext) -> Problem | None:
    """Require room for all experts in each node's /dev/shm, from which the balancer copies them to the GPUs."""
    if not site.role.eplb.enabled or site.stack is None:
        return None
    needed, given = balancer_bytes(site.model), site.stack.workers.shared_memory
    if quantity_bytes(given) >= needed:
        return None
    rule = f"layout.{site.name}: TensorRT-LLM's balancer keeps all experts in shared memory, {needed / 1e9:.0f} GB"
    wanted = -(-int(needed * SPARE) // STEP) * (STEP // GIB)
    return Problem("workers.sharedMemory", given, rule, f"set sharedMemory: {wanted}Gi, or eplb: {{enabled: false}}")


def copies_need_balancer(site: RoleContext) -> Problem | None:
    """Require the balancer for redundant experts, which are part of its ``num_slots``."""
    role = site.role
    if not role.redundant_experts or role.eplb.enabled:
        return None
    rule = "TensorRT-LLM supports redundant experts only with its load balancer"
    fix = "set eplb: {enabled: true}, or redundantExperts: 0"
    return site.problem("redundantExperts", role.redundant_experts, rule, fix)


def wide_decode_runs(site: RoleContext) -> Problem | None:
    """Refuse the releases in which Wide-EP decode crashes on all ranks."""
    version = site.engine.version
    broken = is_from(version, *BROKEN_FROM) and not is_from(version, *BROKEN_UNTIL)
    wide = moe_backend(site.model.weight_format, site.gpu, site.role, version) == WIDEEP
    if not broken or site.name is not Role.DECODE or not wide:
        return None
    rule = (
        f"decode with experts over several nodes crashes on every rank in {site.engine.release} (Dynamo's known issues)"
    )
    return Problem("platform.version", "1.3", rule, "set platform.version: 1.4.2 or newer, or 1.2.1")


def deepep_needs_attention_dp(site: RoleContext) -> Problem | None:
    """Require attention DP for DeepEP: tokens are gathered and scattered otherwise (``CommunicationFactory``)."""
    role = site.role
    if not role.deepep or role.dp == role.tp:
        return None
    rule = "TensorRT-LLM calls an all-to-all where each GPU is an attention group of its own"
    return site.problem("dp", role.dp, rule, f"set dp: {role.tp}, or moeA2aBackend: none")
