"""What SGLang makes of DeepEP: the models and weights for which it calls it, and batches that fit its buffers."""

from __future__ import annotations

from wideep.errors import Problem
from wideep.parallelism import attention_tp
from wideep.rules.deepep import HOPPER, MAX_DISPATCH, OFF
from wideep.rules.role_context import RoleSite, listed
from wideep.settings.experts import DeepEpMode
from wideep.settings.layout import Role
from wideep.settings.model import WeightFormat

__all__ = [
    "deepep_needs_fp8",
    "deepep_needs_hopper",
    "deepep_needs_model",
    "graphs_survive_rounding",
    "graphs_within_dispatch",
    "prefill_within_dispatch",
    "requests_within_dispatch",
    "two_batches_need_deepep",
]


def deepep_needs_model(site: RoleSite) -> Problem | None:
    """The model's MoE block must have a DeepEP branch (``wideep.engines.sglang.families``)."""
    if not site.role.deepep or site.family.deepep:
        return None
    rule = f"SGLang's {site.architecture} does not dispatch through DeepEP"
    return site.problem("moeA2aBackend", site.role.moe_a2a_backend, rule, OFF)


def deepep_needs_fp8(site: RoleSite) -> Problem | None:
    """``DeepEPMoE`` asserts FP8 weights, and reads their scales when it is built (sgl-project/sglang PR 6120)."""
    if not site.role.deepep or not site.family.deepep or site.model.weight_format is WeightFormat.FP8_BLOCK:
        return None
    stored = site.model.weight_format
    rule = f"with DeepEP, SGLang computes experts in FP8 blocks of 128 × 128 only, and {site.model.name} is {stored}"
    fix = f"{OFF}, or use the model's FP8 version (Qwen/Qwen3-235B-A22B-FP8 and the like)"
    return site.problem("moeA2aBackend", site.role.moe_a2a_backend, rule, fix)


def deepep_needs_hopper(site: RoleSite) -> Problem | None:
    """``DeepEPMoE`` asserts DeepGEMM, which needs compute capability 9.0 (``deep_gemm_wrapper.configurer``)."""
    if not site.role.deepep or site.gpu.compute_capability >= HOPPER:
        return None
    rule = f"SGLang's DeepEP needs DeepGEMM, which runs on Hopper and newer, and hardware.gpu is {site.hardware.gpu}"
    return site.problem("moeA2aBackend", site.role.moe_a2a_backend, rule, OFF)


def graphs_within_dispatch(site: RoleSite) -> Problem | None:
    """A captured batch is dispatched whole, so that it must fit DeepEP's low-latency buffers."""
    role, sizes = site.role, site.role.cuda_graph_batch_sizes
    limit = min(role.max_dispatch_tokens_per_rank, MAX_DISPATCH)
    if not role.low_latency or not sizes or max(sizes) * role.tokens_per_request <= limit:
        return None
    tokens = max(sizes) * role.tokens_per_request
    drafts = f" ({role.tokens_per_request} tokens a request)" if role.tokens_per_request > 1 else ""
    rule = f"the batch of {max(sizes)}{drafts} is more than the {limit} tokens that a rank may dispatch"
    wanted = f", or maxDispatchTokensPerRank: {tokens}" if tokens <= MAX_DISPATCH else ""
    most = limit // role.tokens_per_request
    return site.problem("cudaGraphBatchSizes", max(sizes), rule, f"write sizes of {most} at most{wanted}")


def requests_within_dispatch(site: RoleSite) -> Problem | None:
    """More tokens than a rank may dispatch in a decode step end the process: one of each request, or its drafts."""
    role, requests = site.role, site.role.max_running_requests
    limit = min(role.max_dispatch_tokens_per_rank, MAX_DISPATCH)
    if requests is None or site.name is not Role.DECODE or not role.low_latency:
        return None
    each = requests // role.dp
    tokens = each * role.tokens_per_request
    if tokens <= limit:
        return None
    drafts = f" of {role.tokens_per_request} tokens" if role.tokens_per_request > 1 else ""
    rule = (
        f"{requests} / dp {role.dp} = {each} requests a rank{drafts} are more than the {limit} tokens that it may "
        "dispatch"
    )
    wanted = f", or maxDispatchTokensPerRank: {tokens}" if tokens <= MAX_DISPATCH else ""
    most = limit // role.tokens_per_request * role.dp
    return site.problem("maxRunningRequests", requests, rule, f"write {most} at most{wanted}")


def graphs_survive_rounding(site: RoleSite) -> Problem | None:
    """``get_batch_sizes_to_capture`` keeps multiples of the attention group (times two for two batches) and asserts
    that some are left.
    """
    role, sizes = site.role, site.role.cuda_graph_batch_sizes
    unit = (2 if role.two_batch_overlap else 1) * (attention_tp(role) if role.dp > 1 else 1)
    if not sizes or any(size % unit == 0 for size in sizes):
        return None
    rule = (
        f"none is a multiple of {unit} (tp / dp{', times two for twoBatchOverlap' if role.two_batch_overlap else ''})"
    )
    return site.problem("cudaGraphBatchSizes", listed(sizes), rule, f"add {unit} or a multiple of it")


def prefill_within_dispatch(site: RoleSite) -> Problem | None:
    """A prefill chunk is cut over the ranks and dispatched whole: far more than low-latency buffers hold."""
    role = site.role
    if site.name is not Role.PREFILL or not role.deepep or role.deepep_mode is not DeepEpMode.LOW_LATENCY:
        return None
    tokens = site.prefill_chunk // role.tp
    if tokens <= role.max_dispatch_tokens_per_rank:
        return None
    rule = f"a prefill chunk is {tokens} tokens a rank, and low_latency holds {role.max_dispatch_tokens_per_rank}"
    return site.problem("deepepMode", role.deepep_mode, rule, "write deepepMode: normal")


def two_batches_need_deepep(site: RoleSite) -> Problem | None:
    """Two-batch overlap hides DeepEP's dispatch and combine; SGLang builds it from those operations only."""
    if not site.role.two_batch_overlap or site.role.deepep:
        return None
    rule = "it overlaps DeepEP's all-to-all with computation, and moeA2aBackend is none"
    return site.problem("twoBatchOverlap", "true", rule, "write twoBatchOverlap: false, or moeA2aBackend: deepep")
