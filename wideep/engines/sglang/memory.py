"""Memory of one GPU of an SGLang worker: its pool, and outside it activations, CUDA graphs, buffers and a draft model.

DeepEP's buffers and the low-latency tensors are exact. Everything else outside the pool is an estimate from the model's
shape, compared with layouts that are known to run and to fail (``tests/unit/wideep/test_field_memory.py``). The CUDA
context and NCCL's communicators are not included: they are allocated before the engine takes its share.

From 0.5.16 on, the pool of models without MLA and without DP attention is resized after the CUDA graphs are captured
(``post_capture_kv_sizing_planned``): memory that was not needed outside goes to the KV cache, which may then hold more
than computed here. How much more is not known.
"""

from __future__ import annotations

from typing import Final

from wideep.catalog.gpus import GpuSpec
from wideep.engines.sglang.changes import LM_HEAD_ALL_TO_ALL, PREFILL_GRAPHS
from wideep.gpus.spec import GIB
from wideep.memory.activations import GRAPH, HIDDEN_COPIES, SLACK, attention_row_bytes
from wideep.memory.cache import kv_bytes_per_token, layer_kv_bytes
from wideep.memory.deepep import deepep_buffer_bytes, dispatched_row_bytes, low_latency_tensor_bytes
from wideep.memory.headroom import Headroom
from wideep.memory.weights import BF16, Shares, expert_bytes, weight_parts
from wideep.memory.worker import GpuMemory
from wideep.parallelism import Stage, attention_tp, expert_slots_per_gpu, expert_tp, stages_of
from wideep.settings.experts import DeepEpMode
from wideep.settings.layout import Role, RoleLayout
from wideep.settings.model import Mla, ModelShape
from wideep.versions import SGLANG

__all__ = ["graph_batch", "headroom", "prefill_chunk", "shares", "worker_memory"]

MIB: Final = 2**20
RUNTIME: Final = 512 * MIB
"""Bytes that SGLang reserves for its attention kernels and similar (``ServerArgs._handle_gpu_memory_settings``)."""
MLA_GRAPHS: Final = 1.5 * GIB
"""Bytes that SGLang reserves for the CUDA graphs of prefill with MLA."""
GATHERED_SLACK: Final = 2.0
"""The factor SLACK for decode, where CUDA graphs of many batch sizes keep their tensors."""
UNCAPTURED: Final = 512
"""Assumed largest batch of one rank, in requests, if no CUDA graph is captured."""
DEEPEP_DECODE_RESERVE: Final = 12 * GIB
"""Bytes of a GPU that newer SGLang keeps free for decode with DeepEP, including context and communicators: at least 10
GiB on a GPU of more than 60 GiB, and 2 GiB more for its CUDA graphs (0.5.21's default of ``--mem-fraction-static``)."""
FEWEST: Final = 2048
MOST: Final = 4096
SPECULATIVE: Final = 48
PLACE: Final = 4
"""Bytes of a token's index in the cache (int32)."""


def shares(role: RoleLayout) -> Shares:
    """Return the sharding of the model classes of 0.5.3.post2 to 0.5.21 (``deepseek_v2.py``, ``qwen3_moe.py``): weights
    that are neither experts nor attention are sharded over all of tp, unless DP attention, DeepEP or a key replicates
    them on every GPU."""
    return Shares(
        embedding=1 if role.dp > 1 else role.tp,
        lm_head=attention_tp(role) if role.dp_lm_head else role.tp,
        shared_expert=1 if role.deepep else role.tp,
        dense_layers=role.moe_dense_tp or role.tp,
        fewer="set moeA2aBackend: deepep and moeDenseTp: 1, or use fewer GPUs a worker",
    )


