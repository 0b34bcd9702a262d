"""What DeepEP's kernels accept, and what they need from GPUs and network, whichever engine calls them."""

from __future__ import annotations

from typing import Final

from wideep.errors import Problem
from wideep.memory.deepep import NORMAL_KERNELS, NVL_PEERS
from wideep.rdma import other_rdma
from wideep.rules.role_context import RDMA, RoleContext, listed
from wideep.settings.experts import DeepEpMode
from wideep.settings.layout import Role

__all__ = [
    "HIDDEN_SIZES",
    "HOPPER",
    "MAX_DISPATCH",
    "OFF",
    "deepep_needs_hidden_size",
    "deepep_needs_known_model",
    "deepep_needs_mlx5",
    "deepep_needs_nvlink",
    "deepep_needs_rdma",
    "deepep_runs_on_hopper",
    "dispatch_within_kernel",
    "graphs_within_dispatch",
    "normal_kernels_have_settings",
    "normal_kernels_need_whole_nodes",
    "prefill_within_dispatch",
    "requests_within_dispatch",
]

MAX_DISPATCH: Final = 1024
HOPPER: Final = 90
HIDDEN_SIZES: Final = (2048, 2560, 3072, 4096, 5120, 6144, 7168, 8192)
OFF: Final = "set moeA2aBackend: none"


def deepep_needs_known_model(site: RoleContext) -> Problem | None:
    """Refuse DeepEP for models that are not known to run with it: for MXFP4 experts no kernels are known that take what
    DeepEP dispatches."""
    if not site.role.deepep or site.family.deepep:
        return None
    rule = f"{site.architecture} with DeepEP is not known to run on {site.engine.title}"
    return site.problem("moeA2aBackend", site.role.moe_a2a_backend, rule, OFF)


def deepep_needs_nvlink(site: RoleContext) -> Problem | None:
    """Refuse DeepEP on cards without NVLink between all of them, as ``check_nvlink_connections`` does: the ranks of a
    node write into each other's memory."""
    together = min(NVL_PEERS, site.role.gpus_per_node)
    if not site.role.deepep or site.nvlink_reach >= together or site.gpu.compute_capability < HOPPER:
        return None
    reach = f"NVLink of {site.hardware.gpu} reaches {site.nvlink_reach} GPUs" if site.nvlink_reach > 1 else "no NVLink"
    rule = f"DeepEP needs NVLink between the {together} GPUs of a pod: {reach}"
    return site.problem("moeA2aBackend", site.role.moe_a2a_backend, rule, OFF)


def deepep_needs_mlx5(site: RoleContext) -> Problem | None:
    """Refuse DeepEP between nodes over adapters other than mlx5: GPUs post their own sends (NVSHMEM's IBGDA), and there
    is code for mlx5 only (deepseek-ai/DeepEP#369, #759)."""
    role, resource = site.role, site.hardware.rdma_resource
    adapter = other_rdma(resource)
    if not role.deepep or not site.crosses_nvlink or site.hardware.interconnect not in RDMA or adapter is None:
        return None
    rule = (
        f"layout.{site.name}: ep {role.ep} spans {role.nodes} nodes, and DeepEP's kernels send between them through "
        f"NVIDIA's mlx5 adapters only (IBGDA), not {adapter}"
    )
    return Problem("hardware.rdmaResource", resource, rule, f"{OFF}, or workers of one node (nodes: 1)")


def deepep_runs_on_hopper(site: RoleContext) -> Problem | None:
    """Refuse DeepEP on older GPUs: its kernels are compiled for compute capability 9.0 and newer."""
    if not site.role.deepep or site.gpu.compute_capability >= HOPPER:
        return None
    rule = f"DeepEP runs on Hopper and newer, and hardware.gpu is {site.hardware.gpu}"
    return site.problem("moeA2aBackend", site.role.moe_a2a_backend, rule, OFF)


def deepep_needs_hidden_size(site: RoleContext) -> Problem | None:
    """Refuse the low-latency mode for hidden sizes that its kernels are not compiled for (``SWITCH_HIDDEN`` in
    ``launch.cuh``)."""
    role, hidden = site.role, site.model.hidden_size
    if not role.deepep or role.deepep_mode is DeepEpMode.NORMAL or hidden in HIDDEN_SIZES:
        return None
    rule = f"DeepEP's low-latency kernels exist for hidden sizes {listed(HIDDEN_SIZES)}, and the model's is {hidden}"
    return site.problem("deepepMode", role.deepep_mode, rule, f"set deepepMode: normal, or {OFF}")


def normal_kernels_have_settings(site: RoleContext) -> Problem | None:
    """Refuse EP sizes that ``Buffer.get_dispatch_config`` does not know; it is called when the mode is normal or
    auto."""
    role = site.role
    if not role.deepep or role.deepep_mode is DeepEpMode.LOW_LATENCY or role.ep in NORMAL_KERNELS:
        return None
    rule = f"DeepEP's {role.deepep_mode} mode has kernel settings for ep {listed(NORMAL_KERNELS)}"
    near = [*[ep for ep in NORMAL_KERNELS if ep < role.ep][-1:], *[ep for ep in NORMAL_KERNELS if ep > role.ep][:1]]
    fix = f"use {listed(near)} GPUs a worker"
    if site.name is Role.DECODE:
        fix = f"set deepepMode: low_latency, which takes any ep, or {fix}"
    return site.problem("ep", role.ep, rule, fix)


