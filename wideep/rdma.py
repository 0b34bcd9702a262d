"""What a worker's pod needs for RDMA: variables of NCCL, NVSHMEM and UCX, the device plugin's resource, pinned memory.

Three libraries use the same adapters: NCCL (collectives within a worker), NVSHMEM (DeepEP's all-to-all) and UCX (NIXL's
transfer of the KV cache from prefill to decode).
"""

from __future__ import annotations

import re
from typing import Final

from wideep.settings.hardware import Hardware, Interconnect
from wideep.settings.layout import RoleLayout

__all__ = ["RDMA_CAPABILITY", "network_env", "other_rdma", "uses_rdma"]

RDMA_CAPABILITY: Final = "IPC_LOCK"
"""Capability to pin memory: an adapter must only read memory that cannot be swapped out."""

_RDMA: Final = {
    "NCCL_IB_HCA": "mlx5",  # a prefix: all of NVIDIA's adapters, but no other vendor's management ports
    "UCX_TLS": "rc_x,rc,dc_x,dc,cuda_copy,cuda_ipc",  # without tcp, a transfer that cannot use RDMA fails visibly
    "UCX_RNDV_SCHEME": "get_zcopy",
    "UCX_RNDV_THRESH": "0",
}
"""The UCX variables are those of NVIDIA's guide to disaggregated serving on Kubernetes."""
_DEEPEP_BETWEEN_NODES: Final = {"NVSHMEM_IB_ENABLE_IBGDA": "true"}
"""GPUs post their own sends, which DeepEP's low-latency kernels require."""
_ROCE: Final = {"NCCL_IB_GID_INDEX": "3", "UCX_IB_GID_INDEX": "3"}
"""Entry 3 of an adapter's GID table is RoCE v2 over IPv4 on most clusters; ``show_gids`` on a node lists it."""
_ROCE_DEEPEP: Final = {"NVSHMEM_IB_GID_INDEX": "3"}
_RACK_NVLINK: Final = {"NCCL_MNNVL_ENABLE": "1", "NCCL_CUMEM_ENABLE": "1"}
"""NCCL over NVLink between nodes of one rack."""


OTHER_RDMA: Final = {
    "efa": "AWS's EFA",
    "erdma": "Alibaba's eRDMA",
    "irdma": "Intel's adapters",
    "bnxt": "Broadcom's adapters",
    "ionic": "AMD's adapters",
    "hfi": "Cornelis' adapters",
}
"""RDMA adapters other than mlx5, by a word in the device plugin's resource (``vpc.amazonaws.com/efa``)."""


def other_rdma(resource: str) -> str | None:
    """Return whose adapters a device plugin's resource provides; None unless they are known not to be mlx5."""
    words = re.findall(r"[a-z]+", resource.lower())
    return next((maker for part, maker in OTHER_RDMA.items() if part in words), None)


def uses_rdma(hardware: Hardware) -> bool:
    """Tell whether the pods use RDMA: the nodes support it, and are several, so that the KV cache is transferred.

    Prefill and decode run in separate pods, which the scheduler may put on any two nodes.
    """
    return hardware.nodes > 1 and hardware.interconnect in (Interconnect.INFINIBAND, Interconnect.ROCE)


def network_env(hardware: Hardware, layout: RoleLayout) -> dict[str, str]:
    """Return the network environment variables of one role's pods, by name."""
    several = layout.nodes > 1
    if hardware.interconnect is Interconnect.NVLINK:
        return dict(_RACK_NVLINK) if several else {}
    if not uses_rdma(hardware):
        return {}
    roce = hardware.interconnect is Interconnect.ROCE
    all_to_all = several and layout.deepep
    return {
        **_RDMA,
        **(_ROCE if roce else {}),
        **(_DEEPEP_BETWEEN_NODES if all_to_all else {}),
        **(_ROCE_DEEPEP if roce and all_to_all else {}),
    }
