"""Every flag that a worker's command takes in one version: SGLang's own and Dynamo's, which share one line.

Names and sorts of values are those of SGLang's parser (``parser.txt``) and of Dynamo's (``dynamo.txt``), for the
release of Dynamo that pairs with that SGLang; whose word each flag is, ``owners`` says.
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
    """The flags of one version. ValueError: a version that is not known here."""
    return _HISTORY.table(version, reasons_of(f"SGLang {version}", reads_files=is_from(version, 0, 5, 4)))
