"""All rules of one role but the fit in memory, in stages: a later stage divides by what an earlier one checked."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from wideep.errors import Problem
from wideep.rules import deepep, experts, parallel, quantization
from wideep.rules.site import RoleSite

__all__ = ["arithmetic_problems"]

Rule = Callable[[RoleSite], Problem | None]

SIZES: Final[tuple[Rule, ...]] = (
    parallel.dp_divides_tp,
    parallel.ep_divides_tp,
    parallel.tp_at_most_experts,
)
DERIVED: Final[tuple[Rule, ...]] = (
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
    deepep.deepep_needs_hidden_size,
    deepep.normal_kernels_have_settings,
    deepep.normal_kernels_need_whole_nodes,
    deepep.deepep_needs_rdma,
    deepep.dispatch_within_kernel,
    deepep.graphs_within_dispatch,
    deepep.graphs_survive_rounding,
    deepep.prefill_within_dispatch,
    deepep.two_batches_need_deepep,
)


def arithmetic_problems(site: RoleSite) -> list[Problem]:
    """Broken rules of one role. A wrong tp is said once; the other rules are asked as if it were mended."""
    wrong_tp = parallel.tp_is_all_gpus(site)
    problems = [wrong_tp] if wrong_tp else []
    mended = site.changed(tp=site.role.gpus_per_worker)
    sizes = _broken(SIZES, mended)
    return problems + (sizes or _broken(DERIVED, mended))


def _broken(rules: tuple[Rule, ...], site: RoleSite) -> list[Problem]:
    return [problem for rule in rules if (problem := rule(site))]
