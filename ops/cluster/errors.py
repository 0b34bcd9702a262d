"""What can go wrong with a cluster, each as one sentence.

WideepError
└── ClusterError       the API server's answer is an error
    ├── UnreachableError    there is no answer, or the credentials are refused
    └── ForbiddenError      the user may not do that
"""

from __future__ import annotations

import json
from typing import cast

from wideep.errors import WideepError

__all__ = ["ClusterError", "ForbiddenError", "UnreachableError", "refused", "silent"]

UNAUTHORIZED = 401
FORBIDDEN = 403


class ClusterError(WideepError):
    """The cluster cannot or will not answer. ``status`` is the HTTP status, 0 where there was none."""

    def __init__(self, message: str, status: int = 0) -> None:
        super().__init__(message)
        self.status = status


class UnreachableError(ClusterError):
    """No answer, or no way in: whatever is asked next fails as well."""


class ForbiddenError(ClusterError):
    """RBAC says no. ``verb`` and ``resource`` as a Role has them (``list``, ``nodes``)."""

    def __init__(self, verb: str, resource: str, where: str) -> None:
        super().__init__(f"This user may not {verb} {resource} {where} (`wideep rbac` prints the Role).", FORBIDDEN)
        self.verb, self.resource = verb, resource


def refused(status: int, body: str, verb: str, resource: str, where: str) -> ClusterError:
    """An answer of the API server that is an error. ``where`` is ``in namespace NAME`` or ``on the cluster``."""
    if status == UNAUTHORIZED:
        return UnreachableError(
            "The cluster refuses the credentials (401): log in again, or name another context "
            "(pulumi config set kubernetes:context NAME).",
            status,
        )
    if status == FORBIDDEN:
        return ForbiddenError(verb, resource, where)
    return ClusterError(f"The API server does not {verb} {resource} {where}: {_message(body)} ({status}).", status)


def silent(server: str, error: Exception) -> UnreachableError:
    """No answer at all: the innermost reason, in a sentence."""
    inner: BaseException = error
    while inner.__context__ is not None or inner.__cause__ is not None:
        inner = cast(BaseException, inner.__cause__ or inner.__context__)
    strerror = getattr(inner, "strerror", None)
    words = str(strerror or inner or type(inner).__name__).strip().rstrip(".")
    return UnreachableError(f"The cluster at {server} does not answer: {words}. `kubectl version` should say the same.")


def _message(body: str) -> str:
    try:
        content: object = json.loads(body)
    except ValueError:
        return body.strip().splitlines()[0] if body.strip() else "no reason given"
    message = cast("dict[str, object]", content).get("message") if isinstance(content, dict) else None
    return str(message or "no reason given").rstrip(".")
