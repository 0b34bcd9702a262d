"""The stack config: what a person writes, typed and refused early."""

from wideep.settings.reading import parse
from wideep.settings.root import Settings

__all__ = ["Settings", "parse"]
