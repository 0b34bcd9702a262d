"""Writes the comment on GitHub or GitLab: a new one the first time, afterwards the same one."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from typing import cast

from wideep.errors import WideepError

__all__ = ["Forge", "ForgeError", "forge", "put_comment"]

TIMEOUT = 30
"""Seconds for one request."""
PAGE = 100
OK, BAD = 200, 400
JOB = "github-actions[bot]"
"""The author of comments that a workflow writes with its own token."""


class ForgeError(WideepError):
    """The comment cannot be written."""


@dataclass(frozen=True)
class Forge:
    """The endpoints for the comments of a pull request or merge request, from the documentation of the two APIs."""

    comments: str
    """The endpoint that lists and creates comments."""
    one: str
    """The address of a single comment; ``{id}`` is the placeholder for its number."""
    update: str
    """The HTTP method that changes a comment."""
    user: str
    """The endpoint that returns the token's owner."""
    author: str
    """The field of a comment that contains its author."""
    job_name: str
    """The author's name for a job's own token, which may not read its owner. Empty: a token always may."""
    headers: Mapping[str, str]


def forge(env: Mapping[str, str]) -> Forge:
    """Return the forge that runs this job, recognized by the variables that it sets.

    Raises:
        ForgeError: this is not a job of a pull request, or it has no token.
    """
    if env.get("GITHUB_ACTIONS"):
        number, token = _wanted(env, "PULL_REQUEST"), _wanted(env, "GITHUB_TOKEN")
        api = _wanted(env, "GITHUB_API_URL")
        issues = f"{api}/repos/{_wanted(env, 'GITHUB_REPOSITORY')}/issues"
        accept = {"Authorization": f"Bearer {token}", "Accept": "application/vnd.github+json"}
        return Forge(
            f"{issues}/{number}/comments", f"{issues}/comments/{{id}}", "PATCH", f"{api}/user", "user", JOB, accept
        )
    if env.get("GITLAB_CI"):
        api = _wanted(env, "CI_API_V4_URL")
        project = f"{api}/projects/{_wanted(env, 'CI_PROJECT_ID')}"
        notes = f"{project}/merge_requests/{_wanted(env, 'CI_MERGE_REQUEST_IID')}/notes"
        headers = {"PRIVATE-TOKEN": _wanted(env, "GITLAB_TOKEN")}
        return Forge(notes, f"{notes}/{{id}}", "PUT", f"{api}/user", "author", "", headers)
    raise ForgeError("This is not a job of GitHub Actions or GitLab CI, so there is no pull request to comment on.")


def _wanted(env: Mapping[str, str], name: str) -> str:
    value = env.get(name)
    if not value:
        raise ForgeError(f"{name} is not set, and the comment needs it: see docs/ci.md.")
    return value


def put_comment(body: str, mark: str, env: Mapping[str, str] = os.environ) -> str:
    """Write ``body``, whose first line is ``mark``, over our own comment that begins with it, or as a new comment.

    A comment of somebody else that begins with the mark is left alone.

    Return ``written`` or ``updated``. Raise ForgeError if the forge cannot be reached or refuses.
    """
    where = forge(env)
    known = _find(where, mark)
    if known is None:
        _call(where, "POST", where.comments, {"body": body})
        return "written"
    _call(where, where.update, where.one.format(id=known), {"body": body})
    return "updated"


def _find(where: Forge, mark: str) -> int | None:
    """Return the number of our own comment that begins with the mark; None if there is none."""
    own = _own_name(where)
    page = 1
    while True:
        listed = _call(where, "GET", f"{where.comments}?per_page={PAGE}&page={page}")
        for one in listed:
            if own and _author(one.get(where.author)) == own and str(one.get("body", "")).startswith(mark):
                return int(str(one["id"]))
        if len(listed) < PAGE:
            return None
        page += 1


def _own_name(where: Forge) -> str:
    """Return the token's owner; empty if it cannot be determined, so that no comment counts as ours."""
    status, found = _asked(where, "GET", where.user)
    return _author(found[0]) if status == OK and found else where.job_name


def _author(user: object) -> str:
    """Return a user's ``login`` (GitHub) or ``username`` (GitLab)."""
    fields = cast("dict[str, object]", user) if isinstance(user, dict) else {}
    return str(fields.get("login") or fields.get("username") or "")


def _call(where: Forge, method: str, address: str, body: Mapping[str, str] | None = None) -> list[dict[str, object]]:
    status, content = _asked(where, method, address, body)
    if status >= BAD:
        fix = "its token needs the right to write comments on pull requests (docs/ci.md)"
        raise ForgeError(f"The comment was not written: {method} {address} was answered {status}; {fix}.")
    return content


def _asked(
    where: Forge, method: str, address: str, body: Mapping[str, str] | None = None
) -> tuple[int, list[dict[str, object]]]:
    """Return the status of the answer, and its objects; none for an error."""
    import requests

    try:
        answer = requests.request(method, address, json=body, headers=dict(where.headers), timeout=TIMEOUT)
    except requests.RequestException as error:
        raise ForgeError(f"The comment was not written: {type(error).__name__} at {address}.") from error
    if answer.status_code >= BAD:
        return answer.status_code, []
    content: object = answer.json()
    return answer.status_code, cast(list[dict[str, object]], content if isinstance(content, list) else [content])
