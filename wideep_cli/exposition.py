"""A parser for the Prometheus text format: samples by name, sums, and histogram quantiles as PromQL computes them."""

from __future__ import annotations

import math
import re
from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Final

__all__ = ["Page", "Sample", "quantile"]

_LINE: Final = re.compile(r"^([a-zA-Z_:][\w:]*)(?:\{(.*)\})?\s+(\S+)")
_LABEL: Final = re.compile(r'(\w+)="((?:[^"\\]|\\.)*)"')
_ESCAPED: Final = re.compile(r"\\(.)")


@dataclass(frozen=True)
class Sample:
    """One sample line of a metrics page."""

    name: str
    labels: Mapping[str, str]
    value: float


@dataclass(frozen=True)
class Page:
    """The samples that one or more processes returned for ``GET /metrics``."""

    samples: tuple[Sample, ...] = ()

    @classmethod
    def read(cls, text: str) -> Page:
        """Parse a page; lines that are not samples and values that are not numbers are skipped."""
        return cls(tuple(_samples(text)))

    def of_model(self, model: str) -> Page:
        """Return the page without the samples of other models. Dynamo 0.6 writes a model's name in lower case."""
        wanted = model.lower()
        return Page(tuple(each for each in self.samples if each.labels.get("model", wanted).lower() == wanted))

    def has(self, prefix: str) -> bool:
        """Tell whether the name of any sample starts with ``prefix``."""
        return any(each.name.startswith(prefix) for each in self.samples)

    def total(self, name: str, **labels: str) -> float:
        """Return the sum of the samples with this name and these labels; 0 if there are none."""
        return sum(each.value for each in self._of(name, labels))

    def by(self, name: str, label: str) -> dict[str, float]:
        """Return the sums of the samples with this name, keyed by the value of a label."""
        found: defaultdict[str, float] = defaultdict(float)
        for each in self._of(name, {}):
            found[each.labels.get(label, "")] += each.value
        return dict(found)

    def buckets(self, histogram: str) -> dict[float, float]:
        """Return the counts of a histogram keyed by the upper bound of each bucket, summed over all other labels."""
        return {float(edge): count for edge, count in self.by(f"{histogram}_bucket", "le").items() if edge}

    def _of(self, name: str, labels: Mapping[str, str]) -> Iterator[Sample]:
        return (each for each in self.samples if each.name == name and labels.items() <= each.labels.items())


def quantile(share: float, buckets: Mapping[float, float]) -> float | None:
    """Return the value below which ``share`` of a histogram's observations lie, interpolated linearly within the
    bucket. Return the last finite bound if the quantile lies beyond it, and None if there are no observations."""
    edges = sorted(buckets)
    count = buckets[edges[-1]] if edges else 0
    if not count:
        return None
    rank, low, below = share * count, 0.0, 0.0
    for edge in edges:
        if buckets[edge] >= rank and buckets[edge] > below:
            return low if math.isinf(edge) else low + (edge - low) * (rank - below) / (buckets[edge] - below)
        low, below = edge, buckets[edge]
    return low


def _samples(text: str) -> Iterator[Sample]:
    for line in text.splitlines():
        found = _LINE.match(line)
        if not found:
            continue
        try:
            value = float(found[3])
        except ValueError:
            continue
        if not math.isnan(value):
            labels = {key: _ESCAPED.sub(_plain, said) for key, said in _LABEL.findall(found[2] or "")}
            yield Sample(found[1], labels, value)


def _plain(escaped: re.Match[str]) -> str:
    return "\n" if escaped[1] == "n" else escaped[1]
