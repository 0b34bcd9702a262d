"""Warnings about stacks that are legal but unwise: each says what the choice costs, and what to write instead."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Final

from pydantic.alias_generators import to_camel

from wideep.errors import Problem
from wideep.rdma import other_rdma, uses_rdma
from wideep.rules.backend import backend_advice
from wideep.rules.extra_args import extra_args_warnings
from wideep.rules.fit import OTHERWISE
from wideep.rules.hardware import nodes_needed
from wideep.rules.idle import idle_keys
from wideep.rules.quantization import loaded_size_is_not_known
from wideep.rules.releases import release_advice
from wideep.rules.remedies import for_outside
from wideep.rules.role_context import RDMA, RoleContext
from wideep.rules.updates import Update, gpus_for_updates, nodes_for_updates, update_of
from wideep.settings.experts import DeepEpMode
from wideep.settings.layout import Role
from wideep.settings.root import Settings

__all__ = ["advice"]

USED_WITHOUT_INSTALL: Final = frozenset({"install", "version", "grove"})
"""Keys of ``platform`` that also apply to an existing platform: its operator's version is checked."""


def advice(settings: Settings, sites: Sequence[RoleContext]) -> list[Problem]:
    """Return a warning for everything that is unwise about a stack."""
    of_roles = [rule(site) for site in sites for rule in _OF_A_ROLE]
    said = (
        *extra_args_warnings(settings),
        *backend_advice(settings),
        *(problem for site in sites for problem in idle_keys(site)),
    )
    of_stack = (
        loaded_size_is_not_known(settings.model),
        *(rule(settings) for rule in _OF_THE_STACK),
        *release_advice(settings),
    )
    return [problem for problem in (*of_roles, *said, *of_stack) if problem]


def _cache_under_full_context(site: RoleContext) -> Problem | None:
    memory = site.memory
    longest = site.role.context_length or site.model.context_length
    if memory.kv_cache_tokens >= longest:
        return None
    has = f"the KV cache has {memory.kv_cache_gb:.1f} GB or {memory.kv_cache_tokens:,} tokens"
    rule = f"{has}, less than one sequence of full length ({longest:,})"
    fix = f"set contextLength: {memory.kv_cache_tokens // 1024 * 1024} so that longer requests are refused at once"
    return site.problem("contextLength", longest, rule, fix)


def _headroom_is_tight(site: RoleContext) -> Problem | None:
    needed = site.headroom
    has = site.memory.headroom_gb
    if needed.total / 1e9 <= has:
        return None
    parts = ", ".join(f"{name.replace('_', ' ')} {size / 1e9:.1f}" for name, size in needed.parts.items())
    most = " (the least that newer SGLang reserves for decode with DeepEP)" if needed.total == needed.least else ""
    rule = f"{has:.1f} GB stay outside the pool, and about {needed.total / 1e9:.1f} are needed{most}: {parts}"
    ways = [str(way) for way in for_outside(site)] or [OTHERWISE]
    return site.problem("memFractionStatic", site.role.mem_fraction_static, rule, "\nor ".join(ways))


def _experts_cross_nodes_slowly(site: RoleContext) -> Problem | None:
    if site.role.deepep or not site.crosses_nvlink or site.hardware.interconnect in RDMA:
        return None
    rule = f"layout.{site.name}: tokens cross {site.role.nodes} nodes in every layer, over {site.hardware.interconnect}"
    value = str(site.hardware.interconnect)
    return Problem("hardware.interconnect", value, rule, "use nodes with InfiniBand or RoCE, or workers of one node")


def _rdma_is_not_mlx5(settings: Settings) -> Problem | None:
    """Warn that ``wideep.rdma`` writes NCCL_IB_HCA and UCX_TLS for mlx5 adapters, if the stack has others."""
    maker = other_rdma(settings.hardware.rdma_resource)
    if maker is None or not uses_rdma(settings.hardware):
        return None
    rule = f"NCCL and UCX are configured for mlx5 adapters (NCCL_IB_HCA, UCX_TLS), and these are {maker}"
    fix = "set interconnect: ethernet, or set both for them in workers.env and use an image that supports them"
    return Problem("hardware.rdmaResource", settings.hardware.rdma_resource, rule, fix)


def _redundant_experts_lie_idle(site: RoleContext) -> Problem | None:
    role = site.role
    if not role.redundant_experts or role.eplb.enabled or role.eplb.initial_expert_location not in (None, "trivial"):
        return None
    cost = site.memory.parts.expert_slots * role.redundant_experts
    gb = cost / (site.model.experts + role.redundant_experts) / 1e9
    copies = f"copies of experts 0 to {(role.redundant_experts - 1) % site.model.experts}"
    rule = f"without EPLB the redundant slots hold {copies} forever, for {gb:.1f} GB on each GPU"
    fix = "set eplb: {enabled: true}, an initialExpertLocation, or redundantExperts: 0"
    return site.problem("redundantExperts", role.redundant_experts, rule, fix)


