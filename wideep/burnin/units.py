"""Figures of a burn-in as text."""

from __future__ import annotations

from typing import Final

__all__ = ["NAMES", "rate"]

NAMES: Final = {
    "memory": "memory bandwidth",
    "bf16": "bf16 product",
    "fp8": "FP8 product",
    "expert": "an expert's product at decode",
}
FLOPS: Final = ("bf16", "fp8")


def rate(what: str, value: float) -> str:
    """Return ``3.02 TB/s``, ``355 GB/s`` or ``701 TFLOP/s``."""
    if what in FLOPS:
        return f"{value / 1e12:.0f} TFLOP/s"
    return f"{value / 1e12:.2f} TB/s" if value >= 1e12 else f"{value / 1e9:.3g} GB/s"
