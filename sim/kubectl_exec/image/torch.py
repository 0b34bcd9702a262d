"""Stand-in for PyTorch in a worker's image: just enough to read a dump of SGLang's expert recorder, here JSON."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

Counts = list[Any]
"""Numbers, or lists of equal shape of them."""


class Tensor:
    """Counts by step, layer and expert, or their sums."""

    def __init__(self, counts: Counts) -> None:
        self.counts = counts

    def sum(self, *, dim: int) -> Tensor:
        if dim:
            raise NotImplementedError(f"dim={dim}")
        return Tensor(_added(self.counts))

    def tolist(self) -> Counts:
        return self.counts


def _added(parts: Counts) -> Counts:
    """Return the element-wise sum."""
    return [sum(each) if isinstance(each[0], int) else _added(list(each)) for each in zip(*parts, strict=True)]


def load(file: Path, *, map_location: str, weights_only: bool) -> dict[str, Tensor]:
    if map_location != "cpu" or not weights_only:
        raise NotImplementedError("only tensors, on the CPU")
    return {name: Tensor(counts) for name, counts in json.loads(file.read_text()).items()}
