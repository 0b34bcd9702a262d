"""Layouts of the catalog: the lab's four, SGLang's three wide ones, and the best that were found on H200."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from wideep.settings.layout import DeepEpMode, Eplb, Layout, MoeA2aBackend, Preset, Role, RoleLayout

__all__ = ["PRESETS", "layout_of", "preset_gpus"]

PUBLISHED_CHUNK: Final = 16_384
"""Prompt tokens that one attention group computes in a step in SGLang's large-scale EP report, whose command has
``--chunked-prefill-size 524288`` for 32 groups (sgl-project/sglang#6017)."""


def _lab(nodes: int, gpus_per_node: int, *, dp_attention: bool) -> RoleLayout:
    """A worker as the lab's manifests have it: EP over all GPUs, no DeepEP, no redundant experts."""
    gpus = nodes * gpus_per_node
    return RoleLayout(
        replicas=1, nodes=nodes, gpus_per_node=gpus_per_node, tp=gpus, dp=gpus if dp_attention else 1, ep=gpus
    )


def _wide(nodes: int, mode: DeepEpMode) -> RoleLayout:
    """A worker as in SGLang's large-scale EP report: DP attention, DeepEP, EPLB with 32 redundant experts."""
    gpus = nodes * 8
    return RoleLayout(
        replicas=1,
        nodes=nodes,
        gpus_per_node=8,
        tp=gpus,
        dp=gpus,
        ep=gpus,
        redundant_experts=32,
        moe_a2a_backend=MoeA2aBackend.DEEPEP,
        deepep_mode=mode,
        eplb=Eplb(enabled=True),
        moe_dense_tp=1,
        dp_lm_head=True,
        chunked_prefill_size=PUBLISHED_CHUNK * gpus if mode is DeepEpMode.NORMAL else None,
    )


def _best_pair(prefill_workers: int, decode_workers: int, decode_nodes: int) -> Mapping[Role, RoleLayout]:
    """What ``wideep advise`` finds on H200 (``docs/decisions/presets.md``), with the memory that it gives both roles.

    Prefill stays within nodes, so that its all-to-all is on NVLink; decode has no copies of experts.
    """
    prefill = _wide(1, DeepEpMode.NORMAL).model_copy(
        update={"replicas": prefill_workers, "mem_fraction_static": 0.89, "chunked_prefill_size": 8 * 8192}
    )
    decode = _wide(decode_nodes, DeepEpMode.LOW_LATENCY).model_copy(
        update={"replicas": decode_workers, "mem_fraction_static": 0.9, "redundant_experts": 0, "eplb": Eplb()}
    )
    return _both(prefill, decode)


def _both(prefill: RoleLayout, decode: RoleLayout) -> Mapping[Role, RoleLayout]:
    return MappingProxyType({Role.PREFILL: prefill, Role.DECODE: decode})


def _lab_pair(nodes: int, gpus_per_node: int) -> Mapping[Role, RoleLayout]:
    return _both(_lab(nodes, gpus_per_node, dp_attention=False), _lab(nodes, gpus_per_node, dp_attention=True))


def _wide_pair(prefill_nodes: int, decode_nodes: int) -> Mapping[Role, RoleLayout]:
    return _both(_wide(prefill_nodes, DeepEpMode.NORMAL), _wide(decode_nodes, DeepEpMode.LOW_LATENCY))


PRESETS: Final[Mapping[Preset, Mapping[Role, RoleLayout]]] = MappingProxyType(
    {
        Preset.LAB_8GPU: _lab_pair(1, 4),
        Preset.LAB_16GPU_SINGLENODE: _lab_pair(1, 8),
        Preset.LAB_16GPU_MULTINODE: _lab_pair(2, 4),
        Preset.LAB_32GPU: _lab_pair(2, 8),
        Preset.WIDE_32GPU: _wide_pair(2, 2),
        Preset.WIDE_64GPU: _wide_pair(4, 4),
        Preset.WIDE_104GPU: _wide_pair(4, 9),
        Preset.BEST_16GPU: _best_pair(1, 1, 1),
        Preset.BEST_32GPU: _best_pair(2, 1, 2),
        Preset.BEST_64GPU: _best_pair(4, 2, 2),
        Preset.BEST_104GPU: _best_pair(7, 3, 2),
    }
)


def preset_gpus(preset: Preset) -> int:
    """GPUs of all workers."""
    return sum(role.gpus for role in PRESETS[preset].values())


def layout_of(preset: Preset) -> Layout:
    """The preset as a layout, with nothing changed."""
    roles = PRESETS[preset]
    return Layout(preset=preset, prefill=roles[Role.PREFILL], decode=roles[Role.DECODE])
