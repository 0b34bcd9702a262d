"""Writes the comment on GitHub or GitLab: a new one the first time, the same one afterwards."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from typing import cast

from wideep.errors import WideepError

__all__ = ["Forge", "ForgeError", "forge", "put_comment"]

TIMEOUT = 30
"""Seconds for one call."""
PAGE = 100


class ForgeError(WideepError):
    """The comment cannot be written."""


@dataclass(frozen=True)
class Forge:
    """Where the comments of one pull request or merge request are, by the two APIs' documentation."""

    comments: str
    """Lists and takes comments."""
    one: str
    """A comment's own address; ``{id}`` stands for its number."""
    update: str
    """The HTTP method that changes one."""
    headers: Mapping[str, str]


def forge(env: Mapping[str, str]) -> Forge:
    """The one whose job this is, by the variables that it sets.

    Raises:
        ForgeError: this is no job of a pull request, or it has no token.
    """
    if env.get("GITHUB_ACTIONS"):
        number, token = _wanted(env, "PULL_REQUEST"), _wanted(env, "GITHUB_TOKEN")
        issues = f"{_wanted(env, 'GITHUB_API_URL')}/repos/{_wanted(env, 'GITHUB_REPOSITORY')}/issues"
        accept = {"Authorization": f"Bearer {token}", "Accept": "application/vnd.github+json"}
        return Forge(f"{issues}/{number}/comments", f"{issues}/comments/{{id}}", "PATCH", accept)
    if env.get("GITLAB_CI"):
        project = f"{_wanted(env, 'CI_API_V4_URL')}/projects/{_wanted(env, 'CI_PROJECT_ID')}"
        notes = f"{project}/merge_requests/{_wanted(env, 'CI_MERGE_REQUEST_IID')}/notes"
        return Forge(notes, f"{notes}/{{id}}", "PUT", {"PRIVATE-TOKEN": _wanted(env, "GITLAB_TOKEN")})
    raise ForgeError("This is no job of GitHub Actions or GitLab CI: there is no pull request to comment on.")


def _wanted(env: Mapping[str, str], name: str) -> str:
    value = env.get(name)
    if not value:
        raise ForgeError(f"{name} is not set, and the comment needs it: see docs/ci.md.")
    return value


def put_comment(body: str, mark: str, env: Mapping[str, str] = os.environ) -> str:
    """Writes ``body``, whose first line is ``mark``, over the comment that starts so, or as a new one.

    Returns what was done, in a word. Raises ForgeError when the forge cannot be reached or refuses.
    """
    where = forge(env)
    known = _find(where, mark)
    if known is None:
        _call(where, "POST", where.comments, {"body": body})
        return "written"
    _call(where, where.update, where.one.format(id=known), {"body": body})
    return "updated"


def _find(where: Forge, mark: str) -> int | None:
    """The number of the comment that starts with the mark."""
    page = 1
    while True:
        listed = _call(where, "GET", f"{where.comments}?per_page={PAGE}&page={page}")
        for one in listed:
            if str(one.get("body", "")).startswith(mark):
                return int(str(one["id"]))
        if len(listed) < PAGE:
            return None
        page += 1


def _call(where: Forge, method: str, address: str, body: Mapping[str, str] | None = None) -> list[dict[str, object]]:
    import requests

    try:
        answer = requests.request(method, address, json=body, headers=dict(where.headers), timeout=TIMEOUT)
    except requests.RequestException as error:
        raise ForgeError(f"The comment was not written: {type(error).__name__} at {address}.") from error
    if not answer.ok:
        fix = "its token needs the right to write comments on pull requests (docs/ci.md)"
        raise ForgeError(f"The comment was not written: {method} {address} was answered {answer.status_code}; {fix}.")
    content: object = answer.json()
    return cast(list[dict[str, object]], content if isinstance(content, list) else [content])
