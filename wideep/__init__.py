"""Wide expert-parallel inference on NVIDIA Dynamo, worked out before any resource exists.

This package is the domain: it turns a stack config into Settings, and Settings into a Plan. It uses no Pulumi and reads
no cluster and no files.

    >>> import wideep
    >>> wideep.load(config).gpus
    16
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from wideep.plan import Plan

__all__ = ["load"]


def load(raw: Mapping[str, object], read_text: Callable[[str], str] | None = None) -> Plan:
    """Return the Plan of a stack config, given as its keys without the project's prefix and the values that YAML
    yields.

    ``read_text`` opens a file that the config names. Raises ConfigError with every mistake at once.
    """
    from wideep.plan import make_plan
    from wideep.rules import accept

    return make_plan(accept(raw, read_text))
