"""The number of examples that a property test draws: few in the fast round, all in ``make test-long``."""

from __future__ import annotations

import os
from typing import Final

from hypothesis import HealthCheck, settings

PROFILE: Final = os.environ.get("HYPOTHESIS_PROFILE", "short")
"""``short``: a quarter of the examples. ``full``: all. ``thorough``: 10,000."""
USUAL: Final = (HealthCheck.too_slow, HealthCheck.function_scoped_fixture)


def examples(full: int, suppress: tuple[HealthCheck, ...] = USUAL) -> settings:
    """Return the settings of a test that draws ``full`` examples in the profile ``full``."""
    number = {"short": max(full // 4, 5), "full": full, "thorough": 10_000}[PROFILE]
    ignored = tuple(HealthCheck) if PROFILE == "thorough" else suppress
    return settings(max_examples=number, deadline=None, suppress_health_check=ignored)
