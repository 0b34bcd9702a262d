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
OK, BAD = 200, 400
JOB = "github-actions[bot]"
"""The author of what a workflow writes with its own token."""


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
    user: str
    """Tells whose the token is."""
    author: str
    """The field of a comment in which its author stands."""
    job_name: str
    """The author's name where the token is the job's own, which may not ask whose it is; empty: a token always may."""
    headers: Mapping[str, str]


def forge(env: Mapping[str, str]) -> Forge:
    """The one whose job this is, by the variables that it sets.

    Raises:
        ForgeError: this is no job of a pull request, or it has no token.
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
    raise ForgeError("This is no job of GitHub Actions or GitLab CI: there is no pull request to comment on.")


def _wanted(env: Mapping[str, str], name: str) -> str:
    value = env.get(name)
    if not value:
        raise ForgeError(f"{name} is not set, and the comment needs it: see docs/ci.md.")
    return value


def put_comment(body: str, mark: str, env: Mapping[str, str] = os.environ) -> str:
    """Writes ``body``, whose first line is ``mark``, over our own comment that starts so, or as a new one.

    A comment that somebody else has begun with the mark stays theirs.

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
    """The number of our own comment that starts with the mark."""
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
    """Whose the token is; empty where that is not to be told, so that no comment is taken for ours."""
    status, found = _asked(where, "GET", where.user)
    return _author(found[0]) if status == OK and found else where.job_name


def _author(user: object) -> str:
    """GitHub's ``login``, GitLab's ``username``."""
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
    """The answer's status, and its objects where it is a good one."""
    import requests

    try:
        answer = requests.request(method, address, json=body, headers=dict(where.headers), timeout=TIMEOUT)
    except requests.RequestException as error:
        raise ForgeError(f"The comment was not written: {type(error).__name__} at {address}.") from error
    if answer.status_code >= BAD:
        return answer.status_code, []
    content: object = answer.json()
    return answer.status_code, cast(list[dict[str, object]], content if isinstance(content, list) else [content])
