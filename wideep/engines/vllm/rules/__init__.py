"""The rules that a role must keep to run on vLLM, in order, after vLLM's checks, which run when a pod starts."""

from typing import Final

from wideep.engines.base import EngineRules
from wideep.engines.vllm.rules import experts, keys, sizes
from wideep.rules import context, parallel, quantization
from wideep.rules import deepep as kernels

__all__ = ["RULES"]

RULES: Final = EngineRules(
    parallel.tp_is_all_gpus,
    (
        parallel.one_stage,
        parallel.dp_divides_tp,
        sizes.experts_over_all_or_none,
        sizes.groups_within_nodes,
    ),
    (
        keys.keys_of_another_engine,
        context.context_within_model,
        parallel.requests_for_each_group,
        experts.slots_divide,
        parallel.heads_divide,
        parallel.kv_heads_divide,
        quantization.format_is_computed,
        quantization.fp8_needs_ada,
        quantization.shards_are_whole_blocks,
        experts.balancing_needs_model,
        experts.balancing_needs_ep,
        experts.copies_need_eplb,
        kernels.deepep_needs_known_model,
        experts.deepep_has_one_mode,
        experts.deepep_needs_groups,
        kernels.deepep_runs_on_hopper,
        experts.low_latency_needs_hidden_size,
        kernels.deepep_needs_nvlink,
        kernels.normal_kernels_need_whole_nodes,
        kernels.deepep_needs_rdma,
        kernels.deepep_needs_mlx5,
        kernels.dispatch_within_kernel,
        kernels.graphs_within_dispatch,
        kernels.requests_within_dispatch,
        kernels.prefill_within_dispatch,
        experts.two_batches_need_deepep,
        keys.block_size_fits_attention,
        keys.share_is_free,
    ),
)
