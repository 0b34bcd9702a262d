"""What follows from what the log of the download shows."""

from __future__ import annotations

import re

from ops.cluster.objects import Pod
from ops.doctor.case import Case
from ops.doctor.trouble import Trouble

__all__ = ["checksum", "disk", "gated", "hub_silent", "not_there", "package", "token"]

Match = re.Match[str]


def token(case: Case, _pod: Pod, _found: Match, _log: str) -> Trouble:
    """The token is not, or no longer, valid."""
    key = "hfTokenSecret" if case.settings.hf_token_secret else "hfToken"
    fix = "pulumi config set --secret hfToken hf_…, then `pulumi up`"
    if case.settings.hf_token_secret:
        fix = f"Put a valid token into Secret {case.settings.hf_token_secret}, key HF_TOKEN."
    return Trouble("download", "Hugging Face does not know the token (401).", (fix,), key)


def gated(case: Case, _pod: Pod, _found: Match, _log: str) -> Trouble:
    """The token is valid, and its account may not have the model."""
    fix = f"With the token's account, accept the terms at https://huggingface.co/{case.plan.model}."
    cause = f"Hugging Face gives {case.plan.model} only to those who have accepted its terms (403)."
    return Trouble("download", cause, (fix,), "hfToken")


def not_there(case: Case, _pod: Pod, _found: Match, _log: str) -> Trouble:
    """There is no such repository or revision."""
    revision = case.plan.download.revision if case.plan.download else "main"
    cause = f"Hugging Face has no {case.plan.model} at {revision} (404)."
    return Trouble(
        "download", cause, ("modelCache.revision: main, or a commit of the repository",), "modelCache.revision"
    )


def disk(case: Case, pod: Pod, _found: Match, _log: str) -> Trouble:
    """The model cache, or another disk of the pod, is full."""
    if pod.graph:
        return Trouble("disk", "a disk of the pod is full.", (f"kubectl describe node {pod.spec.node_name}",))
    size = case.plan.cache.size
    cause = f"the model cache of {size} is full."
    return Trouble("download", cause, (f"modelCache.size: more than {size}",), "modelCache.size")


def package(_case: Case, _pod: Pod, _found: Match, _log: str) -> Trouble:
    """The downloader itself could not be fetched."""
    cause = "the cluster's pods do not reach PyPI, from which the downloader comes."
    return Trouble(
        "download", cause, ("modelCache.downloadImage: an image with `hf` in it",), "modelCache.downloadImage"
    )


def checksum(_case: Case, _pod: Pod, _found: Match, _log: str) -> Trouble:
    """The downloader's own message after its check."""
    cause = "a file is not as it is on Hugging Face; the next try fetches it again."
    return Trouble(
        "download", cause, ("If it happens again: modelCache.storageClass, the volume may be broken.",), "modelCache"
    )


def hub_silent(_case: Case, _pod: Pod, found: Match, _log: str) -> Trouble:
    """No way to Hugging Face."""
    fix = "Let the namespace reach huggingface.co, or fill the volume otherwise and write modelCache.download: false."
    return Trouble("download", f"the pods do not reach Hugging Face: {found[0].strip()}", (fix,), "modelCache.download")
