"""The command of vLLM under Dynamo: ``python3 -m dynamo.vllm`` with the arguments of vLLM's own parser.

The stack's sizes are SGLang's. In vLLM's terms, an attention group of tp / dp GPUs is a tensor-parallel group, and the
experts are spread over all groups (``EP = TP × DP``). Objects are written as dotted keys rather than as JSON, which
would need quoting in a shell (``vllm/utils/argparse_utils.py``).
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
"""``--all2all-backend`` by DeepEP mode. Without DeepEP, vLLM's default applies: all-gather and reduce-scatter."""
KV_ROLES: Final = {Role.PREFILL: "kv_producer", Role.DECODE: "kv_consumer"}
"""Dynamo refuses prefill without a role; vLLM warns about ``kv_both`` from 0.26 on, and requires no role before."""
PREFILL_TOKENS: Final = 8192
"""Default number of prompt tokens that a rank computes in a step: vLLM's own default for a server on a GPU of 70 GiB or
more (``EngineArgs.get_batch_defaults``)."""
BY_BATCH: Final = (0, 20, 1)
REQUESTS: Final = 1024
"""Default number of requests per rank, from the same function."""


def engine_args(
    role: Role, layout: RoleLayout, model: ModelShape, model_path: str, trust_remote_code: bool = False
) -> tuple[str, ...]:
    """Return all arguments of one role's engine, in the order: model, sizes, experts, disaggregation, memory, extra.

    ``--data-parallel-size`` makes the operator add what several nodes need (ranks, addresses, hybrid load balancing);
    it looks for that name, with its value as a separate argument. If those were set twice, the worker would wait
    forever.
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
    """Return the environment variables that vLLM reads in place of flags.

    Without ``VLLM_RANDOMIZE_DP_DUMMY_INPUTS``, which Dynamo's recipe for DeepSeek-R1 also sets, the batch with which
    vLLM measures its activations repeats one token, which all ranks send to the same experts.
    ``VLLM_MOE_DP_CHUNK_SIZE`` sets the size of DeepEP's low-latency buffers up to 0.19; later
    ``--max-num-batched-tokens`` does.
    """
    env = {"VLLM_RANDOMIZE_DP_DUMMY_INPUTS": "1"} if layout.dp > 1 and layout.ep > 1 else {}
    if role is Role.DECODE and layout.low_latency and not is_from(version, *BY_BATCH):
        env["VLLM_MOE_DP_CHUNK_SIZE"] = str(layout.max_dispatch_tokens_per_rank)
    return env


def batched_tokens(role: Role, layout: RoleLayout) -> int:
    """Return the tokens in one rank's largest step, which is also the capacity of DeepEP's low-latency buffers.

    The flag is always set, because vLLM's own default depends on the GPU, and vLLM measures its activations with this
    number.
    """
    if role is Role.DECODE and layout.low_latency:
        return layout.max_dispatch_tokens_per_rank
    return (layout.chunked_prefill_size or PREFILL_TOKENS * layout.dp) // layout.dp


def most_requests(role: Role, layout: RoleLayout) -> int:
    """Return the requests per rank, at most the tokens of a step: vLLM exits otherwise
    (``SchedulerConfig.verify_max_model_len``)."""
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
    """Return the flags of captured batch sizes. By default, vLLM captures up to 512 requests or all that may run."""
    sizes = layout.cuda_graph_batch_sizes
    if role is Role.PREFILL or sizes is None:
        return []
    return [("--cudagraph-capture-sizes", sizes)] if sizes else [("--enforce-eager", True)]
