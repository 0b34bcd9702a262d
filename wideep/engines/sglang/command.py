"""The command of SGLang under Dynamo: ``python3 -m dynamo.sglang`` with the arguments of SGLang's own parser.

Flags and their meaning are those of ``sglang/srt/server_args.py`` in each version (``parser.txt`` has their names).
"""

from __future__ import annotations

import itertools
from typing import Final

from wideep.engines.sglang.changes import FOLLOWS_ROOM, GRAPHS_BY_PHASE
from wideep.engines.words import Flag, words_of
from wideep.settings.experts import Eplb
from wideep.settings.layout import Role, RoleLayout
from wideep.settings.model import ModelShape, WeightFormat
from wideep.versions import SGLANG

__all__ = ["COMMAND", "DISPATCH_VARIABLE", "RUNNER", "engine_args", "engine_env", "runner_of"]

COMMAND: Final = ("python3", "-m", "dynamo.sglang")
DISPATCH_VARIABLE: Final = "SGLANG_DEEPEP_NUM_MAX_DISPATCH_TOKENS_PER_RANK"
BOOTSTRAP_PORT: Final = 30001
"""Port on which decode workers request a prompt's KV cache from a prefill worker."""
RUNNER: Final = "--moe-runner-backend"
"""Flag for the experts' kernels, which ``extraArgs`` may contain."""


def engine_args(  # noqa: PLR0913 - the inputs of a role's command
    role: Role,
    layout: RoleLayout,
    model: ModelShape,
    model_path: str,
    trust_remote_code: bool = False,
    *,
    version: str = SGLANG,
    watched: tuple[str, ...] = (),
) -> tuple[str, ...]:
    """Return all arguments of one role's engine, in the order: model, sizes, experts, disaggregation, memory, metrics,
    extra.

    ``model_path`` is the folder of the weights in the container. Multi-node workers need no arguments here, because the
    operator appends them (``wideep.engines.sglang.flags``); if they were set twice, the worker would wait forever.
    SGLang itself has the class of each ``model.family``, so code that comes with the weights runs only if the stack
    allows it (``trust_remote_code``). ``watched`` are the arguments for metrics; ``extraArgs`` come last and take
    precedence over them.
    """
    flags: list[Flag] = [
        ("--model-path", model_path),
        ("--served-model-name", model.name),
        ("--trust-remote-code", trust_remote_code),
        ("--skip-tokenizer-init", True),
        ("--host", "0.0.0.0"),  # noqa: S104 - the pod's own address, which the other role's pods have to reach
        *_sizes(layout),
        *_experts(layout, model),
        *_disaggregation(role, layout, version),
        ("--mem-fraction-static", layout.mem_fraction_static),
        ("--chunked-prefill-size", layout.chunked_prefill_size),
        ("--context-length", layout.context_length),
        ("--kv-cache-dtype", layout.kv_cache_dtype),
        ("--page-size", layout.page_size),
        *_speculative(layout, model_path),
        *_batches(role, layout, version),
    ]
    return (*words_of(flags), *watched, *layout.extra_args)


def runner_of(layout: RoleLayout) -> str | None:
    """Return the experts' kernels that ``extraArgs`` requests; None if it requests none."""
    words = [part for word in layout.extra_args for part in word.split("=", 1)]
    return next((value for flag, value in itertools.pairwise(words) if flag == RUNNER), None)


def engine_env(role: Role, layout: RoleLayout) -> dict[str, str]:
    """Return the environment variables that SGLang reads in place of flags."""
    if role is Role.PREFILL or not layout.low_latency:
        return {}
    return {DISPATCH_VARIABLE: str(layout.max_dispatch_tokens_per_rank)}


def _speculative(layout: RoleLayout, model_path: str) -> list[Flag]:
    """Return the flags of speculative decoding. The model's own draft layer is loaded from the model's folder.

    NGRAM takes its breadth from separate flags.
    """
    drafting = layout.speculative
    if drafting is None:
        return []
    drafts = drafting.drafts
    return [
        ("--speculative-algorithm", drafting.algorithm),
        ("--speculative-draft-model-path", (drafting.draft_model or model_path) if drafts else None),
        ("--speculative-num-steps", drafting.num_steps if drafts else None),
        ("--speculative-eagle-topk", drafting.eagle_topk if drafts else None),
        ("--speculative-num-draft-tokens", drafting.num_draft_tokens),
    ]


