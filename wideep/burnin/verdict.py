"""A verdict of a burn-in: a sentence that names the node, the GPU and what to do."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["Verdict", "under"]


@dataclass(frozen=True)
class Verdict:
    """``node GPU 2: fact (evidence). Do X.`` Without a GPU it is about the node or the network."""

    node: str
    text: str
    gpu: int | None = None
    of_network: bool = False
    """Whether it is about the network as a whole, so that taking the node out does not help."""


def under(value: float, of: float) -> str:
    """Return how far a value is below another: ``53 %``."""
    return f"{100 * (1 - value / of):.0f} %"
