"""A single request to the API server, whose answer is read as a whole or line by line."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, cast

from wideep_cluster.errors import ClusterError, api_error, unreachable

if TYPE_CHECKING:
    from kubernetes.client import ApiClient

__all__ = ["READ_SECONDS", "ApiRequest", "Lines", "Query", "find", "read", "server_of"]

Query = tuple[tuple[str, str], ...]
NOT_FOUND: Final = 404
CONNECT_SECONDS: Final = 5
READ_SECONDS: Final = 30


@dataclass(frozen=True)
class ApiRequest:
    """A request, and its description in the terms of RBAC for the error message if it is refused."""

    verb: str
    resource: str
    where: str
    path: str
    query: Query = ()
    accept: str = "application/json, */*"
    method: str = "GET"
    body: Mapping[str, object] | None = None
    """The object to create or patch, as JSON."""
    content: str = "application/json"
    """The content type of the body."""


def server_of(api: ApiClient) -> str:
    """Return the API server's address."""
    return str(cast("Any", api).configuration.host)


class Lines:
    """The lines of an answer as they arrive, until it ends or is closed. The request is sent when the lines are first
    read. Reading gives up if nothing arrives for ``seconds``."""

    def __init__(self, api: ApiClient, asked: ApiRequest, seconds: float | None) -> None:
        self._api, self._asked, self._seconds = api, asked, seconds
        self._answer: Any = None
        self._closed = False

    def __iter__(self) -> Iterator[bytes]:
        from urllib3.exceptions import HTTPError, ReadTimeoutError

        answer = self._answer = _open(self._api, self._asked, self._seconds)
        try:
            if not self._closed:
                yield from (line for line in _lines(answer) if line.strip())
        except HTTPError as error:
            if not self._closed and not isinstance(error, ReadTimeoutError):
                raise unreachable(server_of(self._api), error) from error
        finally:
            answer.close()

    def close(self) -> None:
        """End the answer from another thread than the one that reads it."""
        self._closed = True
        if self._answer is not None:
            with suppress(OSError, RuntimeError, ValueError):  # the answer has already ended
                self._answer.shutdown()


def find(api: ApiClient, asked: ApiRequest) -> bytes | None:
    """Return the body of the answer; None for 404. Raise the errors of ``read``."""
    try:
        return read(api, asked)
    except ClusterError as error:
        if error.status == NOT_FOUND:
            return None
        raise


def read(api: ApiClient, asked: ApiRequest) -> bytes:
    """Return the body of the answer.

    Raises:
        ForbiddenError: RBAC denies the request.
        UnreachableError: there is no answer.
        ClusterError: the answer is another error.
    """
    from urllib3.exceptions import HTTPError

    response = _open(api, asked, READ_SECONDS)
    try:
        return bytes(response.read())
    except HTTPError as error:
        raise unreachable(server_of(api), error) from error
    finally:
        response.release_conn()


def _open(api: ApiClient, asked: ApiRequest, seconds: float | None) -> Any:
    """Return the answer, whose status is below 400, before its body is read.

    Raises:
        ClusterError: there is no answer, or it is an error.
    """
    from kubernetes.client import ApiException
    from urllib3.exceptions import HTTPError

    client = cast("Any", api)
    try:
        request = cast("Callable[..., tuple[Any, ...]]", client.param_serialize)(
            asked.method,
            asked.path,
            query_params=asked.query,
            header_params={"Accept": asked.accept, "Content-Type": asked.content},
            body=asked.body,
            auth_settings=["BearerToken"],
        )
        response = client.call_api(*request, _request_timeout=(CONNECT_SECONDS, seconds)).response
    except (HTTPError, OSError, ApiException) as error:
        raise unreachable(server_of(api), error) from error
    if response.status >= 400:
        body = bytes(response.read()).decode("utf-8", "replace")
        response.release_conn()
        raise api_error(int(response.status), body, asked.verb, asked.resource, asked.where)
    return response


def _lines(response: Any) -> Iterator[bytes]:
    """Yield whole lines from the chunks in which the answer arrives."""
    rest = b""
    for piece in cast("Iterator[bytes]", response.stream(65536, decode_content=True)):
        *whole, rest = (rest + piece).split(b"\n")
        yield from whole
    if rest:
        yield rest