def normal_kernels_need_whole_nodes(site: RoleContext) -> Problem | None:
    """Refuse normal mode for workers on several nodes whose pods do not have 8 GPUs: DeepEP takes every 8 ranks to be
    one node with NVLink between them (``NUM_MAX_NVL_PEERS``)."""
    role = site.role
    normal = role.deepep and role.deepep_mode is not DeepEpMode.LOW_LATENCY
    rack = site.nvlink_reach > site.hardware.gpus_per_node
    if not normal or rack or role.nodes == 1 or role.gpus_per_node == NVL_PEERS:
        return None
    rule = f"DeepEP's {role.deepep_mode} mode treats every 8 ranks as one node, and a pod has {role.gpus_per_node} GPUs"
    return site.problem("gpusPerNode", role.gpus_per_node, rule, "set gpusPerNode: 8 with fewer nodes")


def deepep_needs_rdma(site: RoleContext) -> Problem | None:
    """Refuse DeepEP between NVLink domains without RDMA: it has no other way to write there (NVSHMEM over IBGDA)."""
    if not site.role.deepep or not site.crosses_nvlink or site.hardware.interconnect in RDMA:
        return None
    reach = f"NVLink reaches {site.nvlink_reach} GPUs"
    rule = f"ep {site.role.ep} spans {site.role.nodes} nodes, {reach}, and DeepEP needs RDMA beyond that"
    return Problem(
        "hardware.interconnect",
        str(site.hardware.interconnect),
        f"layout.{site.name}: {rule}",
        "write infiniband or roce if the nodes have it; if not, moeA2aBackend: none, or workers of one node",
    )


def dispatch_within_kernel(site: RoleContext) -> Problem | None:
    """Refuse more than 1024 dispatched tokens per rank: DeepEP marks the end of a message with a count of 1024."""
    tokens = site.role.max_dispatch_tokens_per_rank
    if not site.role.deepep or tokens <= MAX_DISPATCH:
        return None
    rule = f"DeepEP dispatches at most {MAX_DISPATCH} tokens per rank"
    return site.problem("maxDispatchTokensPerRank", tokens, rule, f"set maxDispatchTokensPerRank: {MAX_DISPATCH}")


def graphs_within_dispatch(site: RoleContext) -> Problem | None:
    """Refuse captured batches that exceed DeepEP's low-latency buffers: a batch is dispatched whole."""
    role, sizes = site.role, site.role.cuda_graph_batch_sizes
    limit = min(role.max_dispatch_tokens_per_rank, MAX_DISPATCH)
    if not role.low_latency or not sizes or max(sizes) * role.tokens_per_request <= limit:
        return None
    tokens = max(sizes) * role.tokens_per_request
    drafts = f" ({role.tokens_per_request} tokens per request)" if role.tokens_per_request > 1 else ""
    rule = f"the batch of {max(sizes)}{drafts} is more than the {limit} tokens that a rank may dispatch"
    wanted = f", or maxDispatchTokensPerRank: {tokens}" if tokens <= MAX_DISPATCH else ""
    most = limit // role.tokens_per_request
    return site.problem("cudaGraphBatchSizes", max(sizes), rule, f"use sizes of {most} at most{wanted}")


def requests_within_dispatch(site: RoleContext) -> Problem | None:
    """Refuse more running requests than a rank may dispatch tokens for in one decode step (one token per request, or
    its drafts), which would end the process."""
    role, requests = site.role, site.role.max_running_requests
    limit = min(role.max_dispatch_tokens_per_rank, MAX_DISPATCH)
    if requests is None or site.name is not Role.DECODE or not role.low_latency:
        return None
    each = requests // role.dp
    tokens = each * role.tokens_per_request
    if tokens <= limit:
        return None
    drafts = f" of {role.tokens_per_request} tokens" if role.tokens_per_request > 1 else ""
    rule = (
        f"{requests} / dp {role.dp} = {each} requests per rank{drafts} are more than the {limit} tokens that it may "
        "dispatch"
    )
    wanted = f", or maxDispatchTokensPerRank: {tokens}" if tokens <= MAX_DISPATCH else ""
    most = limit // role.tokens_per_request * role.dp
    return site.problem("maxRunningRequests", requests, rule, f"set {most} at most{wanted}")


def prefill_within_dispatch(site: RoleContext) -> Problem | None:
    """Refuse low-latency mode for prefill chunks that exceed its buffers: a chunk is split over the ranks and
    dispatched whole."""
    role = site.role
    if site.name is not Role.PREFILL or not role.deepep or role.deepep_mode is not DeepEpMode.LOW_LATENCY:
        return None
    tokens = site.prefill_chunk // role.tp
    if tokens <= role.max_dispatch_tokens_per_rank:
        return None
    rule = f"a prefill chunk is {tokens} tokens per rank, and low_latency holds {role.max_dispatch_tokens_per_rank}"
    return site.problem("deepepMode", role.deepep_mode, rule, "set deepepMode: normal")
