"""The stack config: its keys with their types, and the checks that refuse mistakes of form early."""

from wideep.settings.reading import ParseResult, parse, read
from wideep.settings.root import Settings

__all__ = ["ParseResult", "Settings", "parse", "read"]
