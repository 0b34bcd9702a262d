"""The three dashboards of a stack."""

from __future__ import annotations

from typing import Final

from wideep.monitoring.panel import Dashboard
from wideep.monitoring.platform_panels import PLATFORM
from wideep.monitoring.serving_panels import SERVING
from wideep.monitoring.wide_ep_panels import WIDE_EP

__all__ = ["DASHBOARDS"]

DASHBOARDS: Final = (
    Dashboard("Serving", "serving", SERVING),
    Dashboard("Wide EP", "wide-ep", WIDE_EP),
    Dashboard("Platform", "platform", PLATFORM),
)
