"""Keys of other engines that have no counterpart in TensorRT-LLM, and values that it does not accept."""

from __future__ import annotations

from collections.abc import Iterator

from wideep.engines.trtllm.config import longest_sequence
from wideep.engines.trtllm.memory import transfer_bytes
from wideep.engines.trtllm.owners import NEVER
from wideep.errors import Problem
from wideep.rules.role_context import RoleContext
from wideep.settings.cache import KvCacheDtype

__all__ = ["keys_of_another_engine", "pages_are_a_power_of_two", "transfer_buffers_fit"]

THOUSAND = 1024


def keys_of_another_engine(site: RoleContext) -> Problem | None:
    """Refuse keys that have no effect, so that nobody relies on them."""
    return next(_set(site), None)


def _set(site: RoleContext) -> Iterator[Problem]:
    role, eplb = site.role, site.role.eplb
    sglang = "remove it, or set backend: sglang"
    if role.speculative is not None:
        yield site.problem("speculative", role.speculative.algorithm, NEVER["speculative"].rule, sglang)
    if role.two_batch_overlap:
        rule = "TensorRT-LLM does not cut a batch in two"
        yield site.problem("twoBatchOverlap", "true", rule, "remove it, or set backend: sglang or vllm")
    if role.moe_dense_tp and role.dp == 1:
        rule = f"without attention data parallelism dense layers are cut over all {role.tp} GPUs"
        yield site.problem("moeDenseTp", role.moe_dense_tp, rule, f"set moeDenseTp: null, or set dp: {role.tp}")
    if role.kv_cache_dtype is KvCacheDtype.FP8_E5M2:
        rule = "TensorRT-LLM's FP8 cache is e4m3"
        yield site.problem("kvCacheDtype", role.kv_cache_dtype, rule, f"set kvCacheDtype: {KvCacheDtype.FP8_E4M3}")
    if eplb.rebalance_iterations is not None:
        rule = "TensorRT-LLM's balancer moves some layers' experts in every step, and has no interval"
        yield site.problem("eplb.rebalanceIterations", eplb.rebalance_iterations, rule, "remove it")
    keys = {
        "algorithm": eplb.algorithm,
        "dispatchAlgorithm": eplb.dispatch_algorithm,
        "recorderMode": eplb.recorder_mode,
        "initialExpertLocation": eplb.initial_expert_location,
    }
    for key, value in keys.items():
        if value is not None:
            yield site.problem(
                f"eplb.{key}", value, "it is an option of SGLang that TensorRT-LLM does not have", sglang
            )


def pages_are_a_power_of_two(site: RoleContext) -> Problem | None:
    """Require a power of two for ``tokens_per_block``, the page size of TensorRT-LLM's KV cache."""
    page = site.role.page_size
    if page is None or page & (page - 1) == 0:
        return None
    return site.problem("pageSize", page, "TensorRT-LLM's pages are a power of two", "remove it, or set pageSize: 32")


def transfer_buffers_fit(site: RoleContext) -> Problem | None:
    """Require room for the transfer buffers, which are allocated after the cache in the memory that it leaves."""
    memory, needed = site.memory, transfer_bytes(site.model, site.role)
    outside = memory.free_bytes - memory.pool_bytes
    if needed < outside or memory.kv_cache_tokens == 0:
        return None
    longest = longest_sequence(site.role, site.model)
    rule = (
        f"the buffers that send and receive the cache of {longest:,} tokens are {needed / 1e9:.1f} GB, and "
        f"{memory.headroom_gb:.1f} GB are left outside the pool"
    )
    shorter = int(longest * outside / needed) // THOUSAND * THOUSAND
    fix = f"set contextLength: {shorter}, or a smaller memFractionStatic"
    return site.problem("contextLength", longest, rule, fix)
