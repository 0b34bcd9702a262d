"""Keys of SGLang that have no counterpart in vLLM, and values that vLLM does not accept."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Final

from wideep.engines.vllm.owners import NEVER
from wideep.errors import Problem
from wideep.parallelism import attention_tp
from wideep.rules.role_context import RoleContext, listed
from wideep.settings.experts import EplbAlgorithm
from wideep.settings.model import Mla

__all__ = ["block_size_fits_attention", "keys_of_another_engine", "share_is_free"]

BLOCKS: Final = (16, 32, 64, 128)
"""Page sizes of attention backends with multi-head keys and values, on NVIDIA's GPUs."""
MLA_BLOCKS: Final = (64,)
"""The only size that FlashAttention's, FlashMLA's and FlashInfer's MLA, between which vLLM chooses, all support."""


def keys_of_another_engine(site: RoleContext) -> Problem | None:
    """Refuse keys that have no effect, so that nobody relies on them."""
    return next(_set(site), None)


def _set(site: RoleContext) -> Iterator[Problem]:
    role, eplb = site.role, site.role.eplb
    sglang = "remove it, or set backend: sglang"
    if role.speculative is not None:
        yield site.problem("speculative", role.speculative.algorithm, NEVER["speculative"].rule, sglang)
    if role.moe_dense_tp and attention_tp(role) > 1:
        rule = f"vLLM cuts dense layers over an attention group, tp / dp = {attention_tp(role)} GPUs"
        yield site.problem("moeDenseTp", role.moe_dense_tp, rule, f"set moeDenseTp: null, or set dp: {role.tp}")
    if eplb.algorithm not in (None, EplbAlgorithm.AUTO):
        rule = "vLLM has one way to place experts, which is hierarchical where the model's groups allow it"
        yield site.problem("eplb.algorithm", eplb.algorithm, rule, sglang)
    if eplb.dispatch_algorithm is not None:
        rule = "vLLM spreads an expert's tokens over all its copies, and has no other way"
        yield site.problem("eplb.dispatchAlgorithm", eplb.dispatch_algorithm, rule, sglang)
    if eplb.recorder_mode is not None:
        rule = "vLLM counts tokens for its balancer only, and writes no record"
        yield site.problem("eplb.recorderMode", eplb.recorder_mode, rule, sglang)
    if eplb.initial_expert_location is not None:
        rule = "vLLM starts with expert i in slot i, and reads no file"
        yield site.problem("eplb.initialExpertLocation", eplb.initial_expert_location, rule, sglang)


def share_is_free(site: RoleContext) -> Problem | None:
    """Require that the share, a fraction of the whole GPU, is free once NCCL has its buffers (``request_memory``)."""
    memory, fraction = site.memory, site.role.mem_fraction_static
    if memory.total_bytes * fraction <= memory.free_bytes:
        return None
    most = math.floor(memory.free_bytes / memory.total_bytes * 100) / 100
    rule = f"vLLM asks for {fraction:g} × {memory.total_bytes / 1e9:.1f} GB, and {memory.free_gb:.1f} are free"
    return site.problem("memFractionStatic", fraction, rule, f"set memFractionStatic: {most:g} or less")


def block_size_fits_attention(site: RoleContext) -> Problem | None:
    """Require a page size for which the attention backends have kernels (``Platform.check_and_update_config``)."""
    page = site.role.page_size
    fitting = MLA_BLOCKS if isinstance(site.model.attention, Mla) else BLOCKS
    if page is None or page in fitting:
        return None
    rule = f"vLLM's kernels for {site.architecture} take pages of {listed(fitting)} tokens"
    return site.problem("pageSize", page, rule, f"remove it, or set pageSize: {listed(fitting)}")
