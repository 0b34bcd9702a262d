"""All legal layouts of a number of GPUs, ordered by KV capacity, and the reasons why other layouts are left out.

A layout is one shape of worker for each role, with as many such workers as fill the role's GPUs. The enumeration covers
all worker sizes (parts of a node, then whole nodes), all splits into attention and expert groups, with and without
DeepEP, and the fewest redundant experts that divide evenly; with DeepEP also the fewest from 32 on. Each decode role is
paired with the prefill role of greatest KV capacity on the remaining GPUs; of equal ones, with the widest expert
parallelism.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from math import gcd
from typing import Final

from wideep.engines.base import Engine
from wideep.memory import GpuMemory
from wideep.rules.arithmetic import broken_rules
from wideep.rules.fit import MEMORY_RULES
from wideep.rules.role_context import RoleContext, divisors
from wideep.settings.experts import DeepEpMode, Eplb, MoeA2aBackend
from wideep.settings.hardware import Hardware
from wideep.settings.layout import Role, RoleLayout
from wideep.settings.model import ModelShape

__all__ = ["Enumeration", "LayoutOption", "LeftOut", "RoleOption", "layouts", "worker_shapes"]

PUBLISHED_REDUNDANCY: Final = 32
"""Redundant experts in SGLang's large-scale EP report."""


@dataclass(frozen=True, slots=True)
class RoleOption:
    """One role: its workers, the memory of each of their GPUs, and the tokens that all workers cache together."""

    role: RoleLayout
    memory: GpuMemory

    @property
    def kv_tokens(self) -> int:
        """Tokens in the KV caches of all workers; each attention group caches its own."""
        return self.role.replicas * self.role.dp * self.memory.kv_cache_tokens


@dataclass(frozen=True, slots=True)
class LayoutOption:
    """A legal layout."""

    prefill: RoleOption
    decode: RoleOption


@dataclass(frozen=True, slots=True)
class LeftOut:
    """Workers that a rule forbids: how many there are, and a description of one of them."""

    rule: str
    count: int
    example: str


@dataclass(frozen=True, slots=True)
class Enumeration:
    """Legal layouts, greatest decode KV capacity first, and the layouts left out, most frequent reason first."""

    layouts: tuple[LayoutOption, ...]
    left_out: tuple[LeftOut, ...]


@dataclass(frozen=True, slots=True)
class _Worker:
    """A legal shape of one worker."""

    role: RoleLayout
    memory: GpuMemory

    def filling(self, gpus: int) -> RoleOption:
        """Return a role with as many of these workers as fill ``gpus`` GPUs."""
        replicas = gpus // self.role.gpus_per_worker
        role = self.role if replicas == 1 else self.role.model_copy(update={"replicas": replicas})
        return RoleOption(role, self.memory)


def layouts(
    model: ModelShape, hardware: Hardware, gpus: int, mem_fraction_static: float = 0.8, engine: Engine | None = None
) -> Enumeration:
    """Return all legal layouts that use ``gpus`` GPUs of the hardware's kind; the module's docstring says which are
    considered.

    Only the GPU, the node size and the interconnect of ``hardware`` matter, not its number of nodes.
    """
    workers: dict[Role, list[_Worker]] = {name: [] for name in Role}
    refusals: dict[str, list[str]] = {}
    for name in Role:
        for role in worker_shapes(model, name, hardware, gpus - 1, mem_fraction_static):
            site = RoleContext(name, role, model, hardware, runs_on=engine)
            refusal = next(broken_rules(site), None) or next(broken_rules(site, MEMORY_RULES), None)
            if refusal:
                refusals.setdefault(refusal.rule, []).append(f"{_described(name, role)}: {refusal.problem.rule}")
            else:
                workers[name].append(_Worker(role, site.memory))
    left_out = sorted((LeftOut(rule, len(all_of), all_of[0]) for rule, all_of in refusals.items()), key=_by_count)
    found = sorted(_pairs(workers, gpus, hardware.gpus_per_node), key=_by_capacity)
    return Enumeration(tuple(found), tuple(left_out))


