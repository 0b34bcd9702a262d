"""Reads the resources in the state of this stack when its program begins."""

from __future__ import annotations

import functools
import time
from collections.abc import Mapping
from typing import Any, Final

import pulumi

from components.lifecycle.ownership import stack_name

__all__ = ["read_stack_outputs"]

READ_TRIES: Final = 10
READ_AGAIN_SECONDS: Final = 0.2


@functools.cache
def read_stack_outputs() -> Mapping[str, Mapping[str, Any]] | None:
    """Return the outputs of the resources in the state, by their names in the program; None if the state cannot be
    read.

    The engine writes the state while the program runs, so a read during a write gets a truncated file and is retried.
    """
    for _ in range(READ_TRIES):
        try:
            answer: Any = pulumi.runtime.invoke("pulumi:pulumi:readStackResourceOutputs", {"stackName": stack_name()})
        except Exception as error:  # the SDK raises a bare Exception for a failed call
            pulumi.log.debug(f"the state could not be read: {error}")
            time.sleep(READ_AGAIN_SECONDS)
        else:
            known: Mapping[str, Mapping[str, Any]] = answer.value["outputs"]
            return {urn.rpartition("::")[2]: resource.get("outputs") or {} for urn, resource in known.items()}
    return None
