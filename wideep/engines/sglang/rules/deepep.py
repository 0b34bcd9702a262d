"""SGLang's requirements for DeepEP: the models and weights for which it supports it."""

from __future__ import annotations

from typing import Final

from wideep.engines.sglang.changes import BF16_LOW_LATENCY, BF16_NORMAL
from wideep.engines.sglang.command import RUNNER, runner_of
from wideep.errors import Problem
from wideep.parallelism import attention_tp
from wideep.rules.deepep import HOPPER, OFF
from wideep.rules.role_context import RoleContext, listed
from wideep.settings.experts import DeepEpMode
from wideep.settings.layout import Role
from wideep.settings.model import WeightFormat

__all__ = [
    "deepep_needs_fp8",
    "deepep_needs_hopper",
    "deepep_needs_model",
    "graphs_survive_rounding",
    "two_batches_need_deepep",
]

DEEP_GEMM: Final = "deep_gemm"


def deepep_needs_model(site: RoleContext) -> Problem | None:
    """Require that the model's MoE block has a DeepEP branch (``wideep.engines.sglang.families``)."""
    if not site.role.deepep or site.family.deepep:
        return None
    rule = f"SGLang's {site.architecture} does not dispatch through DeepEP"
    return site.problem("moeA2aBackend", site.role.moe_a2a_backend, rule, OFF)


def deepep_needs_fp8(site: RoleContext) -> Problem | None:
    """Require FP8 weights: ``DeepEPMoE`` asserts them, and reads their scales when it is built (sgl-project/sglang PR
    6120).

    Newer versions also accept bf16 with DeepGEMM: first in low-latency mode only, then in every mode.
    """
    stored = site.model.weight_format
    if not site.role.deepep or not site.family.deepep or stored is WeightFormat.FP8_BLOCK:
        return None
    if stored is WeightFormat.BF16 and BF16_LOW_LATENCY.holds(site.engine.version):
        return _bf16_problem(site)
    rule = f"with DeepEP, SGLang computes experts in FP8 blocks of 128 × 128 only, and {site.model.name} is {stored}"
    fix = f"{OFF}, or use the model's FP8 version (Qwen/Qwen3-235B-A22B-FP8 and the like)"
    return site.problem("moeA2aBackend", site.role.moe_a2a_backend, rule, fix)


def _bf16_problem(site: RoleContext) -> Problem | None:
    """Return what prevents bf16 experts with DeepEP in a version that has code for them; None if nothing does."""
    role, release = site.role, site.engine.release
    runner = runner_of(role)
    if runner not in (None, DEEP_GEMM):
        rule = f"{release} computes experts in bf16 with DeepEP by {DEEP_GEMM} only"
        return site.problem("extraArgs", f"{RUNNER} {runner}", rule, f"use {RUNNER} {DEEP_GEMM}, or remove it")
    if BF16_NORMAL.holds(site.engine.version) or role.deepep_mode is DeepEpMode.LOW_LATENCY:
        return None
    rule = f"{release} computes experts in bf16 with DeepEP in low_latency mode only; {BF16_NORMAL} does in every mode"
    fix = OFF if site.name is Role.PREFILL else f"set deepepMode: low_latency, or {OFF.removeprefix('write ')}"
    return site.problem("deepepMode", role.deepep_mode, rule, fix)


def deepep_needs_hopper(site: RoleContext) -> Problem | None:
    """Require compute capability 9.0 for DeepGEMM, which ``DeepEPMoE`` asserts (``deep_gemm_wrapper.configurer``)."""
    if not site.role.deepep or site.gpu.compute_capability >= HOPPER:
        return None
    rule = f"SGLang's DeepEP needs DeepGEMM, which runs on Hopper and newer, and hardware.gpu is {site.hardware.gpu}"
    return site.problem("moeA2aBackend", site.role.moe_a2a_backend, rule, OFF)


def graphs_survive_rounding(site: RoleContext) -> Problem | None:
    """Require a batch size that is a multiple of the attention group (times two for two-batch overlap):
    ``get_batch_sizes_to_capture`` keeps only multiples, and asserts that some are left."""
    role, sizes = site.role, site.role.cuda_graph_batch_sizes
    unit = (2 if role.two_batch_overlap else 1) * (attention_tp(role) if role.dp > 1 else 1)
    if not sizes or any(size % unit == 0 for size in sizes):
        return None
    rule = (
        f"none is a multiple of {unit} (tp / dp{', times two for twoBatchOverlap' if role.two_batch_overlap else ''})"
    )
    return site.problem("cudaGraphBatchSizes", listed(sizes), rule, f"add {unit} or a multiple of it")


def two_batches_need_deepep(site: RoleContext) -> Problem | None:
    """Require DeepEP for two-batch overlap: SGLang builds it only from DeepEP's dispatch and combine."""
    if not site.role.two_batch_overlap or site.role.deepep:
        return None
    rule = "it overlaps DeepEP's all-to-all with computation, and moeA2aBackend is none"
    return site.problem("twoBatchOverlap", "true", rule, "set twoBatchOverlap: false, or moeA2aBackend: deepep")
