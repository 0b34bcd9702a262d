"""Layouts of the catalog, one row each: the lab's, SGLang's wide layouts, Dynamo's for vLLM and TensorRT-LLM, and the
best found on H200."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from types import MappingProxyType
from typing import Final, Self

from wideep.settings.backend import Backend
from wideep.settings.cache import KvCacheDtype
from wideep.settings.experts import DeepEpMode, Eplb, MoeA2aBackend
from wideep.settings.role import Role, RoleLayout

__all__ = ["Preset"]

Roles = tuple[RoleLayout, RoleLayout]
"""Prefill and decode."""
PUBLISHED_CHUNK: Final = 16_384
"""Prompt tokens that one attention group computes in a step in SGLang's large-scale EP report, whose command has
524,288 for 32 groups (sgl-project/sglang#6017)."""


def _lab(nodes: int, gpus_per_node: int, *, dp_attention: bool) -> RoleLayout:
    """Return a worker as in the lab's manifests: EP over all GPUs, no DeepEP, no redundant experts."""
    gpus = nodes * gpus_per_node
    return RoleLayout(
        replicas=1, nodes=nodes, gpus_per_node=gpus_per_node, tp=gpus, dp=gpus if dp_attention else 1, ep=gpus
    )


def _wide(nodes: int, mode: DeepEpMode) -> RoleLayout:
    """Return a worker as in SGLang's large-scale EP report: DP attention, DeepEP, EPLB with 32 redundant experts."""
    gpus = nodes * 8
    return RoleLayout(
        replicas=1,
        nodes=nodes,
        gpus_per_node=8,
        tp=gpus,
        dp=gpus,
        ep=gpus,
        redundant_experts=32,
        moe_a2a_backend=MoeA2aBackend.DEEPEP,
        deepep_mode=mode,
        eplb=Eplb(enabled=True),
        moe_dense_tp=1,
        dp_lm_head=True,
        chunked_prefill_size=PUBLISHED_CHUNK * gpus if mode is DeepEpMode.NORMAL else None,
    )


def _best_pair(prefill_workers: int, decode_workers: int, decode_nodes: int) -> Roles:
    """Return the roles that ``wideep advise`` finds on H200 (``docs/decisions/presets.md``), with the memory shares
    that it gives them.

    Prefill stays within nodes, so that its all-to-all is on NVLink; decode has no copies of experts.
    """
    prefill = _wide(1, DeepEpMode.NORMAL).model_copy(
        update={"replicas": prefill_workers, "mem_fraction_static": 0.89, "chunked_prefill_size": 8 * 8192}
    )
    decode = _wide(decode_nodes, DeepEpMode.LOW_LATENCY).model_copy(
        update={"replicas": decode_workers, "mem_fraction_static": 0.9, "redundant_experts": 0, "eplb": Eplb()}
    )
    return (prefill, decode)


def _vllm(mode: DeepEpMode) -> RoleLayout:
    """Return a worker as in Dynamo's recipe for DeepSeek-R1 on vLLM (``recipes/deepseek-r1/vllm/disagg``): DEP16, EPLB
    with 32.

    The recipe's dual batch overlap is left out, because vLLM's newer model runner does not have it. The memory share is
    vLLM's own, so that the weights leave room on H100 too.
    """
    return _wide(2, mode).model_copy(
        update={"mem_fraction_static": 0.92, "context_length": 16_384, "chunked_prefill_size": None}
    )


def _tensorrt_llm(nodes: int, fraction: float) -> RoleLayout:
    """Return a worker as in Dynamo's recipe for DeepSeek-R1 on GB200
    (``recipes/deepseek-r1/trtllm/disagg/wide_ep/gb200``): attention data parallelism, experts over all GPUs, a KV cache
    of one byte per value.

    The recipe's limits for its benchmark, prompts of 1000 tokens and 32 requests per GPU, are left out.
    """
    gpus = nodes * 4
    return RoleLayout(
        replicas=1,
        nodes=nodes,
        gpus_per_node=4,
        tp=gpus,
        dp=gpus,
        ep=gpus,
        mem_fraction_static=fraction,
        kv_cache_dtype=KvCacheDtype.FP8_E4M3,
    )


def _lab_pair(nodes: int, gpus_per_node: int) -> Roles:
    return (_lab(nodes, gpus_per_node, dp_attention=False), _lab(nodes, gpus_per_node, dp_attention=True))


def _wide_pair(prefill_nodes: int, decode_nodes: int) -> Roles:
    return (_wide(prefill_nodes, DeepEpMode.NORMAL), _wide(decode_nodes, DeepEpMode.LOW_LATENCY))


class Preset(StrEnum):
    """A layout of the catalog."""

    roles: Mapping[Role, RoleLayout]
    backend: Backend | None
    """The engine whose recipe the preset follows. None: any."""

    def __new__(cls, name: str, roles: Roles, backend: Backend | None = None) -> Self:
        preset = str.__new__(cls, name)
        preset.backend = backend
        preset._value_ = name
        preset.roles = MappingProxyType(dict(zip(Role, roles, strict=True)))
        return preset

    LAB_8GPU = "lab-8gpu", _lab_pair(1, 4)
    LAB_16GPU_SINGLENODE = "lab-16gpu-singlenode", _lab_pair(1, 8)
    LAB_16GPU_MULTINODE = "lab-16gpu-multinode", _lab_pair(2, 4)
    LAB_32GPU = "lab-32gpu", _lab_pair(2, 8)
    WIDE_32GPU = "wide-32gpu", _wide_pair(2, 2)
    WIDE_64GPU = "wide-64gpu", _wide_pair(4, 4)
    WIDE_104GPU = "wide-104gpu", _wide_pair(4, 9)
    VLLM_32GPU = "vllm-32gpu", (_vllm(DeepEpMode.NORMAL), _vllm(DeepEpMode.LOW_LATENCY)), Backend.VLLM
    TRTLLM_36GPU = "trtllm-36gpu", (_tensorrt_llm(1, 0.85), _tensorrt_llm(8, 0.7)), Backend.TRTLLM
    BEST_16GPU = "best-16gpu", _best_pair(1, 1, 1)
    BEST_32GPU = "best-32gpu", _best_pair(2, 1, 2)
    BEST_64GPU = "best-64gpu", _best_pair(4, 2, 2)
    BEST_104GPU = "best-104gpu", _best_pair(7, 3, 2)
