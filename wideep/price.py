"""Money, in the currency of the stack's price of a GPU hour."""

from __future__ import annotations

__all__ = ["money", "per_million_tokens"]


def per_million_tokens(price_per_hour: float, tokens_per_second: float) -> float:
    """Return what a million tokens cost on GPUs of this price that serve so many a second all the time."""
    return price_per_hour / (tokens_per_second * 3600) * 1e6


def money(amount: float) -> str:
    """Return ``96.00`` or ``1,733.10``: no currency, for the price has none."""
    return f"{amount:,.2f}"
