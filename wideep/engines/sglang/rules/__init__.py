"""The rules that a role must keep to run on SGLang, in order, including those of the kernels and of the weights.

They follow SGLang's own checks, which a pod reaches only minutes after it was scheduled.
"""

import functools
from typing import Final

from wideep.engines.base import EngineRules
from wideep.engines.sglang.changes import RANKS_PICK_ALIKE
from wideep.engines.sglang.rules import deepep, experts, pipeline, speculative
from wideep.rules import context, parallel, quantization
from wideep.rules import deepep as kernels

__all__ = ["rules_of"]

_SIZES: Final = (
    parallel.dp_divides_tp,
    parallel.ep_divides_tp,
    experts.tp_at_most_experts,
    pipeline.decode_has_one_stage,
    pipeline.stages_need_model,
    pipeline.stages_have_layers,
    pipeline.stages_divide_nodes,
)
_DERIVED: Final = (
    context.context_within_model,
    parallel.requests_for_each_group,
    parallel.experts_divide,
    parallel.heads_divide,
    parallel.kv_heads_divide,
    quantization.format_is_computed,
    quantization.fp8_needs_ada,
    quantization.shards_are_whole_blocks,
    experts.balancing_needs_model,
    experts.balancing_needs_ep,
    experts.eplb_needs_ep_of_tp,
    experts.recorder_fits_deepep,
    experts.recorder_fits_interval,
    experts.hierarchical_needs_groups,
    experts.location_is_a_file,
    deepep.deepep_needs_model,
    deepep.deepep_needs_fp8,
    deepep.deepep_needs_hopper,
    kernels.deepep_needs_nvlink,
    kernels.deepep_needs_hidden_size,
    kernels.normal_kernels_have_settings,
    kernels.normal_kernels_need_whole_nodes,
    kernels.deepep_needs_rdma,
    kernels.deepep_needs_mlx5,
    kernels.dispatch_within_kernel,
    kernels.graphs_within_dispatch,
    kernels.requests_within_dispatch,
    deepep.graphs_survive_rounding,
    kernels.prefill_within_dispatch,
    deepep.two_batches_need_deepep,
    speculative.draft_has_a_model,
    speculative.draft_has_a_size,
    speculative.one_drafted_token_a_step,
    speculative.tree_of_drafts_without_pages,
    speculative.drafts_on_plain_attention,
    speculative.drafts_in_one_stage,
    speculative.drafts_within_dispatch,
    speculative.chunk_is_whole_pages,
)
_NEWER: Final = ((RANKS_PICK_ALIKE, experts.copies_are_picked_alike),)
"""Rules that older versions do not have. A rule that only varies between versions distinguishes them itself."""


@functools.cache
def rules_of(version: str) -> EngineRules:
    """Return the rules of one version."""
    newer = tuple(rule for since, rule in _NEWER if since.holds(version))
    return EngineRules(parallel.tp_is_all_gpus, _SIZES, (*_DERIVED, *newer))