def worker_shapes(
    model: ModelShape, name: Role, hardware: Hardware, most: int, mem_fraction_static: float = 0.8
) -> Iterator[RoleLayout]:
    """Yield every shape of one worker of at most ``most`` GPUs that is considered, legal or not.

    A worker with more GPUs than the model has experts is forbidden however it is split, so one shape of it is enough.
    """
    for base in _bases(most, hardware.gpus_per_node, mem_fraction_static):
        if base.tp > model.experts:
            yield base
        else:
            yield from _shapes(model, name, base)


def _by_count(left_out: LeftOut) -> int:
    return -left_out.count


def _by_capacity(option: LayoutOption) -> tuple[int, int, int]:
    """Return a sort key: greatest KV capacity of decode first, then of prefill, then the widest EP."""
    return -option.decode.kv_tokens, -option.prefill.kv_tokens, -option.decode.role.ep


def _pairs(workers: dict[Role, list[_Worker]], gpus: int, gpus_per_node: int) -> Iterator[LayoutOption]:
    step = gcd(gpus, gpus_per_node) if gpus > gpus_per_node else 1
    for own in range(step, gpus, step):
        prefill = [worker.filling(own) for worker in workers[Role.PREFILL] if own % worker.role.gpus_per_worker == 0]
        if not prefill:
            continue
        best = max(prefill, key=lambda option: (option.kv_tokens, option.role.ep))
        rest = gpus - own
        for worker in workers[Role.DECODE]:
            if rest % worker.role.gpus_per_worker == 0:
                yield LayoutOption(best, worker.filling(rest))


def _bases(most: int, gpus_per_node: int, mem_fraction_static: float) -> Iterator[RoleLayout]:
    """Yield one worker of each size: parts of a node, then whole nodes."""
    parts = (n for n in divisors(gpus_per_node) if n < gpus_per_node and n <= most)
    for gpus in (*parts, *range(gpus_per_node, most + 1, gpus_per_node)):
        per_node = min(gpus, gpus_per_node)
        yield RoleLayout(
            replicas=1,
            nodes=gpus // per_node,
            gpus_per_node=per_node,
            tp=gpus,
            dp=1,
            ep=1,
            mem_fraction_static=mem_fraction_static,
        )


def _shapes(model: ModelShape, name: Role, base: RoleLayout) -> Iterator[RoleLayout]:
    """Yield all splits of one worker, without and with DeepEP."""
    for dp in divisors(base.tp):
        for ep in divisors(base.tp):
            yield base.model_copy(update={"dp": dp, "ep": ep, "redundant_experts": -model.experts % ep})
        if base.tp > 1:
            yield from _with_deepep(model, name, base.model_copy(update={"dp": dp, "ep": base.tp}))


def _with_deepep(model: ModelShape, name: Role, base: RoleLayout) -> Iterator[RoleLayout]:
    """Yield layouts with DeepEP in the role's mode, full dense layers and lm_head, and EPLB with redundant slots."""
    fewest = -model.experts % base.ep
    published = fewest + -(-max(0, PUBLISHED_REDUNDANCY - fewest) // base.ep) * base.ep
    for redundant in sorted({fewest, published}):
        yield base.model_copy(
            update={
                "redundant_experts": redundant,
                "moe_a2a_backend": MoeA2aBackend.DEEPEP,
                "deepep_mode": DeepEpMode.NORMAL if name is Role.PREFILL else DeepEpMode.LOW_LATENCY,
                "eplb": Eplb(enabled=redundant > 0),
                "moe_dense_tp": 1,
                "dp_lm_head": base.dp > 1,
            }
        )


def _described(name: Role, role: RoleLayout) -> str:
    sizes = f"{name} {role.nodes} × {role.gpus_per_node} TP{role.tp} DP{role.dp} EP{role.ep}"
    return f"{sizes} R{role.redundant_experts}{' DeepEP' if role.deepep else ''}"
