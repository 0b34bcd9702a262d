"""``burnin``: whether `pulumi up` measures the GPUs and links while the weights download, and what is too slow."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field, StringConstraints

from wideep.settings.base import SettingsModel

__all__ = ["BurnIn", "Floor"]

Share = Annotated[float, Field(gt=0, le=1)]


class Floor(SettingsModel):
    """Shares of the data sheet that a GPU or a link has to reach (docs/burnin.md has what healthy ones did)."""

    memory: Share = 0.85
    """Of the memory bandwidth. Healthy H100 and H200: 0.89 to 0.90."""
    bf16: Share = 0.6
    """Of the dense bf16 rate. Healthy ones: 0.67 to 0.72, held by their power limit."""
    fp8: Share = 0.55
    """Of the dense FP8 rate. Healthy ones: 0.64 to 0.68."""
    nvlink: Share = 0.6
    """Of NVLink, two GPUs both ways. Healthy ones: 0.79."""
    rdma: Share = 0.5
    """Of the rate of the network adapter. From publications; it was not measured."""


class BurnIn(SettingsModel):
    """The burn-in of the nodes, as a part of `pulumi up` and for ``wideep burnin``."""

    enabled: bool = False
    """Measure the free GPU nodes in `pulumi up`, side by side with the download: a GPU or a link that falls short fails
    it before the graph. Measured at first, when hardware or the largest worker change, and when ``again`` does."""
    floor: Floor = Floor()
    """What a GPU or a link has to reach, as shares of the data sheet."""
    quick: bool = True
    """Short repeats, and not every pair of adapters between nodes. False: all of it."""
    again: Annotated[str, StringConstraints(max_length=63)] = ""
    """Any other text than last time measures again: a date, or a word about what was repaired."""
    timeout_minutes: Annotated[int, Field(ge=1, le=120)] = 30
    """How long it may take, with the pull of the image."""
