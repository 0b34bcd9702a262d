"""A Job that has failed is made anew by the next `up`: by itself the provider would only look at it once more."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pulumi
import pulumi_kubernetes as k8s

from components.lifecycle.state import known_outputs
from wideep.resource_names import DOWNLOAD_JOB, JOB_TYPE, RETRY_OF_ANNOTATION
from wideep_cluster.kube_objects import part, parts

__all__ = ["attempt_after", "renew_failed_download"]


def attempt_after(job: Mapping[str, Any]) -> str | None:
    """What the annotation has to be after this Job, of which the state has these outputs.

    One that is not known to be complete has failed, or was interrupted: a new one costs a look at the files. Later it
    stays as it is, because a Job whose pods change is made anew.
    """
    body = dict(job)
    status = part(body, "status")
    if any(one.get("type") == "Complete" and one.get("status") == "True" for one in parts(status, "conditions")):
        return part(part(part(part(body, "spec"), "template"), "metadata"), "annotations").get(RETRY_OF_ANNOTATION)
    return part(body, "metadata").get("uid")


def renew_failed_download() -> None:
    """From here on, the download's Job is another one than the one that failed."""
    known = known_outputs() or {}
    attempt = attempt_after(known[DOWNLOAD_JOB.name]) if DOWNLOAD_JOB.name in known else None
    if attempt is None:
        return

    def renew(args: pulumi.ResourceTransformationArgs) -> pulumi.ResourceTransformationResult | None:
        if args.type_ != JOB_TYPE or args.name != DOWNLOAD_JOB.name:
            return None
        spec: Any = args.props["spec"]
        spec.template.metadata = k8s.meta.v1.ObjectMetaArgs(annotations={RETRY_OF_ANNOTATION: attempt})
        return pulumi.ResourceTransformationResult(args.props, args.opts)

    pulumi.runtime.register_stack_transformation(renew)
