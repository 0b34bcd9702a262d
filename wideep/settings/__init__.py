"""The stack config: what a person writes, typed and refused early."""

from wideep.settings.reading import ParseResult, parse, read
from wideep.settings.root import Settings

__all__ = ["ParseResult", "Settings", "parse", "read"]
