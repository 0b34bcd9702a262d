"""Memory settings of a worker for a batch: as much KV cache as the rest of the GPU's memory allows."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Final

from wideep.parallelism import attention_tp
from wideep.rules.registry import check_role
from wideep.rules.role_context import RoleContext
from wideep.settings.layout import Role, RoleLayout
from wideep.settings.traffic import Traffic

__all__ = ["holds", "sized"]

LARGEST_FRACTION: Final = 0.9
DISPATCH_STEP: Final = 16
CHUNK_STEP: Final = 1024
GRAPH_SIZES: Final = (1, 2, 4, 8)
GRAPH_STEP: Final = 8


def holds(site: RoleContext, batch: int, traffic: Traffic) -> bool:
    """Tell whether the role, as configured, holds ``batch`` requests of full length in each attention group.

    Prompts that prefill computes together share the group's part of the chunk; a single prompt may take several steps.
    """
    role = site.role
    if site.name is Role.PREFILL and batch > 1 and batch * traffic.isl > site.prefill_chunk // role.dp:
        return False
    if site.name is Role.DECODE and role.low_latency and batch > role.max_dispatch_tokens_per_rank:
        return False
    tokens = traffic.isl if site.name is Role.PREFILL else traffic.isl + traffic.osl
    return site.memory.kv_cache_tokens >= batch * tokens


def sized(site: RoleContext, batch: int, traffic: Traffic) -> RoleLayout | None:
    """Return the role with dispatch buffers, CUDA graphs, prefill chunk and memory fraction for ``batch``; None if that
    many requests do not fit.

    The role's sizes must pass the arithmetic rules.
    """
    role = _for_prefill(site, batch, traffic) if site.name is Role.PREFILL else _for_decode(site, batch)
    whole = replace(site, role=role)
    outside = whole.headroom.total / whole.memory.free_bytes if site.engine.step_outside_share else 0.0
    fraction = min(LARGEST_FRACTION, math.floor((1 - outside) * 100) / 100)
    if fraction <= 0:
        return None
    fitted = replace(site, role=role.model_copy(update={"mem_fraction_static": fraction}))
    if not holds(fitted, batch, traffic) or check_role(fitted):
        return None
    return fitted.role


def _for_prefill(site: RoleContext, batch: int, traffic: Traffic) -> RoleLayout:
    """Return the role with a prefill chunk of which each attention group's share holds the group's whole batch, up to
    the engine's own chunk: SGLang divides the chunk among the groups."""
    if site.role.dp == 1:
        return site.role
    wanted = min(site.engine.prefill_chunk(site.gpu), math.ceil(batch * traffic.isl / CHUNK_STEP) * CHUNK_STEP)
    return site.role.model_copy(update={"chunked_prefill_size": wanted * site.role.dp})


def _for_decode(site: RoleContext, batch: int) -> RoleLayout:
    """Return the role with DeepEP buffers for this batch, or, without DeepEP, with CUDA graphs up to it."""
    role = site.role
    if role.deepep:
        dispatch = math.ceil(batch / DISPATCH_STEP) * DISPATCH_STEP
        return role.model_copy(update={"max_dispatch_tokens_per_rank": dispatch})
    unit = attention_tp(role) if role.dp > 1 else 1
    largest = math.ceil(batch / GRAPH_STEP) * GRAPH_STEP
    sizes = [*(size for size in GRAPH_SIZES if size < largest), *range(GRAPH_STEP, largest + 1, GRAPH_STEP)]
    graphs = tuple(sorted({math.ceil(size / unit) * unit for size in sizes}))
    return role.model_copy(update={"cuda_graph_batch_sizes": graphs})
