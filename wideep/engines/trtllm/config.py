"""The engine's YAML, one file per role: TensorRT-LLM reads its options there, and Dynamo's worker takes the rest as
flags.

The stack's sizes are SGLang's. In TensorRT-LLM's terms, all GPUs of a worker form its tensor-parallel size, attention
data parallelism is either on for every GPU (dp = tp) or off (dp = 1), and experts are spread over
``moe_expert_parallel_size`` groups. Values that no key of the stack sets follow Dynamo's recipe for DeepSeek-R1 on
GB200 (``recipes/deepseek-r1/trtllm/disagg/wide_ep/gb200``).
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final, cast

from wideep.catalog.gpus import GpuSpec
from wideep.engines.parser import is_from
from wideep.engines.trtllm.keys import NESTED_UNTIL
from wideep.engines.trtllm.moe import moe_backend
from wideep.parallelism import expert_tp
from wideep.settings.layout import KvCacheDtype, Role, RoleLayout
from wideep.settings.model import ModelShape

__all__ = ["LONGEST", "Worker", "engine_yaml", "largest_step", "longest_sequence", "most_requests"]

PREFILL_TOKENS: Final = 8192
"""Default number of prompt tokens that a rank computes in a step: the engine's ``max_num_tokens``."""
REQUESTS: Final = 128
"""Default number of requests per decode rank: the largest batch that the engine captures by default."""
LONGEST: Final = 32_768
"""Default maximum sequence length in tokens. The transceiver's buffers hold two sequences of that length. The engine
refuses longer prompts, because one that exceeds the buffers leaves a worker waiting forever (dynamo#4327, Dynamo's
known issues)."""
UPDATES: Final = 1
"""Number of layers whose experts the balancer moves per step (``examples/wide_ep`` of TensorRT-LLM)."""
Options = dict[str, object]


@dataclass(frozen=True)
class Worker:
    """One role's worker, with everything that determines its file."""

    role: Role
    layout: RoleLayout
    model: ModelShape
    gpu: GpuSpec
    version: str


def engine_yaml(worker: Worker, trust_remote_code: bool = False) -> str:
    """Return the YAML file of one role. All its keys are listed in ``keys``."""
    options = _options(worker) | ({"trust_remote_code": True} if trust_remote_code else {})
    return "".join(f"{line}\n" for line in _lines(options))


def _lines(options: Options, indent: str = "") -> Iterator[str]:
    """Yield the lines of the YAML: one key per line, with the values in JSON, which is valid YAML."""
    for key, value in options.items():
        if isinstance(value, dict):
            yield f"{indent}{key}:"
            yield from _lines(cast("Options", value), f"{indent}  ")
        else:
            yield f"{indent}{key}: {json.dumps(value)}"


def _options(worker: Worker) -> Options:
    layout, prefill = worker.layout, worker.role is Role.PREFILL
    step, longest = largest_step(worker.role, layout), longest_sequence(layout, worker.model)
    limits: Options = {
        "max_batch_size": most_requests(worker.role, layout),
        "max_num_tokens": step,
        "max_seq_len": longest,
    }
    return {
        "tensor_parallel_size": layout.tp,
        "moe_expert_parallel_size": layout.ep,
        "moe_tensor_parallel_size": expert_tp(layout),
        "enable_attention_dp": layout.dp > 1,
        **(limits if is_from(worker.version, *NESTED_UNTIL) else {"build_config": limits}),
        **({"enable_chunked_prefill": True} if prefill and step < longest else {}),
        **({"disable_overlap_scheduler": True} if prefill else {}),
        "cuda_graph_config": None if prefill else _graphs(layout),
        "kv_cache_config": _cache(layout),
        **_experts(worker),
        "cache_transceiver_config": {"backend": "DEFAULT", "max_tokens_in_buffer": longest},
    }


def largest_step(role: Role, layout: RoleLayout) -> int:
    """Return the tokens in one rank's largest step, with which the engine measures its activations."""
    if role is Role.DECODE:
        return most_requests(role, layout)
    return (layout.chunked_prefill_size or PREFILL_TOKENS * layout.dp) // layout.dp


def most_requests(role: Role, layout: RoleLayout) -> int:
    """Return the maximum number of requests per rank."""
    if layout.max_running_requests:
        return layout.max_running_requests // layout.dp
    if role is Role.DECODE and layout.low_latency:
        return min(REQUESTS, layout.max_dispatch_tokens_per_rank)
    return REQUESTS


def longest_sequence(layout: RoleLayout, model: ModelShape) -> int:
    """Return the tokens of the longest sequence that the engine accepts."""
    return layout.context_length or min(LONGEST, model.context_length)


def _graphs(layout: RoleLayout) -> Options | None:
    sizes = layout.cuda_graph_batch_sizes
    if sizes is None:
        return {"enable_padding": True, "max_batch_size": most_requests(Role.DECODE, layout)}
    return {"enable_padding": True, "batch_sizes": list(sizes)} if sizes else None


def _cache(layout: RoleLayout) -> Options:
    one_byte = layout.kv_cache_dtype not in (None, KvCacheDtype.AUTO)
    return {
        "free_gpu_memory_fraction": layout.mem_fraction_static,
        "dtype": "fp8" if one_byte else "auto",
        **({"tokens_per_block": layout.page_size} if layout.page_size else {}),
    }


def _experts(worker: Worker) -> Options:
    model, layout = worker.model, worker.layout
    backend = moe_backend(model.weight_format, worker.gpu, layout, worker.version)
    slots = {"num_slots": model.experts + layout.redundant_experts, "layer_updates_per_iter": UPDATES}
    found: Options = {
        **({"backend": backend} if backend else {}),
        **({"load_balancer": slots} if layout.eplb.enabled else {}),
    }
    return {"moe_config": found} if found else {}
