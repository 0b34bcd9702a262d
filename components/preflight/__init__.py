"""Read-only checks, made in a preview and in an update before the first resource.

The checks are in ``wideep_cluster.dynamo``, and ``wideep doctor`` uses them too; here a problem becomes an error of the
engine.
"""

from __future__ import annotations

from collections.abc import Iterable

import pulumi

from wideep.errors import ConfigError, Problem
from wideep_cluster.errors import Answer

__all__ = ["refuse"]


def refuse(answers: Iterable[Answer]) -> None:
    """Raise pulumi.RunError with all problems. A check without a result is only logged, because the resource concerned
    will report the error."""
    found = list(answers)
    for unseen in found:
        if isinstance(unseen, Exception):
            pulumi.log.debug(f"not checked: {unseen}")
    problems = [each for each in found if isinstance(each, Problem)]
    if problems:
        raise pulumi.RunError(str(ConfigError(problems)))
