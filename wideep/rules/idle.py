"""Warnings about keys that are set but have no effect, so that nobody waits for what they promise."""

from __future__ import annotations

from collections.abc import Iterator

from wideep.errors import Problem
from wideep.rules.role_context import RoleContext
from wideep.settings.formatting import redact
from wideep.settings.layout import Role, RoleLayout

__all__ = ["idle_keys"]


def idle_keys(site: RoleContext) -> Iterator[Problem]:
    """Yield a warning for each key of a role that differs from its default and that nothing reads in this layout."""
    role = site.role
    tokens = role.max_dispatch_tokens_per_rank
    unread = (
        *_balancer(role),
        ("deepepMode", role.deepep_mode, not role.deepep, "moeA2aBackend is none"),
        (
            "maxDispatchTokensPerRank",
            tokens,
            not role.low_latency,
            "only DeepEP's low-latency kernels have such a limit",
        ),
        ("dpLmHead", role.dp_lm_head, role.dp == 1, "with dp 1 there is one attention group, so lm_head is cut by tp"),
        ("cudaGraphBatchSizes", role.cuda_graph_batch_sizes, site.name is Role.PREFILL, "prefill captures no graphs"),
    )
    for key, value, idle, why in unread:
        if idle and value != _default(key):
            fix = f"set {key}: {redact(_default(key))}, which a preset may have set otherwise"
            yield site.problem(key, redact(value), f"it does nothing here: {why}", fix)


def _balancer(role: RoleLayout) -> Iterator[tuple[str, object, bool, str]]:
    eplb = role.eplb
    placed = eplb.initial_expert_location not in (None, "trivial")
    counted = eplb.enabled or eplb.recorder_mode is not None
    copies = bool(role.redundant_experts) or eplb.enabled or placed
    reads = "only EPLB and a recorded initialExpertLocation place experts by it"
    yield "eplb.algorithm", eplb.algorithm, not eplb.enabled and not placed, reads
    yield "eplb.rebalanceIterations", eplb.rebalance_iterations, not counted, "nothing is balanced and nothing recorded"
    yield "eplb.dispatchAlgorithm", eplb.dispatch_algorithm, not copies, "each expert has one copy"


def _default(key: str) -> object:
    fields = {field.alias: field.default for field in RoleLayout.model_fields.values()}
    return fields.get(key)
