"""Read-only checks, made in a preview and in an update before the first resource.

What is checked is ``wideep_cluster.dynamo``'s, which ``wideep doctor`` asks too; here it becomes an error of the
engine.
"""

from __future__ import annotations

from collections.abc import Iterable

import pulumi

from wideep.errors import ConfigError, Problem
from wideep_cluster.errors import Answer

__all__ = ["refuse"]


def refuse(answers: Iterable[Answer]) -> None:
    """Raise pulumi.RunError with all that is wrong. What cannot be told is left to the resource that it is about."""
    found = list(answers)
    for unseen in found:
        if isinstance(unseen, Exception):
            pulumi.log.debug(f"not checked: {unseen}")
    problems = [each for each in found if isinstance(each, Problem)]
    if problems:
        raise pulumi.RunError(str(ConfigError(problems)))
