"""Costs in the currency of the stack's price per GPU hour."""

from __future__ import annotations

__all__ = ["money", "per_million_tokens"]


def per_million_tokens(price_per_hour: float, tokens_per_second: float) -> float:
    """Return the cost of a million tokens at this price per hour and this continuous rate of tokens/s."""
    return price_per_hour / (tokens_per_second * 3600) * 1e6


def money(amount: float) -> str:
    """Return ``96.00`` or ``1,733.10``, without a currency, since the configured price has none."""
    return f"{amount:,.2f}"
