"""Errors and warnings of NCCL, NVSHMEM, UCX and DeepEP in a log."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable
from typing import Final

__all__ = ["complaints", "transports"]

LIBRARIES: Final = re.compile(r"\b(NCCL|NVSHMEM|UCX|NIXL|DeepEP|ibv_\w+|ibgda)\b", re.IGNORECASE)
TROUBLE: Final = re.compile(
    r"\b(WARN|error|failed|failure|timed? ?out|timeout|unreachable|refused|abort\w*|not supported|no such device)\b",
    re.IGNORECASE,
)
MOVING: Final = re.compile(r"0x[0-9a-f]+|\d+")
"""The parts in which lines with the same message differ."""
TRANSPORT: Final = re.compile(r"NCCL INFO.*?(?:Using network (\w+)|NET/(\w+))")
MOST: Final = 5


def complaints(lines: Iterable[str]) -> tuple[str, ...]:
    """Return the most frequent complaints, each once, with the number of its occurrences."""
    counted: Counter[str] = Counter()
    first: dict[str, str] = {}
    for line in lines:
        if LIBRARIES.search(line) and TROUBLE.search(line):
            same = MOVING.sub("#", line.strip())
            counted[same] += 1
            first.setdefault(same, line.strip()[:300])
    return tuple(
        f"{first[same]}{f' ({count} times)' if count > 1 else ''}" for same, count in counted.most_common(MOST)
    )


def transports(lines: Iterable[str]) -> tuple[str, ...]:
    """Return the networks that NCCL logs it uses (``IB``, ``Socket``); it logs them with NCCL_DEBUG=INFO."""
    found = {match[1] or match[2] for line in lines for match in TRANSPORT.finditer(line)}
    return tuple(sorted(found))
