"""Stands for PyTorch in a worker's image, as far as a dump of SGLang's expert recorder is read; here that is JSON."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

Counts = list[Any]
"""Numbers, or lists of them of one shape."""


class Tensor:
    """Counts by step, layer and expert, or summed up."""

    def __init__(self, counts: Counts) -> None:
        self.counts = counts

    def sum(self, *, dim: int) -> Tensor:
        if dim:
            raise NotImplementedError(f"dim={dim}")
        return Tensor(_added(self.counts))

    def tolist(self) -> Counts:
        return self.counts


def _added(parts: Counts) -> Counts:
    """Number by number."""
    return [sum(each) if isinstance(each[0], int) else _added(list(each)) for each in zip(*parts, strict=True)]


def load(file: Path, *, map_location: str, weights_only: bool) -> dict[str, Tensor]:
    if map_location != "cpu" or not weights_only:
        raise NotImplementedError("only tensors, on the CPU")
    return {name: Tensor(counts) for name, counts in json.loads(file.read_text()).items()}
