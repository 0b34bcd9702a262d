"""One GET to the API server: the question, and its answer whole or line by line."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, cast

from wideep_cluster.errors import ClusterError, refused, silent

if TYPE_CHECKING:
    from kubernetes.client import ApiClient

__all__ = ["READ_SECONDS", "Query", "Question", "find", "read", "server_of", "stream"]

Query = tuple[tuple[str, str], ...]
NOT_FOUND: Final = 404
CONNECT_SECONDS: Final = 5
READ_SECONDS: Final = 30


@dataclass(frozen=True)
class Question:
    """What is asked: in the words of RBAC, for the sentence when it is refused, and as a GET."""

    verb: str
    resource: str
    where: str
    path: str
    query: Query = ()
    accept: str = "application/json, */*"


def server_of(api: ApiClient) -> str:
    """The API server's address."""
    return str(cast("Any", api).configuration.host)


def stream(api: ApiClient, asked: Question, seconds: float | None) -> Iterator[bytes]:
    """An answer line by line, as it comes. ``seconds``: give up when nothing comes for so long."""
    from urllib3.exceptions import HTTPError, ReadTimeoutError

    response = _ask(api, asked, seconds)
    try:
        yield from (line for line in _lines(response) if line.strip())
    except ReadTimeoutError:
        return
    except HTTPError as error:
        raise silent(server_of(api), error) from error
    finally:
        response.close()


def find(api: ApiClient, asked: Question) -> bytes | None:
    """The body of an answer; None for 404."""
    try:
        return read(api, asked)
    except ClusterError as error:
        if error.status == NOT_FOUND:
            return None
        raise


def read(api: ApiClient, asked: Question) -> bytes:
    """The body of an answer.

    Raises:
        ForbiddenError: RBAC says no.
        UnreachableError: there is no answer.
        ClusterError: the answer is another error.
    """
    from urllib3.exceptions import HTTPError

    response = _ask(api, asked, READ_SECONDS)
    try:
        return bytes(response.read())
    except HTTPError as error:
        raise silent(server_of(api), error) from error
    finally:
        response.release_conn()


def _ask(api: ApiClient, asked: Question, seconds: float | None) -> Any:
    """The answer to a GET, not yet read, with a status below 400."""
    from kubernetes.client import ApiException
    from urllib3.exceptions import HTTPError

    client = cast("Any", api)
    try:
        request = cast("Callable[..., tuple[Any, ...]]", client.param_serialize)(
            "GET",
            asked.path,
            query_params=asked.query,
            header_params={"Accept": asked.accept},
            auth_settings=["BearerToken"],
        )
        response = client.call_api(*request, _request_timeout=(CONNECT_SECONDS, seconds)).response
    except (HTTPError, OSError, ApiException) as error:
        raise silent(server_of(api), error) from error
    if response.status >= 400:
        body = bytes(response.read()).decode("utf-8", "replace")
        response.release_conn()
        raise refused(int(response.status), body, asked.verb, asked.resource, asked.where)
    return response


def _lines(response: Any) -> Iterator[bytes]:
    """Whole lines out of whatever pieces arrive."""
    rest = b""
    for piece in cast("Iterator[bytes]", response.stream(65536, decode_content=True)):
        *whole, rest = (rest + piece).split(b"\n")
        yield from whole
    if rest:
        yield rest