def _eplb_without_spare_slots(site: RoleContext) -> Problem | None:
    role = site.role
    if not role.eplb.enabled or role.redundant_experts:
        return None
    rule = "without redundant experts EPLB can only move experts, not copy the hot ones"
    fix = f"set redundantExperts: {-site.model.experts % role.ep or role.ep}"
    return site.problem("redundantExperts", 0, rule, fix)


def _decode_without_graphs(site: RoleContext) -> Problem | None:
    role = site.role
    if site.name is Role.DECODE and role.cuda_graph_batch_sizes == ():
        rule = "without CUDA graphs each decode step waits for the CPU"
        return site.problem("cudaGraphBatchSizes", "[]", rule, "remove it, or list the batch sizes that occur")
    if site.name is not Role.DECODE or not role.deepep or role.deepep_mode is not DeepEpMode.NORMAL:
        return None
    rule = "DeepEP's normal mode turns CUDA graphs off, and each decode step then waits for the CPU"
    return site.problem("deepepMode", role.deepep_mode, rule, "set deepepMode: low_latency")


def _stages_send_without_count(site: RoleContext) -> Problem | None:
    """Warn about pipeline stages: ``TransferStatus`` in ``disaggregation/nixl/conn.py`` counts chunks, whichever stage
    they are from."""
    if site.role.pp == 1:
        return None
    rule = "over NIXL, decode counts the chunks of a prompt's cache, but does not check that each stage sent its own"
    fix = "try it with long prompts before you rely on it, or set pp: 1"
    return site.problem("pp", site.role.pp, rule, fix)


def _gpus_idle(settings: Settings) -> Problem | None:
    hardware, roles = settings.hardware, settings.layout.roles.values()
    used = sum(role.gpus for role in roles)
    needed, most = nodes_needed(roles, hardware.gpus_per_node), nodes_for_updates(settings)
    if used == hardware.gpus or hardware.nodes == most > needed or hardware.gpus - used == gpus_for_updates(settings):
        return None
    rule = f"the layout uses {used} of {hardware.gpus} GPUs"
    room = f" ({most}, with room for updates)" if most > needed else ""
    fix = (
        f"set nodes: {needed}{room}, or more replicas"
        if needed < hardware.nodes
        else "choose a layout that uses all of a node"
    )
    return Problem("hardware.nodes", str(hardware.nodes), rule, fix)


def _updates_are_outages(settings: Settings) -> Problem | None:
    hardware, roles = settings.hardware, settings.layout.roles
    ways = {role: update_of(settings, role) for role in roles}
    single = [role for role, way in ways.items() if way is Update.RESTART]
    if single:
        rule = "at an update Grove deletes a worker's pods before it makes new ones, and this is the role's only worker"
        fix = f"set replicas: 2{' for both roles' if len(single) > 1 else ''} for updates without downtime"
        return Problem(f"layout.{single[0]}.replicas", "1", rule, fix)
    stopped = [role for role, way in ways.items() if way is Update.OUTAGE]
    if not stopped:
        return None
    free = hardware.gpus - sum(role.gpus for role in roles.values())
    pod = f"{roles[stopped[0]].gpus_per_node} GPUs for another {stopped[0]} pod"
    full, scattered = f"all {hardware.gpus} GPUs are in use", f"{free} GPUs are free, and no node has {pod}"
    rule = f"{scattered if free else full}, so an update stops the old workers before it starts new ones (Recreate)"
    fix = f"set nodes: {nodes_for_updates(settings)} for updates without downtime"
    return Problem("hardware.nodes", str(hardware.nodes), rule, fix)


def _platform_keys_do_nothing(settings: Settings) -> Problem | None:
    platform = settings.platform
    idle = sorted(to_camel(name) for name in platform.model_fields_set - USED_WITHOUT_INSTALL)
    if platform.install or not idle:
        return None
    rule = f"platform.install is false, so nothing is installed and these keys do nothing: {', '.join(idle)}"
    fix = "remove them here, and write them in the stack that installs the platform"
    return Problem("platform.install", "false", rule, fix)


def _revision_is_not_pinned(settings: Settings) -> Problem | None:
    if settings.model.revision or settings.model_cache.revision or not settings.model_cache.download:
        return None
    rule = f"no commit of {settings.model.name} is pinned, so main is downloaded, which can change"
    return Problem("modelCache.revision", "main", rule, "write the commit of the repository that you have tried")


_OF_A_ROLE: Final[tuple[Callable[[RoleContext], Problem | None], ...]] = (
    _cache_under_full_context,
    _headroom_is_tight,
    _experts_cross_nodes_slowly,
    _redundant_experts_lie_idle,
    _eplb_without_spare_slots,
    _decode_without_graphs,
    _stages_send_without_count,
)
_OF_THE_STACK: Final[tuple[Callable[[Settings], Problem | None], ...]] = (
    _rdma_is_not_mlx5,
    _gpus_idle,
    _updates_are_outages,
    _platform_keys_do_nothing,
    _revision_is_not_pinned,
)
