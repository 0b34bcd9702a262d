"""Kubernetes quantities, such as a volume's size."""

from __future__ import annotations

import re
from decimal import Decimal
from typing import Annotated, Final

from pydantic import StringConstraints

__all__ = ["Cpu", "Quantity", "quantity_bytes"]

_PATTERN: Final = r"^([0-9]{1,18}(?:\.[0-9]{1,9})?)([kMGTPE]i?|Ki)?$"
Quantity = Annotated[str, StringConstraints(pattern=_PATTERN)]
"""``1Ti``, ``800Gi``, ``700G``: a number and a binary or decimal unit."""
Cpu = Annotated[str, StringConstraints(pattern=r"^([0-9]{1,6}(\.[0-9]{1,3})?|[0-9]{1,9}m)$")]
"""``16``, ``0.5`` or ``500m``: cores, or thousandths of one."""

_POWERS: Final = {unit: power for power, unit in enumerate("KMGTPE", start=1)}


def quantity_bytes(quantity: str) -> int:
    """Return the bytes of a Quantity. Raises ValueError if the text is not one."""
    match = re.match(_PATTERN, quantity)
    if not match:
        raise ValueError(f"not a Kubernetes quantity: {quantity}")
    number, unit = Decimal(match[1]), match[2] or ""
    power = _POWERS[unit[0].upper()] if unit else 0
    return int(number * (1024 if unit.endswith("i") else 1000) ** power)
