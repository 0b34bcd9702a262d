"""What can go wrong with a cluster, each as one sentence.

WideepError
└── ClusterError       the API server answers with an error
    ├── UnreachableError    there is no answer, or the credentials are refused
    └── ForbiddenError      the user may not do that
"""

from __future__ import annotations

import json
import re
from typing import Any, Final, cast

from wideep.errors import Problem, WideepError

__all__ = [
    "Answer",
    "ClusterError",
    "ForbiddenError",
    "UnreachableError",
    "api_error",
    "handshake_error",
    "unreachable",
]

UNAUTHORIZED: Final = 401
FORBIDDEN: Final = 403
TOO_MANY_REQUESTS: Final = 429
SERVER_ERROR: Final = 500
MEASURING: Final = (
    ("create", "jobs.batch"),
    ("delete", "jobs.batch"),
    ("create", "configmaps"),
    ("patch", "configmaps"),
)
"""Requests that only a burn-in makes."""
DENIED: Final = re.compile(r"cannot (\w+) resource")
"""The verb that RBAC lacks, in the API server's message: a websocket needs ``get``, and then ``create``."""


class ClusterError(WideepError):
    """The cluster cannot or will not answer. ``status`` is the HTTP status, 0 if there was none; ``reason`` is the
    server's message without the sentence around it."""

    def __init__(self, message: str, status: int = 0, reason: str = "") -> None:
        super().__init__(message)
        self.status, self.reason = status, reason or message

    @property
    def is_temporary(self) -> bool:
        """Whether a retry may succeed: there was no answer, or one that says "not now"."""
        return self.status in (0, TOO_MANY_REQUESTS) or self.status >= SERVER_ERROR


Answer = Problem | Exception | None
"""The result of a check: what is wrong, why that cannot be determined, or None if all is well."""


class UnreachableError(ClusterError):
    """No answer, or no access: further requests would fail as well."""


class ForbiddenError(ClusterError):
    """RBAC denies the request. ``verb`` and ``resource`` are as in a Role (``list``, ``nodes``)."""

    def __init__(self, verb: str, resource: str, where: str, reason: str = "") -> None:
        command = "wideep rbac --exec" if resource == "pods/exec" else "wideep rbac"
        command = "wideep rbac --burnin" if (verb, resource) in MEASURING else command
        super().__init__(
            f"This user may not {verb} {resource} {where} (`{command}` prints the Role).", FORBIDDEN, reason
        )
        self.verb, self.resource = verb, resource


def api_error(status: int, body: str, verb: str, resource: str, where: str) -> ClusterError:
    """Return the error for an error response of the API server. ``where`` is ``in namespace NAME`` or
    ``on the cluster``."""
    if status == UNAUTHORIZED:
        return UnreachableError(
            "The cluster rejects the credentials (401 Unauthorized): log in again, or set another context "
            "(pulumi config set kubernetes:context NAME).",
            status,
        )
    if status == FORBIDDEN:
        denied = DENIED.search(body)
        return ForbiddenError(denied[1] if denied else verb, resource, where, _message(body))
    message = f"The API server does not {verb} {resource} {where}: {_message(body)} ({status})."
    return ClusterError(message, status, _message(body))


def handshake_error(error: Exception, resource: str, where: str, what: str) -> ClusterError:
    """Return the error for a websocket that the API server does not open. ``what`` begins the sentence if RBAC is not
    the reason."""
    answer = cast("Any", error.__context__)  # websocket's own error: the client's has no status
    status = int(getattr(answer, "status_code", 0))
    body = bytes(getattr(answer, "resp_body", None) or b"").decode("utf-8", "replace")
    if status in (UNAUTHORIZED, FORBIDDEN):
        return api_error(status, body, "create", resource, where)
    reason = _message(body) if body else str(answer or error).strip().partition("\n")[0].rstrip(".")
    return ClusterError(f"{what}: {reason}.", status)


def unreachable(server: str, error: Exception) -> UnreachableError:
    """Return the error for a missing answer, with the innermost reason."""
    inner: BaseException = error
    while inner.__context__ is not None or inner.__cause__ is not None:
        inner = cast(BaseException, inner.__cause__ or inner.__context__)
    strerror = getattr(inner, "strerror", None)
    words = str(strerror or inner or type(inner).__name__).strip().rstrip(".")
    message = f"The cluster at {server} is unreachable: {words}. Check with `kubectl version`."
    return UnreachableError(message, reason=words)


def _message(body: str) -> str:
    try:
        content: object = json.loads(body)
    except ValueError:
        return body.strip().splitlines()[0] if body.strip() else "no reason given"
    message = cast("dict[str, object]", content).get("message") if isinstance(content, dict) else None
    return str(message or "no reason given").rstrip(".")
