"""Wide expert-parallel inference on NVIDIA Dynamo, worked out before any resource exists.

The domain: a stack config becomes Settings, Settings become a Plan. No Pulumi, no cluster, no files.

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
    """The Plan of a stack config: its keys without the project's prefix, values as YAML gives them.

    ``read_text`` opens a file that the config names. Raises ConfigError with every mistake at once.
    """
    from wideep.plan import make_plan
    from wideep.rules import accept

    return make_plan(accept(raw, read_text))
