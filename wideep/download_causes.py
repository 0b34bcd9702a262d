"""Why the download of the weights failed, by what its log shows: one sentence, what to do, and the key to change."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final

from wideep.plan import Plan
from wideep.symptoms import Symptom

__all__ = ["DownloadCause", "download_cause"]


@dataclass(frozen=True)
class DownloadCause:
    """``cause`` and ``fix`` are sentences, ``key`` a path in the config."""

    cause: str
    fix: str
    key: str


def download_cause(symptom: Symptom, plan: Plan, said: str) -> DownloadCause | None:
    """What a symptom of the download means for this stack; ``said`` is the part of the log that shows it. None: it is
    none of a download's."""
    cause = CAUSES.get(symptom)
    return cause(plan, said) if cause else None


def _token(plan: Plan, _said: str) -> DownloadCause:
    """The token is not, or no longer, valid."""
    cause = "Hugging Face rejects the token (401 Unauthorized)."
    if plan.token is not None and not plan.token.create:
        fix = f"Put a valid token into Secret {plan.token.secret}, key {plan.token.key}."
        return DownloadCause(cause, fix, "hfTokenSecret")
    return DownloadCause(cause, "pulumi config set --secret hfToken hf_…, then `pulumi up`", "hfToken")


def _gated(plan: Plan, _said: str) -> DownloadCause:
    """The token is valid, and its account may not have the model."""
    cause = f"Hugging Face gives {plan.model} only to accounts that have accepted its terms (403 Forbidden)."
    fix = f"With the token's account, accept the terms at https://huggingface.co/{plan.model}."
    return DownloadCause(cause, fix, "hfToken")


def _not_there(plan: Plan, _said: str) -> DownloadCause:
    """There is no such repository or revision."""
    revision = plan.download.revision if plan.download else "main"
    cause = f"Hugging Face has no {plan.model} at {revision} (404)."
    return DownloadCause(cause, "set modelCache.revision to main, or a commit of the repository", "modelCache.revision")


def _disk(plan: Plan, _said: str) -> DownloadCause:
    size = plan.cache.size
    return DownloadCause(f"the model cache of {size} is full.", f"modelCache.size: more than {size}", "modelCache.size")


def _package(_plan: Plan, _said: str) -> DownloadCause:
    """The downloader itself could not be fetched."""
    cause = "the cluster's pods cannot reach PyPI to install the downloader."
    return DownloadCause(
        cause, "set modelCache.downloadImage to an image that contains `hf`", "modelCache.downloadImage"
    )


def _checksum(_plan: Plan, _said: str) -> DownloadCause:
    """The downloader's own message after its check."""
    cause = "a file's checksum differs from Hugging Face; the next attempt downloads it again."
    fix = "If it happens again, the volume may be broken: change modelCache.storageClass."
    return DownloadCause(cause, fix, "modelCache")


def _busy(plan: Plan, _said: str) -> DownloadCause:
    """Hugging Face counts requests by token, and without one by address, for some minutes."""
    cause = "Hugging Face limits requests for now (429 Too Many Requests)."
    if plan.token is None:
        fix = "pulumi config set --secret hfToken hf_…, then `pulumi up`: with a token the limit is higher"
        return DownloadCause(cause, fix, "hfToken")
    fix = "The Job retries by itself; if it has given up, run `pulumi up`, which resumes the download."
    return DownloadCause(cause, fix, "hfToken")


def _hub(_plan: Plan, said: str) -> DownloadCause:
    """No way to Hugging Face."""
    fix = (
        "Allow traffic from the namespace to huggingface.co, or fill the volume yourself and write "
        "modelCache.download: false."
    )
    return DownloadCause(f"the pods cannot reach Hugging Face: {said.strip()}", fix, "modelCache.download")


CAUSES: Final[Mapping[Symptom, Callable[[Plan, str], DownloadCause]]] = {
    Symptom.TOKEN: _token,
    Symptom.GATED: _gated,
    Symptom.NOT_THERE: _not_there,
    Symptom.DISK: _disk,
    Symptom.PACKAGE: _package,
    Symptom.CHECKSUM: _checksum,
    Symptom.BUSY: _busy,
    Symptom.HUB: _hub,
}
