"""The least time that one step of a worker can take, and the resource that sets this bound."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from wideep.catalog.gpus import gpu_spec
from wideep.gpus.spec import Peaks
from wideep.roofline.work import (
    all_to_all_bytes,
    decode_attention_flops,
    kv_bytes_read,
    linear_flops,
    prefill_attention_flops,
    weight_bytes_read,
)
from wideep.settings.hardware import GpuKind
from wideep.settings.layout import RoleLayout
from wideep.settings.model import ModelShape, WeightFormat
from wideep.settings.traffic import Traffic

__all__ = ["BoundBy", "StepBound", "decode_bound", "prefill_bound"]

MS: Final = 1e3


class BoundBy(StrEnum):
    """The resource that a step needs for the longest time."""

    HBM = "HBM"
    COMPUTE = "compute"
    NVLINK = "NVLink"
    RDMA = "RDMA"


@dataclass(frozen=True)
class StepBound:
    """The bound of one step of a worker."""

    milliseconds: float
    bound_by: BoundBy
    requests_per_second: float
    """Requests per second of one worker: finished prompts, or finished answers."""


def prefill_bound(  # noqa: PLR0913 - the measured peaks are a keyword
    model: ModelShape, gpu: GpuKind, role: RoleLayout, batch: int, traffic: Traffic, *, measured: Peaks | None = None
) -> StepBound:
    """Return the bound of a step that computes ``batch`` prompts in each attention group.

    ``measured``: peaks to use instead of the data sheet's.
    """
    peaks, isl = measured or _peaks(gpu), traffic.isl
    prompts = batch * role.dp
    own_tokens = prompts * isl / role.gpus_per_worker
    nvlink, rdma = all_to_all_bytes(model, role, own_tokens, reach=_nvlink_reach(gpu, role), once_a_node=True)
    linear = linear_flops(model, role, prompts * isl) / _linear_peak(model, peaks)
    seconds = {
        BoundBy.HBM: weight_bytes_read(model, role, prompts * isl) / peaks.hbm,
        BoundBy.COMPUTE: linear + prefill_attention_flops(model, role, prompts, isl) / peaks.fp8,
        BoundBy.NVLINK: nvlink / peaks.nvlink,
        BoundBy.RDMA: rdma / peaks.rdma,
    }
    bound_by = max(seconds, key=lambda by: seconds[by])
    return StepBound(seconds[bound_by] * MS, bound_by, prompts / seconds[bound_by])


def decode_bound(  # noqa: PLR0913 - as above
    model: ModelShape, gpu: GpuKind, role: RoleLayout, batch: int, traffic: Traffic, *, measured: Peaks | None = None
) -> StepBound:
    """Return the bound of a step that adds one token to ``batch`` requests in each attention group, each halfway
    through its answer.

    ``measured``: peaks to use instead of the data sheet's.
    """
    peaks = measured or _peaks(gpu)
    requests = batch * role.dp
    own_tokens = requests / role.gpus_per_worker
    nvlink, rdma = all_to_all_bytes(model, role, own_tokens, reach=_nvlink_reach(gpu, role), once_a_node=False)
    context = traffic.isl + traffic.osl / 2
    read = weight_bytes_read(model, role, requests) + kv_bytes_read(model, role, batch, context)
    linear = linear_flops(model, role, requests) / _linear_peak(model, peaks)
    seconds = {
        BoundBy.HBM: read / peaks.hbm,
        BoundBy.COMPUTE: linear + decode_attention_flops(model, role, requests, context) / peaks.fp8,
        BoundBy.NVLINK: nvlink / peaks.nvlink,
        BoundBy.RDMA: rdma / peaks.rdma,
    }
    bound_by = max(seconds, key=lambda by: seconds[by])
    return StepBound(seconds[bound_by] * MS, bound_by, requests / (traffic.osl * seconds[bound_by]))


def _peaks(gpu: GpuKind) -> Peaks:
    """Return the GPU's peaks. Raises ValueError if they are not known."""
    found = gpu_spec(gpu).peaks
    if found is None:
        raise ValueError(f"the peaks of {gpu} are not known")
    return found


def _nvlink_reach(gpu: GpuKind, role: RoleLayout) -> int:
    """Return how many GPUs of the worker a GPU reaches over NVLink, itself included: those of its pod, or of its
    rack."""
    return min(role.ep, gpu_spec(gpu).nvlink_reach(role.gpus_per_node))


def _linear_peak(model: ModelShape, peaks: Peaks) -> float:
    """Return the peak of the linear layers: FP8 weights are multiplied in FP8, all others in bf16."""
    fp8 = model.weight_format in (WeightFormat.FP8_BLOCK, WeightFormat.FP8_CHANNEL)
    return peaks.fp8 if fp8 else peaks.bf16
