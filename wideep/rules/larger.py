"""The same worker over more GPUs, alone or with one further change of the role."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Final, cast

from wideep.rules.remedy import Remedy
from wideep.rules.role_context import RoleContext
from wideep.settings.experts import DeepEpMode, MoeA2aBackend
from wideep.settings.layout import Role, RoleLayout

__all__ = ["larger_workers", "larger_workers_and", "resized"]

MAX_GPUS: Final = 512
DEFAULT_SHARE: Final = 0.8
SIZES: Final = ("nodes", "gpus_per_node", "tp", "dp", "ep")
"""Keys that belong together: a worker of more GPUs states all of them, changed or not."""


def resized(site: RoleContext, gpus: int) -> RoleContext:
    """Return the same worker over ``gpus`` GPUs: sizes that equalled tp still do, and the others stay as they are.

    Redundant experts are rounded up to a number that the new ep allows; each attention group keeps its share of the
    chunk.
    """
    role, per_node = site.role, min(gpus, site.hardware.gpus_per_node)
    tp = gpus // role.pp
    ep = tp if role.ep == role.tp else role.ep
    redundant = role.redundant_experts + -(site.model.experts + role.redundant_experts) % ep
    dp = tp if role.dp == role.tp else role.dp
    return site.changed(
        nodes=gpus // per_node,
        gpus_per_node=per_node,
        tp=tp,
        dp=dp,
        ep=ep,
        redundant_experts=redundant,
        chunked_prefill_size=role.chunked_prefill_size and role.chunked_prefill_size * dp // role.dp,
    )


def larger_workers(site: RoleContext) -> Iterator[Remedy]:
    """Yield workers of more GPUs with the same flags, the fewest GPUs first."""
    return (_remedy(site, resized(site, gpus)) for gpus in _larger(site))


def larger_workers_and(site: RoleContext, smaller_batches: Iterable[RoleContext]) -> Iterator[Remedy]:
    """Yield workers of more GPUs, each with one more change of the role, the fewest GPUs first."""
    changed = (*_other_shares(site), *smaller_batches, *_other_exchange(site))
    for gpus in _larger(site):
        larger = (*(resized(each, gpus) for each in changed), *_more_requests(resized(site, gpus)))
        yield from (_remedy(site, each) for each in larger)


def _changed(site: RoleContext, *each: Mapping[str, object]) -> Iterator[RoleContext]:
    return (site.changed(**keys) for keys in each if any(getattr(site.role, key) != keys[key] for key in keys))


def _other_shares(site: RoleContext) -> Iterator[RoleContext]:
    """Yield the role with another share for the pool, or with experts or requests spread over all GPUs."""
    whole = site.role.tp
    return _changed(site, {"mem_fraction_static": DEFAULT_SHARE}, {"ep": whole}, {"dp": whole})


def _other_exchange(site: RoleContext) -> Iterator[RoleContext]:
    """Yield the role with another all-to-all: DeepEP's other kernels, none, or DeepEP as in the wide presets."""
    role, decode = site.role, site.name is Role.DECODE
    mode = DeepEpMode.LOW_LATENCY if decode else DeepEpMode.NORMAL
    kernels = [{"deepep_mode": mode}] if role.deepep and decode else []
    wide = {
        "moe_a2a_backend": MoeA2aBackend.DEEPEP,
        "deepep_mode": mode,
        "moe_dense_tp": 1,
        "ep": role.tp,
        "dp": role.tp,
    }
    return _changed(site, *kernels, {"moe_a2a_backend": MoeA2aBackend.NONE}, wide)


def _more_requests(larger: RoleContext) -> Iterator[RoleContext]:
    """Yield the worker with one request for each attention group if it has fewer: each group needs one."""
    requests = larger.role.max_running_requests
    if requests is not None and requests < larger.role.dp:
        yield larger.changed(max_running_requests=larger.role.dp)


def _remedy(site: RoleContext, larger: RoleContext) -> Remedy:
    """Return the larger worker as a remedy, which states its sizes and the keys that differ."""
    stated = {*SIZES, *_differing(site.role, larger.role)}
    written: dict[str, object] = larger.role.model_dump(mode="json", by_alias=True, include=stated)
    keys = ", ".join(f"{key}: {_text(value)}" for key, value in written.items())
    return Remedy(keys, larger, larger.role.gpus_per_worker)


def _differing(before: RoleLayout, after: RoleLayout) -> Iterator[str]:
    always = {"redundant_experts"} if after.redundant_experts else set[str]()
    return (key for key in RoleLayout.model_fields if key in always or getattr(before, key) != getattr(after, key))


def _text(value: object) -> str:
    """Return a value in YAML's one-line form."""
    return f"[{', '.join(map(str, cast('list[object]', value)))}]" if isinstance(value, list) else str(value)


def _larger(site: RoleContext) -> Iterator[int]:
    """Yield the sizes above the worker's own that its stages divide: parts of a node, then whole nodes."""
    role, per_node = site.role, site.hardware.gpus_per_node
    sizes = (*(n for n in range(1, per_node) if per_node % n == 0), *range(per_node, MAX_GPUS + 1, per_node))
    return (gpus for gpus in sizes if gpus > role.gpus_per_worker and gpus % role.pp == 0)
