"""Replaces a Job that has failed: by itself the provider would only look at it once more."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from components.lifecycle.state import read_stack_outputs
from wideep.resource_names import RETRY_OF_ANNOTATION
from wideep_cluster.manifests import part, parts

__all__ = ["attempt_after", "retry_annotations"]


def attempt_after(job: Mapping[str, Any]) -> str | None:
    """The value of the annotation after this Job, of which the state has these outputs.

    One that is not known to be complete has failed, or was interrupted: a new one costs a look at the files. Later it
    stays as it is, because a Job whose pods change is made anew.
    """
    body = dict(job)
    status = part(body, "status")
    if any(one.get("type") == "Complete" and one.get("status") == "True" for one in parts(status, "conditions")):
        return part(part(part(part(body, "spec"), "template"), "metadata"), "annotations").get(RETRY_OF_ANNOTATION)
    return part(body, "metadata").get("uid")


def retry_annotations(resource: str) -> dict[str, str] | None:
    """Annotations of the pods of the Job of that name, so that it is another one than the one that failed."""
    known = read_stack_outputs() or {}
    attempt = attempt_after(known[resource]) if resource in known else None
    return {RETRY_OF_ANNOTATION: attempt} if attempt else None
