"""The rules that a role must keep to run on TensorRT-LLM, in order, after its checks, which run when a pod starts."""

from typing import Final

from wideep.engines.base import EngineRules
from wideep.engines.trtllm.rules import experts, keys, sizes
from wideep.rules import context, parallel, quantization
from wideep.rules import deepep as kernels

__all__ = ["RULES"]

RULES: Final = EngineRules(
    parallel.tp_is_all_gpus,
    (
        parallel.one_stage,
        parallel.dp_divides_tp,
        parallel.ep_divides_tp,
        sizes.attention_dp_is_all_or_none,
    ),
    (
        keys.keys_of_another_engine,
        context.context_within_model,
        parallel.requests_for_each_group,
        parallel.heads_divide,
        parallel.kv_heads_divide,
        quantization.format_is_computed,
        quantization.fp8_needs_ada,
        quantization.nvfp4_needs_blackwell,
        quantization.shards_are_whole_blocks,
        experts.slots_divide,
        experts.balancing_needs_model,
        experts.balancing_needs_ep,
        experts.balancing_needs_backend,
        experts.balancer_fits_shared_memory,
        experts.copies_need_balancer,
        experts.wide_decode_runs,
        kernels.deepep_needs_known_model,
        experts.deepep_needs_attention_dp,
        kernels.deepep_runs_on_hopper,
        kernels.deepep_needs_nvlink,
        kernels.deepep_needs_rdma,
        kernels.deepep_needs_mlx5,
        kernels.dispatch_within_kernel,
        kernels.graphs_within_dispatch,
        kernels.requests_within_dispatch,
        keys.pages_are_a_power_of_two,
        keys.transfer_buffers_fit,
    ),
)
