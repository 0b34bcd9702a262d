"""Replaces a Job that has failed: the provider alone would only wait for the same Job again."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from components.lifecycle.state import read_stack_outputs
from wideep.resource_names import RETRY_OF_ANNOTATION
from wideep_cluster.manifests import part, parts

__all__ = ["attempt_after", "retry_annotations"]


def attempt_after(job: Mapping[str, Any]) -> str | None:
    """Return the value of the retry annotation for the Job that follows the one with these outputs in the state.

    A Job that is not known to be complete has failed or was interrupted; a new one only has to check the files. Once a
    Job is complete the value stays the same, because a Job whose pod template changes is replaced.
    """
    body = dict(job)
    status = part(body, "status")
    if any(one.get("type") == "Complete" and one.get("status") == "True" for one in parts(status, "conditions")):
        return part(part(part(part(body, "spec"), "template"), "metadata"), "annotations").get(RETRY_OF_ANNOTATION)
    return part(body, "metadata").get("uid")


def retry_annotations(resource: str) -> dict[str, str] | None:
    """Return the annotations for the pods of the Job of that resource name, which make it differ from a Job that
    failed; None if there is nothing to retry."""
    known = read_stack_outputs() or {}
    attempt = attempt_after(known[resource]) if resource in known else None
    return {RETRY_OF_ANNOTATION: attempt} if attempt else None
