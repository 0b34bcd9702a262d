"""All rules of one role but the fit in memory, in stages: a later stage divides by what an earlier one checked."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Final

from wideep.errors import Problem
from wideep.rules import deepep, experts, parallel, pipeline, quantization, speculative
from wideep.rules.role_context import RoleSite

__all__ = ["Refusal", "Rule", "arithmetic_problems", "broken_rules"]

Rule = Callable[[RoleSite], Problem | None]


@dataclass(frozen=True)
class Refusal:
    """A broken rule by its name in words, and what it says of the layout."""

    rule: str
    problem: Problem


SIZES: Final[tuple[Rule, ...]] = (
    parallel.dp_divides_tp,
    parallel.ep_divides_tp,
    parallel.tp_at_most_experts,
    pipeline.decode_has_one_stage,
    pipeline.stages_need_model,
    pipeline.stages_have_layers,
    pipeline.stages_divide_nodes,
)
DERIVED: Final[tuple[Rule, ...]] = (
    parallel.requests_for_each_group,
    parallel.experts_divide,
    parallel.heads_divide,
    parallel.kv_heads_divide,
    quantization.fp8_needs_ada,
    quantization.shards_are_whole_blocks,
    experts.balancing_needs_model,
    experts.balancing_needs_ep,
    experts.eplb_needs_ep_of_tp,
    experts.recorder_fits_deepep,
    experts.hierarchical_needs_groups,
    experts.location_is_a_file,
    deepep.deepep_needs_model,
    deepep.deepep_needs_fp8,
    deepep.deepep_needs_hopper,
    deepep.deepep_needs_nvlink,
    deepep.deepep_needs_hidden_size,
    deepep.normal_kernels_have_settings,
    deepep.normal_kernels_need_whole_nodes,
    deepep.deepep_needs_rdma,
    deepep.deepep_needs_mlx5,
    deepep.dispatch_within_kernel,
    deepep.graphs_within_dispatch,
    deepep.requests_within_dispatch,
    deepep.graphs_survive_rounding,
    deepep.prefill_within_dispatch,
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


def arithmetic_problems(site: RoleSite) -> list[Problem]:
    """Broken rules of one role. A wrong tp is said once; the other rules are asked as if it were mended."""
    wrong_tp = parallel.tp_is_all_gpus(site)
    whole = site.role.gpus_per_worker % site.role.pp == 0
    tp, pp = (site.role.gpus_per_worker // site.role.pp, site.role.pp) if whole else (site.role.gpus_per_worker, 1)
    mended = site.changed(tp=tp, pp=pp) if wrong_tp else site
    sizes = [refusal.problem for refusal in broken_rules(mended, SIZES)]
    rest = sizes or [refusal.problem for refusal in broken_rules(mended, DERIVED)]
    return [wrong_tp, *rest] if wrong_tp else rest


def broken_rules(
    site: RoleSite, rules: tuple[Rule, ...] = (parallel.tp_is_all_gpus, *SIZES, *DERIVED)
) -> Iterator[Refusal]:
    """The rules that one role breaks, lazily: after a rule of the sizes is broken, the next may divide by it."""
    for rule in rules:
        problem = rule(site)
        if problem:
            yield Refusal(rule.__name__.replace("_", " "), problem)
