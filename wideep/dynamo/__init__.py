"""Releases of Dynamo behind one interface (``wideep.dynamo.base.Release``), and which of them a stack runs.

``wideep.dynamo.api`` holds the values that are the same in all known releases and need no imports;
``wideep.dynamo.releases`` has one row for each release.
"""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from wideep.dynamo.base import Release
    from wideep.settings.root import Settings

__all__ = ["release", "release_of"]


def release_of(settings: Settings | None = None) -> Release:
    """Return the release that a stack runs, or the default release without a stack."""
    from wideep.versions import DYNAMO

    return release(settings.platform.version if settings else DYNAMO)


@functools.cache
def release(version: str) -> Release:
    """Return the release of a version. A version that the table lacks is treated as the nearest row:
    ``wideep.rules.platform`` refuses it, and the other rules are still checked."""
    from wideep.dynamo.releases import nearest
    from wideep.dynamo.v0_6.release import V06
    from wideep.dynamo.v1.release import V1

    row = nearest(version)
    return (V06 if row.minor < (1, 0) else V1)(row, version)
