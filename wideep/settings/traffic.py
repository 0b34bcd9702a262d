"""``traffic``: what requests look like, and how long their users wait. `wideep advise` and `wideep plan` use it.

It changes nothing that is deployed.
"""

from __future__ import annotations

import re
from typing import Annotated, Final

from pydantic import BeforeValidator, Field
from pydantic_core import PydanticCustomError

from wideep.settings.base import SettingsModel

__all__ = ["Traffic", "milliseconds"]

Tokens = Annotated[int, Field(ge=1, le=10_000_000)]
_DURATION: Final = re.compile(r"([0-9]{1,6}(?:\.[0-9]{1,3})?)(ms|s)")


def _is_duration(value: object) -> object:
    if isinstance(value, str) and (found := _DURATION.fullmatch(value)) and float(found[1]) > 0:
        return value
    raise PydanticCustomError("wideep_duration", "must be a time with a unit, such as 2s or 50ms")


Duration = Annotated[str, BeforeValidator(_is_duration)]


def milliseconds(duration: str) -> float:
    """Return ``2s`` or ``50ms`` in milliseconds. Raises ValueError if the unit is missing."""
    found = _DURATION.fullmatch(duration)
    if found is None:
        raise ValueError(f"{duration} is not a time with a unit, such as 2s or 50ms")
    return float(found[1]) * (1.0 if found[2] == "ms" else 1000.0)


class Traffic(SettingsModel):
    """One kind of request, and the latency that is acceptable."""

    isl: Tokens
    """Average tokens of a prompt (input sequence length)."""
    osl: Annotated[int, Field(ge=2, le=10_000_000)]
    """Average tokens of an answer (output sequence length)."""
    ttft: Duration = "2s"
    """The longest acceptable time to the first token: ``2s`` or ``800ms``."""
    itl: Duration = "50ms"
    """The longest acceptable time between two tokens: ``50ms``."""

    @property
    def ttft_ms(self) -> float:
        """``ttft`` in milliseconds."""
        return milliseconds(self.ttft)

    @property
    def itl_ms(self) -> float:
        """``itl`` in milliseconds."""
        return milliseconds(self.itl)
