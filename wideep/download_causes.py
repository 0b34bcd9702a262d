"""Explanations of a failed download, from what its log shows: one sentence, a fix, and the key to change."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final

from wideep.plan import Plan
from wideep.symptoms import Symptom

__all__ = ["HUB", "DownloadCause", "download_cause", "hidden_or_absent"]

HUB: Final = "https://huggingface.co"


@dataclass(frozen=True)
class DownloadCause:
    """The cause of a failed download: ``cause`` and ``fix`` are sentences, ``key`` is a path in the config."""

    cause: str
    fix: str
    key: str


def download_cause(symptom: Symptom, plan: Plan, said: str) -> DownloadCause | None:
    """Return what a symptom of the download means for this stack, or None for a symptom that no download has. ``said``
    is the part of the log that shows it."""
    cause = CAUSES.get(symptom)
    return cause(plan, said) if cause else None


def hidden_or_absent(repository: str, revision: str, status: int, *, with_token: bool) -> tuple[str, str]:
    """Return the cause and the fix for a 401 answer without a token, or for a 404: Hugging Face does not tell whether a
    repository exists to an account that may not see it."""
    hidden = "the token's account has no access to it" if with_token else "it needs a token, and none was sent"
    what = f"Hugging Face finds no {repository} at {revision} ({status})"
    cause = f"{what}: the name or revision is wrong, or the repository is private or gated and {hidden}."
    if with_token:
        fix = (
            "`HF_TOKEN=hf_… hf auth whoami` prints the token's account; request access for it at "
            f"{HUB}/{repository}, or from the repository's owner"
        )
    else:
        fix = f"pulumi config set --secret hfToken hf_…, of an account with access to {HUB}/{repository}"
    return cause, f"check model and modelCache.revision (main, or a commit). If they are right: {fix}"


def _token(plan: Plan, said: str) -> DownloadCause:
    """Explain that the token is invalid or has expired; without a token, that the repository is absent or hidden."""
    if plan.token is None:
        return _not_there(plan, said)
    cause = "Hugging Face rejects the token (401 Unauthorized)."
    if not plan.token.create:
        fix = f"Put a valid token into Secret {plan.token.secret}, key {plan.token.key}."
        return DownloadCause(cause, fix, "hfTokenSecret")
    return DownloadCause(cause, "pulumi config set --secret hfToken hf_…, then `pulumi up`", "hfToken")


def _gated(plan: Plan, _said: str) -> DownloadCause:
    """Explain that the token is valid but its account has no access to the model."""
    cause = f"Hugging Face gives {plan.model} only to accounts that have accepted its terms (403 Forbidden)."
    fix = f"With the token's account, accept the terms at {HUB}/{plan.model}."
    return DownloadCause(cause, fix, "hfToken")


def _not_there(plan: Plan, said: str) -> DownloadCause:
    """Explain that the repository or revision does not exist, or is not visible with this token."""
    revision, with_token = plan.download.revision if plan.download else "main", plan.token is not None
    status = 401 if "401" in said else 404
    return DownloadCause(*hidden_or_absent(plan.model, revision, status, with_token=with_token), "modelCache.revision")


def _disk(plan: Plan, _said: str) -> DownloadCause:
    size = plan.cache.size
    return DownloadCause(f"the model cache of {size} is full.", f"modelCache.size: more than {size}", "modelCache.size")


def _package(_plan: Plan, _said: str) -> DownloadCause:
    """Explain that the downloader itself could not be installed."""
    cause = "the cluster's pods cannot reach PyPI to install the downloader."
    return DownloadCause(
        cause, "set modelCache.downloadImage to an image that contains `hf`", "modelCache.downloadImage"
    )


def _checksum(_plan: Plan, _said: str) -> DownloadCause:
    """Explain that a file failed the downloader's verification."""
    cause = "a file's checksum differs from Hugging Face; the next attempt downloads it again."
    fix = "If it happens again, the volume may be broken: change modelCache.storageClass."
    return DownloadCause(cause, fix, "modelCache")


def _busy(plan: Plan, _said: str) -> DownloadCause:
    """Explain that requests are rate-limited, by token or else by address, over some minutes."""
    cause = "Hugging Face limits requests for now (429 Too Many Requests)."
    if plan.token is None:
        fix = "pulumi config set --secret hfToken hf_…, then `pulumi up`: with a token the limit is higher"
        return DownloadCause(cause, fix, "hfToken")
    fix = "The Job retries by itself; if it has given up, run `pulumi up`, which resumes the download."
    return DownloadCause(cause, fix, "hfToken")


def _hub(_plan: Plan, said: str) -> DownloadCause:
    """Explain that the pods cannot reach Hugging Face."""
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