def worker_memory(model: ModelShape, gpu: GpuSpec, role: RoleLayout) -> GpuMemory:
    """Return the memory of each GPU of a worker; with pipeline stages, of the stage that caches the fewest tokens.

    SGLang's pool is the free memory after the load minus (1 - f) times the free memory before it
    (``ModelRunner.profile_max_num_token``). The layout's divisions must be exact (``wideep.rules``).
    """
    free, fraction = gpu.free_before_load(role.gpus_per_worker).gib * GIB, role.mem_fraction_static
    stages = (
        GpuMemory(
            total_bytes=gpu.memory_bytes,
            free_bytes=free,
            pool_bytes=free * fraction,
            pool_sum=f"{fraction:g} × {free / 1e9:.1f} = {free * fraction / 1e9:.1f} GB",
            pool_of=f"{gpu.memory_gb:.1f} GB, of which CUDA and NCCL take {(gpu.memory_bytes - free) / 1e9:.1f} first",
            parts=weight_parts(model, role, shares(role), stage),
            kv_bytes_per_token=kv_bytes_per_token(model, role, stage),
            page_size=role.page_size or 1,
            expert_slots_per_gpu=expert_slots_per_gpu(model, role),
        )
        for stage in stages_of(model, role)
    )
    return min(stages, key=lambda memory: memory.kv_cache_bytes / memory.kv_bytes_per_token)


def headroom(model: ModelShape, gpu: GpuSpec, name: Role, role: RoleLayout, version: str = SGLANG) -> Headroom:
    """Return what one GPU is likely to need outside the pool. The module's docstring says which parts are exact."""
    memory = worker_memory(model, gpu, role)
    requests = most_requests(model, name, role, memory.kv_cache_tokens)
    decode = name is Role.DECODE
    low_latency = decode and role.low_latency
    return Headroom(
        runtime=RUNTIME,
        requests=request_table_bytes(model, role, requests),
        activations=_decode_bytes(model, role, graph_batch(gpu, role) or min(requests, UNCAPTURED), version)
        if decode
        else _prefill_bytes(model, gpu, role),
        cuda_graphs=GRAPH * graph_batch(gpu, role) if decode else _prefill_graphs(model, role, version),
        dispatched=low_latency_tensor_bytes(model, role) if decode else 0.0,
        deepep=deepep_buffer_bytes(model, role),
        eplb=expert_bytes(model, expert_tp(role)) * expert_slots_per_gpu(model, role) if role.eplb.enabled else 0.0,
        draft_weights=draft_weight_bytes(model, role),
        draft_cache=draft_cache_bytes(model, role, memory.kv_cache_tokens, requests),
        least=max(0.0, DEEPEP_DECODE_RESERVE - memory.total_bytes + memory.free_bytes) if low_latency else 0.0,
    )


def prefill_chunk(gpu: GpuSpec, role: RoleLayout | None = None) -> int:
    """Return the tokens of the role's prefill chunk over all attention groups; the default depends on the GPU."""
    default = 16384 if gpu.memory_bytes >= 160 * 1024 * MIB else 8192
    return (role and role.chunked_prefill_size) or default


def graph_batch(gpu: GpuSpec, role: RoleLayout) -> int:
    """Return the requests per rank in the largest captured CUDA graph; 0 without one, as in DeepEP's normal mode."""
    if role.deepep and role.deepep_mode is DeepEpMode.NORMAL:
        return 0
    if role.cuda_graph_batch_sizes is not None:
        return max(role.cuda_graph_batch_sizes, default=0)
    if role.deepep:
        return role.max_dispatch_tokens_per_rank // role.tokens_per_request
    return 256 if role.tp < 4 and gpu.memory_bytes < 160 * 1024 * MIB else 512


def _prefill_bytes(model: ModelShape, gpu: GpuSpec, role: RoleLayout) -> float:
    """Return the bytes of one chunk's activations. Attention holds the queries, keys and values of the group's own
    tokens. The experts hold all gathered tokens: with DeepEP those dispatched to a GPU, assumed evenly distributed,
    else those of all groups."""
    chunk = prefill_chunk(gpu, role)
    own = chunk // role.dp
    attention = own * attention_row_bytes(model, role)
    experts = (
        own * model.experts_per_token * dispatched_row_bytes(model) if role.deepep else _routed(model, role, chunk)
    )
    return SLACK * (own * HIDDEN_COPIES * BF16 * model.hidden_size + max(attention, experts))


def _prefill_graphs(model: ModelShape, role: RoleLayout, version: str) -> float:
    """Return the bytes of prefill's CUDA graphs in the versions that capture them: SGLang's own reserve for MLA.

    It is 0 in DeepEP's normal mode, which disables the graphs. For other attention, SGLang reserves 8 MiB per captured
    size; the sizes are not known here, so this is left out.
    """
    off = role.deepep and role.deepep_mode is DeepEpMode.NORMAL
    return 0.0 if off or not PREFILL_GRAPHS.holds(version) or not isinstance(model.attention, Mla) else MLA_GRAPHS


