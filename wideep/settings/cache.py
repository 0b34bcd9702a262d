"""Data types of the KV cache."""

from __future__ import annotations

from enum import StrEnum

__all__ = ["KvCacheDtype"]


class KvCacheDtype(StrEnum):
    """SGLang's ``--kv-cache-dtype``: ``auto`` is the model's own type, bf16; the others take one byte per value."""

    AUTO = "auto"
    FP8_E4M3 = "fp8_e4m3"
    FP8_E5M2 = "fp8_e5m2"
