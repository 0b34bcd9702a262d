"""Every flag that a worker's command accepts in one version: SGLang's own and Dynamo's, which share one command line.

Names and kinds of values come from SGLang's parser (``parser.txt``) and from Dynamo's (``dynamo.txt``), for the release
of Dynamo that pairs with that SGLang; ``owners`` has the owner of each flag.
"""

from __future__ import annotations

import functools
from typing import Final

from wideep.engines.flags import FlagTable
from wideep.engines.parser import is_from
from wideep.engines.sglang.owners import INSTEAD, OWNERS, reasons_of
from wideep.engines.sglang.parser import VERSIONS, parser_flags
from wideep.engines.versions import FlagHistory

__all__ = ["flag_table"]

_HISTORY: Final = FlagHistory("SGLang", VERSIONS, parser_flags, OWNERS, INSTEAD)


@functools.cache
def flag_table(version: str) -> FlagTable:
    """Return the flags of one version. Raises ValueError for an unknown version."""
    return _HISTORY.table(version, reasons_of(f"SGLang {version}", reads_files=is_from(version, 0, 5, 4)))
