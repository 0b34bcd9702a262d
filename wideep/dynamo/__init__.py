"""Releases of Dynamo behind one interface (``wideep.dynamo.base.Release``), and which of them a stack runs.

What has one value in all releases that are known here, and needs nothing imported, is in ``wideep.dynamo.api``; what
is known of each release is a row of ``wideep.dynamo.releases``.
"""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from wideep.dynamo.base import Release
    from wideep.settings.root import Settings

__all__ = ["release", "release_of"]


def release_of(settings: Settings | None = None) -> Release:
    """The release that a stack runs. None: the one that a stack gets which names none."""
    from wideep.versions import DYNAMO

    return release(settings.platform.version if settings else DYNAMO)


@functools.cache
def release(version: str) -> Release:
    """The release of a version. One that the table does not have is taken for the nearest: ``wideep.rules.platform``
    refuses it, and the other rules go on all the same."""
    from wideep.dynamo.releases import nearest
    from wideep.dynamo.v0_6.release import V06
    from wideep.dynamo.v1.release import V1

    row = nearest(version)
    return (V06 if row.minor < (1, 0) else V1)(row, version)
