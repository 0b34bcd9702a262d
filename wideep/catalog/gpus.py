"""The row of a GPU: from the catalog (``wideep.gpus.table``), or built from the stack's own description."""

from __future__ import annotations

import re
from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from wideep.gpus import Gpu, GpuSpec, Peaks
from wideep.settings.hardware import GpuKind, GpuShape

__all__ = ["GPUS", "GpuSpec", "gpu_spec"]

GPUS: Final[Mapping[Gpu, GpuSpec]] = MappingProxyType({gpu: gpu.spec for gpu in Gpu})


def gpu_spec(gpu: GpuKind) -> GpuSpec:
    """Return the GPU's row, or one built for a GPU that the stack describes."""
    return _described(gpu) if isinstance(gpu, GpuShape) else gpu.spec


def _described(gpu: GpuShape) -> GpuSpec:
    own = gpu.peaks
    given = own and Peaks(
        own.memory_tb_per_second * 1e12,
        own.bf16_tflops * 1e12,
        (own.fp8_tflops or own.bf16_tflops) * 1e12,
        own.nvlink_gb_per_second * 1e9,
        own.rdma_gb_per_second * 1e9,
        "the stack's own",
    )
    return GpuSpec(
        round(gpu.memory_gb * 1e9),
        measured=False,
        source="the stack's own",
        nvlink_domain=gpu.nvlink_gpus,
        compute_capability=round(gpu.compute_capability * 10),
        peaks=given,
        product=gpu.product,
        label=gpu.product and rf"^{re.escape(gpu.product)}(-|$)",
    )
