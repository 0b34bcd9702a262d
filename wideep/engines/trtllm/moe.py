"""``moe_config.backend``: which kernels compute the experts, by release, GPU and format of the weights.

The engine falls back to another backend with only a warning if one does not fit (MOE_DEVELOPER_GUIDE.md), so it is
chosen explicitly here. WIDEEP, the backend for experts spread over several nodes, was removed before 1.3.0rc29, most
likely before 1.3.0rc25 (NVIDIA/TensorRT-LLM#17119, #17797): CUTEDSL (NVFP4) and DEEPGEMM (FP8 blocks) replace it on
Blackwell, CUTLASS on Hopper.
"""

from __future__ import annotations

from typing import Final

from wideep.catalog.gpus import GpuSpec
from wideep.engines.parser import is_from
from wideep.settings.layout import RoleLayout
from wideep.settings.model import WeightFormat

__all__ = ["WIDEEP", "balances", "has_wideep", "moe_backend", "spreads"]

WIDEEP: Final = "WIDEEP"
WIDEEP_UNTIL: Final = (1, 3, 0, 25)
BALANCES_ELSEWHERE: Final = (1, 2, 0, 6)
"""From this version on, the balancer also works with other backends than WIDEEP (``create_moe``: "MoE Load Balance is
only supported in …")."""
WIDEEP_FORMATS: Final = frozenset({WeightFormat.NVFP4, WeightFormat.FP8_BLOCK, WeightFormat.FP8_CHANNEL})
BLACKWELL: Final = frozenset({100, 103})
"""Compute capabilities of data-centre Blackwell; TRTLLM, CUTEDSL and DEEPGEMM are compiled only for these."""
HOPPER: Final = 90
LARGE: Final = {WeightFormat.NVFP4: "CUTEDSL", WeightFormat.FP8_BLOCK: "DEEPGEMM"}


def spreads(role: RoleLayout) -> bool:
    """Tell whether whole experts are spread over several nodes or moved between GPUs, which is what WIDEEP is for."""
    whole = role.dp == role.tp == role.ep and role.tp > 1
    return whole and (role.nodes > 1 or role.eplb.enabled)


def has_wideep(version: str) -> bool:
    """Tell whether the version has the backend WIDEEP."""
    return not is_from(version, *WIDEEP_UNTIL)


def moe_backend(weights: WeightFormat, gpu: GpuSpec, role: RoleLayout, version: str) -> str | None:
    """Return the backend. None: the engine chooses, which knows MXFP4's kernels, and NVFP4's on few GPUs."""
    if weights is WeightFormat.MXFP4:
        return None
    capability = gpu.compute_capability
    if spreads(role) and has_wideep(version) and weights in WIDEEP_FORMATS and capability >= HOPPER:
        return WIDEEP
    if capability in BLACKWELL and weights in LARGE:
        return LARGE[weights] if spreads(role) or weights is WeightFormat.FP8_BLOCK else None
    return "CUTLASS"


def balances(backend: str | None, version: str) -> bool:
    """Tell whether the load balancer works with this backend."""
    return backend == WIDEEP or (backend is not None and is_from(version, *BALANCES_ELSEWHERE))
