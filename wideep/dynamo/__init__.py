"""Releases of Dynamo behind one interface (``wideep.dynamo.base.Release``), and which of them a stack runs.

What has one value in all releases that are known here, and needs nothing imported, is in ``wideep.dynamo.api``.
"""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from wideep.dynamo.base import Release
    from wideep.settings.root import Settings

__all__ = ["release_of"]


def release_of(settings: Settings | None = None) -> Release:
    """The release that a stack runs. None: the one that a stack gets which names none."""
    del settings  # ``wideep.rules.platform`` refuses what the one release cannot be told
    return _default()


@functools.cache
def _default() -> Release:
    from wideep.dynamo.v0_6.release import V06
    from wideep.versions import DYNAMO

    return V06(DYNAMO)
