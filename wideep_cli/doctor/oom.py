"""Which keys give a worker memory, each with the value that would hold and what it leaves."""

from __future__ import annotations

from enum import Enum

from wideep.rules import RoleSite
from wideep.rules.remedies import LEAST_GAIN_GB, for_cache, for_outside

__all__ = ["Short", "memory_fixes"]


class Short(Enum):
    """What ran out: the pool (weights and KV cache), or what is outside it."""

    POOL = "the pool"
    OUTSIDE = "outside the pool"


def memory_fixes(site: RoleSite, short: Short) -> tuple[str, ...]:
    """The changes that help and keep all rules, each alone (``wideep.rules.remedies``)."""
    found = for_cache(site, LEAST_GAIN_GB) if short is Short.POOL else for_outside(site, LEAST_GAIN_GB)
    fixes = tuple(
        f"{remedy.under_stack} leaves {remedy.leaves} and {remedy.memory.headroom_gb:.1f} GB outside the pool"
        for remedy in found
    )
    return fixes or (f"layout.{site.name}: no key alone gives room; {site.model.name} needs larger GPUs.",)