def _logit_rows(role: RoleLayout, own: int, version: str) -> float:
    """Return the number of logit rows over the whole vocabulary: the group's own, or those of all groups that share
    lm_head.

    If each GPU is a group, newer decode workers exchange shards of the vocabulary all-to-all: a GPU holds the rows of
    all groups in its shard, and then its own rows in full.
    """
    if role.dp == 1 or role.dp_lm_head:
        return own
    if role.dp == role.tp and LM_HEAD_ALL_TO_ALL.holds(version):
        return 2 * own
    return own * role.dp


def _decode_bytes(model: ModelShape, role: RoleLayout, batch: int, version: str) -> float:
    """Return the bytes of the largest batch's activations. If groups share dense layers, experts or lm_head, each GPU
    holds the padded batches of all groups and their logits."""
    own = batch * role.tokens_per_request
    everyone = own * role.dp
    gathers = role.dp > 1 and not (role.deepep and (role.moe_dense_tp or not model.dense_layers))
    logits = _logit_rows(role, own, version) * model.vocab_size * BF16 * 2
    experts = 0.0 if role.deepep else _routed(model, role, everyone)
    hidden = (everyone if gathers else own) * HIDDEN_COPIES * BF16 * model.hidden_size
    return GATHERED_SLACK * (logits + experts + hidden)


def _routed(model: ModelShape, role: RoleLayout, tokens: int) -> float:
    """Return the bytes of the experts' tensors without DeepEP: gate, up, product and result per token and expert."""
    return tokens * model.experts_per_token * (3 * model.expert_width / expert_tp(role) + model.hidden_size) * BF16


def most_requests(model: ModelShape, name: Role, role: RoleLayout, tokens: int) -> int:
    """Return the requests of one attention group: as configured, or as SGLang derives them from the cache's ``tokens``
    (``ModelRunner.init_memory_pool``)."""
    if role.max_running_requests:
        return max(1, role.max_running_requests // role.dp)
    if name is Role.DECODE and role.low_latency:
        return max(1, role.max_dispatch_tokens_per_rank // role.tokens_per_request)
    if role.speculative and role.speculative.drafts:
        return max(1, SPECULATIVE // role.dp)
    return min(max(tokens * 512 // (role.context_length or model.context_length), FEWEST), MOST)


def request_table_bytes(model: ModelShape, role: RoleLayout, requests: int) -> float:
    """Return the bytes of ``ReqToTokenPool``: the cache index of every token of every request at full length."""
    return requests * (role.context_length or model.context_length) * PLACE


def draft_weight_bytes(model: ModelShape, role: RoleLayout) -> float:
    """Return the bytes of the draft's weights: the model's own draft layer, which shares its embedding and lm_head
    (``EAGLEWorker``), or the configured size of a draft model including its cache. 0 without drafts."""
    drafting = role.speculative
    if drafting is None or not drafting.drafts:
        return 0.0
    return _own_layer(model, role) if drafting.draft_gb is None else drafting.draft_gb * 1e9


def draft_cache_bytes(model: ModelShape, role: RoleLayout, tokens: int, requests: int) -> float:
    """Return the cache bytes that drafts take in addition to the ``tokens`` of the pool. The model's own draft layer
    caches as many tokens as the model does, in one layer (``ModelRunner.init_memory_pool``)."""
    drafting = role.speculative
    if drafting is None or not drafting.drafts:
        return 0.0
    drafted = requests * (drafting.num_steps * drafting.eagle_topk + drafting.num_draft_tokens)
    own = tokens + drafted if drafting.draft_gb is None else 0
    return (drafted * model.layers + own) * layer_kv_bytes(model, role)


def _own_layer(model: ModelShape, role: RoleLayout) -> float:
    """Return the bytes of a layer of the model with its experts, and of the projection of two hidden states."""
    layer = Stage(1, 0, first=False, last=False)
    parts = weight_parts(model, role, shares(role), layer)
    return parts.total - parts.modules + 2 * model.hidden_size**2 * BF16