def _batches(role: Role, layout: RoleLayout, version: str) -> list[Flag]:
    """Return flags that keep a decode step within what one rank may pass to DeepEP's low-latency kernels.

    By default, SGLang captures CUDA graphs of up to 512 requests per rank on GPUs of this size, and runs up to 4096;
    DeepEP's buffers hold 128 by default, and one more ends the process. The defaults of newer versions for graphs at
    prefill are kept. The flag's name depends on the version, because 0.5.21 rejects the old name as an ambiguous
    abbreviation and exits.
    """
    requests, sizes = layout.max_running_requests, layout.cuda_graph_batch_sizes
    if role is Role.PREFILL:
        return [("--max-running-requests", requests)]
    limit = layout.max_dispatch_tokens_per_rank // layout.tokens_per_request if layout.low_latency else None
    by_phase = GRAPHS_BY_PHASE.holds(version)
    phase = "-decode" if by_phase else ""
    return [
        (f"--cuda-graph-bs{phase}", sizes or None),
        (f"--cuda-graph-max-bs{phase}", limit if sizes is None else None),
        ("--disable-cuda-graph", sizes == () and not by_phase),
        ("--cuda-graph-backend-decode", "disabled" if sizes == () and by_phase else None),
        ("--max-running-requests", requests or (limit and limit * layout.dp)),
    ]


def _sizes(layout: RoleLayout) -> list[Flag]:
    """Return the flags of tensor, data and expert parallelism. SGLang uses DP attention only with an explicit flag."""
    split = layout.dp > 1
    return [
        ("--tp-size", layout.tp),
        ("--pp-size", layout.pp if layout.pp > 1 else None),
        ("--dp-size", layout.dp if split else None),
        ("--enable-dp-attention", split),
        ("--enable-dp-lm-head", split and layout.dp_lm_head),
        ("--ep-size", layout.ep),
        ("--moe-dense-tp-size", layout.moe_dense_tp),
    ]


def _experts(layout: RoleLayout, model: ModelShape) -> list[Flag]:
    """Return the flags of DeepEP's all-to-all, redundant experts and the load balancer.

    Experts in bf16 need an explicit DeepGEMM, in versions that support them with DeepEP (``rules.deepep``).
    """
    bf16 = layout.deepep and model.weight_format is WeightFormat.BF16 and not runner_of(layout)
    return [
        ("--moe-a2a-backend", layout.moe_a2a_backend if layout.deepep else None),
        ("--deepep-mode", layout.deepep_mode if layout.deepep else None),
        (RUNNER, "deep_gemm" if bf16 else None),
        ("--enable-two-batch-overlap", layout.two_batch_overlap),
        ("--ep-num-redundant-experts", layout.redundant_experts or None),
        *_balancer(layout.eplb),
    ]


def _balancer(eplb: Eplb) -> list[Flag]:
    """Return EPLB's flags. Two of them also matter without EPLB: the algorithm places experts from recorded counts, and
    the iterations are the steps that the recorder keeps (``ExpertLocationMetadata.init_by_eplb``,
    ``_handle_expert_distribution_metrics``)."""
    return [
        ("--enable-eplb", eplb.enabled),
        ("--eplb-algorithm", eplb.algorithm),
        ("--eplb-rebalance-num-iterations", eplb.rebalance_iterations),
        ("--ep-dispatch-algorithm", eplb.dispatch_algorithm),
        ("--expert-distribution-recorder-mode", eplb.recorder_mode),
        ("--init-expert-location", eplb.initial_expert_location),
    ]


def _disaggregation(role: Role, layout: RoleLayout, version: str) -> list[Flag]:
    """Return the flags with which prefill transfers its KV cache to decode over NIXL, which is not the default in any
    version.

    Both roles assign requests to data-parallel ranks round-robin, so that decode knows which prefill rank holds a
    request. Newer versions have prefill follow the request's bootstrap room, and warn if round-robin is set.
    """
    in_turn = not FOLLOWS_ROOM.holds(version)
    decode_ranks = in_turn and role is Role.DECODE and layout.dp > 1
    return [
        ("--disaggregation-mode", role),
        ("--disaggregation-transfer-backend", "nixl"),
        ("--disaggregation-bootstrap-port", BOOTSTRAP_PORT),
        ("--load-balance-method", "round_robin" if in_turn and role is Role.PREFILL else None),
        ("--prefill-round-robin-balance", decode_ranks),
    ]
