"""Config keys that give a worker memory, each with a value that would work and what it leaves."""

from __future__ import annotations

from enum import Enum

from wideep.rules import RoleContext
from wideep.rules.fit import OTHERWISE, spare_gb
from wideep.rules.remedies import LEAST_GAIN_GB, for_cache, for_outside
from wideep.rules.remedy import Remedy

__all__ = ["Short", "memory_fixes"]


class Short(Enum):
    """Which memory ran out: the pool (weights and KV cache), or the rest of the GPU."""

    POOL = "the pool"
    OUTSIDE = "outside the pool"


def memory_fixes(site: RoleContext, short: Short) -> tuple[str, ...]:
    """Return the changes that each help alone and break no rule (``wideep.rules.remedies``)."""
    found = for_cache(site, LEAST_GAIN_GB) if short is Short.POOL else for_outside(site, LEAST_GAIN_GB)
    return tuple(_told(remedy) for remedy in found) or (f"layout.{site.name}: {OTHERWISE}",)


def _told(remedy: Remedy) -> str:
    """Describe a remedy with the memory needed outside the pool: smaller batches leave the same there but need less."""
    outside = remedy.memory.headroom_gb
    needed = f"{outside:.1f} GB outside the pool, where {outside - spare_gb(remedy.site):.1f} GB are needed"
    return f"{remedy.under_stack} leaves {remedy.leaves} and {needed}"
