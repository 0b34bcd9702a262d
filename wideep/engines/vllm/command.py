"""vLLM as Dynamo starts it: ``python3 -m dynamo.vllm`` with the arguments of vLLM's own parser.

The keys' sizes are SGLang's. In vLLM's words: an attention group of tp / dp GPUs is a tensor-parallel group, and
the experts are spread over all groups (``EP = TP × DP``). Objects are written as dotted keys, not as JSON, which no
shell has to carry (``vllm/utils/argparse_utils.py``).
"""

from __future__ import annotations

from typing import Final

from wideep.engines.parser import is_from
from wideep.engines.words import Flag, words_of
from wideep.parallelism import attention_tp
from wideep.settings.experts import DeepEpMode, Eplb
from wideep.settings.layout import Role, RoleLayout
from wideep.settings.model import ModelShape

__all__ = ["ALL_TO_ALL", "COMMAND", "batched_tokens", "engine_args", "engine_env", "most_requests"]

COMMAND: Final = ("python3", "-m", "dynamo.vllm")
ALL_TO_ALL: Final = {DeepEpMode.NORMAL: "deepep_high_throughput", DeepEpMode.LOW_LATENCY: "deepep_low_latency"}
"""``--all2all-backend`` by DeepEP's mode. Without DeepEP it is vLLM's default, all-gather and reduce-scatter."""
KV_ROLES: Final = {Role.PREFILL: "kv_producer", Role.DECODE: "kv_consumer"}
"""Dynamo refuses prefill without one; vLLM warns of ``kv_both`` from 0.26 on, and asks for no role before."""
PREFILL_TOKENS: Final = 8192
"""Prompt tokens that a rank computes in a step where the stack says nothing: vLLM's own choice for a server on a GPU of
70 GiB or more (``EngineArgs.get_batch_defaults``)."""
BY_BATCH: Final = (0, 20, 1)
REQUESTS: Final = 1024
"""Requests of a rank where the stack says nothing, by the same."""


def engine_args(
    role: Role, layout: RoleLayout, model: ModelShape, model_path: str, trust_remote_code: bool = False
) -> tuple[str, ...]:
    """All arguments of one role's engine, in the order: model, sizes, experts, disaggregation, memory, extra.

    ``--data-parallel-size`` makes the operator write what several nodes need (ranks, addresses, hybrid load balancing);
    it looks for that name and its value as two arguments. Set twice, the worker waits forever.
    """
    flags: list[Flag] = [
        ("--model", model_path),
        ("--served-model-name", model.name),
        ("--trust-remote-code", trust_remote_code),
        ("--tensor-parallel-size", attention_tp(layout)),
        ("--data-parallel-size", layout.dp if layout.dp > 1 else None),
        ("--enable-expert-parallel", layout.ep > 1),
        ("--all2all-backend", ALL_TO_ALL.get(layout.deepep_mode) if layout.deepep else None),
        ("--enable-dbo", layout.two_batch_overlap),
        *_balancer(layout.eplb, layout.redundant_experts),
        ("--disaggregation-mode", role),
        ("--kv-transfer-config.kv_connector", "NixlConnector"),
        ("--kv-transfer-config.kv_role", KV_ROLES[role]),
        ("--gpu-memory-utilization", layout.mem_fraction_static),
        ("--max-num-batched-tokens", batched_tokens(role, layout)),
        ("--max-num-seqs", most_requests(role, layout)),
        ("--max-model-len", layout.context_length),
        ("--kv-cache-dtype", layout.kv_cache_dtype),
        ("--block-size", layout.page_size),
        *_graphs(role, layout),
    ]
    return (*words_of(flags), *layout.extra_args)


def engine_env(role: Role, layout: RoleLayout, version: str) -> dict[str, str]:
    """Environment variables that vLLM reads in place of flags.

    The batch with which it measures its activations is else of one token that all ranks send to the same experts
    (``VLLM_RANDOMIZE_DP_DUMMY_INPUTS``, as in Dynamo's recipe for DeepSeek-R1). Up to 0.19 DeepEP's low-latency buffers
    are as large as ``VLLM_MOE_DP_CHUNK_SIZE`` says, later as ``--max-num-batched-tokens``.
    """
    env = {"VLLM_RANDOMIZE_DP_DUMMY_INPUTS": "1"} if layout.dp > 1 and layout.ep > 1 else {}
    if role is Role.DECODE and layout.low_latency and not is_from(version, *BY_BATCH):
        env["VLLM_MOE_DP_CHUNK_SIZE"] = str(layout.max_dispatch_tokens_per_rank)
    return env


def batched_tokens(role: Role, layout: RoleLayout) -> int:
    """Tokens of one rank's largest step. DeepEP's low-latency buffers hold just so many.

    Always written: vLLM's own choice depends on the GPU, and activations are measured with so many.
    """
    if role is Role.DECODE and layout.low_latency:
        return layout.max_dispatch_tokens_per_rank
    return (layout.chunked_prefill_size or PREFILL_TOKENS * layout.dp) // layout.dp


def most_requests(role: Role, layout: RoleLayout) -> int:
    """Requests of one rank: no more than tokens of a step, or vLLM ends (``SchedulerConfig.verify_max_model_len``)."""
    wanted = layout.max_running_requests
    return min(wanted // layout.dp if wanted else REQUESTS, batched_tokens(role, layout))


def _balancer(eplb: Eplb, redundant: int) -> list[Flag]:
    if not eplb.enabled:
        return []
    return [
        ("--enable-eplb", True),
        ("--eplb-config.num_redundant_experts", redundant),
        ("--eplb-config.step_interval", eplb.rebalance_iterations),
    ]


def _graphs(role: Role, layout: RoleLayout) -> list[Flag]:
    """Batch sizes that are captured. Left to itself, vLLM captures up to 512 requests, and no more than may run."""
    sizes = layout.cuda_graph_batch_sizes
    if role is Role.PREFILL or sizes is None:
        return []
    return [("--cudagraph-capture-sizes", sizes)] if sizes else [("--enforce-eager", True)]
