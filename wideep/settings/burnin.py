"""``burnin``: whether `pulumi up` measures the GPUs and links while the weights download, and what counts as too
slow."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field, StringConstraints

from wideep.settings.base import SettingsModel

__all__ = ["BurnIn", "Floor"]

Share = Annotated[float, Field(gt=0, le=1)]


class Floor(SettingsModel):
    """The share of its data sheet's figures that a GPU or a link must reach (docs/burnin.md has what healthy ones
    did)."""

    memory: Share = 0.85
    """Share of the memory bandwidth. Healthy H100 and H200: 0.89 to 0.90."""
    bf16: Share = 0.6
    """Share of the dense bf16 rate. Healthy GPUs: 0.67 to 0.72, held back by their power limit."""
    fp8: Share = 0.55
    """Share of the dense FP8 rate. Healthy GPUs: 0.64 to 0.68."""
    nvlink: Share = 0.6
    """Share of NVLink's rate, between two GPUs in both directions. Healthy links: 0.79."""
    rdma: Share = 0.5
    """Share of the network adapter's rate. Taken from publications; it was not measured."""


class BurnIn(SettingsModel):
    """The burn-in of the nodes, as a part of `pulumi up` and for ``wideep burnin``."""

    enabled: bool = False
    """Measure the free GPU nodes in `pulumi up` while the weights download: a GPU or a link that falls short fails the
    update before the graph is created. Measured the first time, when the hardware or the largest worker changes, and
    when ``again`` changes."""
    floor: Floor = Floor()
    """What a GPU or a link must reach, as shares of the data sheet."""
    quick: bool = True
    """Use short repeats, and skip some pairs of adapters between nodes. False: measure everything."""
    again: Annotated[str, StringConstraints(max_length=63)] = ""
    """A text that differs from the last one repeats the measurement: a date, or a note on what was repaired."""
    timeout_minutes: Annotated[int, Field(ge=1, le=120)] = 30
    """How long the burn-in may take, including the image pull."""
