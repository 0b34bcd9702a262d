"""Check Hugging Face: whether the model exists, the token is valid, and its account has access to the model."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

from wideep.download_causes import HUB, hidden_or_absent
from wideep.plan import Plan
from wideep_cli.doctor.finding import Finding, Section, fails, holds, unknown
from wideep_cluster.http import WebError, request

__all__ = ["find_token", "hub_findings", "stack_secret"]

PULUMI_SECONDS: Final = 30
UNAUTHORIZED, NOT_FOUND = 401, 404
ASK_AGAIN: Final = "HF_TOKEN=hf_… wideep doctor"


def find_token(stack_file: Path) -> str | None:
    """Return HF_TOKEN from the environment, or else the stack's token, decrypted by Pulumi; None if neither is set."""
    return os.environ.get("HF_TOKEN") or stack_secret(stack_file, "hfToken")


def stack_secret(stack_file: Path, path: str) -> str | None:
    """Return a value of the stack's config, decrypted by Pulumi; None if it is not set or cannot be read."""
    name = stack_file.name.removeprefix("Pulumi.").removesuffix(".yaml")
    command = ["pulumi", "config", "get", "--path", path, "--stack", name, "--non-interactive"]
    try:
        done = subprocess.run(
            command,
            cwd=stack_file.resolve().parent,
            capture_output=True,
            text=True,
            timeout=PULUMI_SECONDS,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired):
        return None
    return done.stdout.strip() or None if done.returncode == 0 else None


def hub_findings(plan: Plan, token: str | None) -> Iterator[Finding]:
    """Check model and token, if the stack downloads the model. The token is sent to the hub, and shown nowhere."""
    if plan.download is None:
        return
    hub = os.environ.get("HF_ENDPOINT", HUB).rstrip("/")
    repository, revision = plan.download.repository, plan.download.revision
    try:
        about = request(f"{hub}/api/models/{repository}/revision/{revision}", headers=_bearer(token))
        known = request(f"{hub}/api/whoami-v2", headers=_bearer(token)).status if token else None
    except WebError as error:
        what = f"{hub} is unreachable from this machine: {error}. The download runs in the cluster, which may reach it."
        yield unknown(Section.OUTSIDE, "hub", what)
        return
    if token and known == UNAUTHORIZED:
        what = "Hugging Face rejects the token (401 Unauthorized)."
        yield fails(Section.OUTSIDE, "token", what, "pulumi config set --secret hfToken hf_…", key="hfToken")
        return
    if token:
        yield holds(Section.OUTSIDE, "token", "Hugging Face accepts the token.")
    if about.status in (UNAUTHORIZED, NOT_FOUND):
        yield _unseen(plan, repository, revision, about.status, with_token=token is not None)
    elif about.status != 200:
        yield unknown(Section.OUTSIDE, "model", f"Hugging Face returns {about.status} for {repository}.")
    else:
        yield _access(plan, hub, json.loads(about.body), token)


def _unseen(plan: Plan, repository: str, revision: str, status: int, *, with_token: bool) -> Finding:
    """Report a model that was not found; the verdict is unknown if the stack's token, unread, might still see it."""
    what, fix = hidden_or_absent(repository, revision, status, with_token=with_token)
    if plan.token and not with_token and status == UNAUTHORIZED:
        return unknown(Section.OUTSIDE, "model", f"{what} The stack's token cannot be read here.", ASK_AGAIN)
    return fails(Section.OUTSIDE, "model", what, f"{fix}.", key="model")


def _access(plan: Plan, hub: str, about: dict[str, Any], token: str | None) -> Finding:
    """Check access to the model. Gated models are visible to all; only accounts that accepted the terms get them."""
    repository = plan.model
    if not about.get("gated"):
        return holds(Section.OUTSIDE, "model", f"{repository} is public.")
    if token is None:
        what = (
            f"{repository} is gated: its terms must be accepted; the token cannot be read here, so this was not "
            "checked."
        )
        return unknown(Section.OUTSIDE, "model", what, ASK_AGAIN)
    try:
        status = request(f"{hub}/api/models/{repository}/auth-check", headers=_bearer(token)).status
    except WebError as error:
        return unknown(Section.OUTSIDE, "model", f"{hub} is unreachable: {error}.")
    if status == 200:
        return holds(Section.OUTSIDE, "model", f"The token's account has access to {repository}.")
    what = f"The token's account has no access to {repository} ({status}): its terms are not accepted."
    return fails(Section.OUTSIDE, "model", what, f"Accept them at {HUB}/{repository}.", key="hfToken")


def _bearer(token: str | None) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}"} if token else {}
