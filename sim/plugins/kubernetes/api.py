"""A small client of the Kubernetes API: any kind of object, by its apiVersion and kind.

The official client takes 0.7 s to import, more than all the rest of this plugin, and what it adds, typed models,
is of no use to a plugin that passes objects through.
"""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import quote, urlencode, urlsplit

import urllib3

from sim.faults import store
from sim.plugins.kubernetes.kubeconfig import Connection
from sim.plugins.server import PluginError

Object = dict[str, Any]  # a Kubernetes object, as JSON has it

APPLY: Final = "application/apply-patch+yaml"
JSON_PATCH: Final = "application/json-patch+json"
DRY_RUN: Final = {"dryRun": "All"}
REFUSALS: Final = {
    429: "the server has received too many requests and has asked us to try again later",
    500: 'an error on the server ("etcdserver: request timed out") has prevented the request from succeeding',
}
SLOW_SECONDS: Final = 2.0  # that each call takes more under the fault api-slow
THROTTLE_RETRIES: Final = 10  # as client-go: a 429 or 5xx that says Retry-After is asked again this often


class ApiError(PluginError):
    """The API server refused: its Status object, in its own words."""

    def __init__(self, status: Object, code: int) -> None:
        super().__init__(status.get("message") or f"the server answered {code}")
        self.code = code
        self.reason: str = status.get("reason", "")
        self.details: Object = status.get("details") or {}


class UnreachableError(PluginError):
    """No answer from the API server."""


@dataclass(frozen=True)
class Place:
    """Where the objects of one kind live in the API."""

    prefix: str  # "/api/v1", "/apis/nvidia.com/v1alpha1"
    plural: str
    namespaced: bool

    def path(self, namespace: str | None, name: str | None = None) -> str:
        """The path of the kind's collection, or of one object in it."""
        parts = [self.prefix]
        if self.namespaced and namespace:
            parts += ["namespaces", quote(namespace)]
        parts.append(self.plural)
        if name:
            parts.append(quote(name))
        return "/".join(parts)


class NoKindError(PluginError):
    """The cluster does not know this kind (yet): its CustomResourceDefinition is not there."""

    def __init__(self, api_version: str, kind: str) -> None:
        super().__init__(f'no matches for kind "{kind}" in version "{api_version}"')


class Api:
    """Calls to one cluster; safe for use by many threads."""

    def __init__(self, connection: Connection) -> None:
        self.connection = connection
        self._pool = urllib3.PoolManager(maxsize=32, retries=False, ssl_context=connection.tls)
        self._mappings: dict[tuple[str, str], Place] = {}
        self._calls = 0  # under the fault api-errors

    def call(
        self,
        method: str,
        path: str,
        *,
        query: Mapping[str, str] | None = None,
        body: Any = None,
        content: str = "application/json",
    ) -> Object:
        """One call; returns the object of the answer.

        Raises:
            ApiError: The server refused.
            UnreachableError: It did not answer.
        """
        response = self._send(method, path, query, body, content)
        for _ in range(THROTTLE_RETRIES):
            wait = response.headers.get("Retry-After", "")
            if not (wait.isdigit() and (response.status == 429 or response.status >= 500)):
                break
            time.sleep(int(wait))
            response = self._send(method, path, query, body, content)
        answer = _parse(response.data)
        if response.status >= 400:
            raise ApiError(answer, response.status)
        return answer

    def _send(
        self, method: str, path: str, query: Mapping[str, str] | None, body: Any, content: str, **options: Any
    ) -> urllib3.BaseHTTPResponse:
        if refusal := self._fault(path):
            return refusal
        url = self.connection.server + path + (f"?{urlencode(query)}" if query else "")
        data = None if body is None else json.dumps(body).encode()
        try:
            return self._pool.request(
                method, url, body=data, headers={**self.connection.headers, "Content-Type": content}, **options
            )
        except urllib3.exceptions.HTTPError as error:
            raise UnreachableError(f'{method.capitalize()} "{url}": {self._why(error)}') from error

    def _fault(self, path: str) -> urllib3.BaseHTTPResponse | None:
        """The faults api-slow and api-errors: a pause, and at every third call an answer that is none."""
        if store.active("api-slow", path):
            time.sleep(SLOW_SECONDS)
        if not store.active("api-errors", path):
            return None
        self._calls += 1
        if self._calls % 3:
            return None
        code, reason = (429, "TooManyRequests") if self._calls % 2 else (500, "InternalError")
        status = {"code": code, "reason": reason, "message": REFUSALS[code]}
        headers = {"Retry-After": "1"} if code == 429 else {}
        return urllib3.HTTPResponse(json.dumps(status).encode(), headers=headers, status=code)

    def _why(self, error: urllib3.exceptions.HTTPError) -> str:
        if isinstance(error, urllib3.exceptions.NewConnectionError):
            return f"dial tcp {urlsplit(self.connection.server).netloc}: connect: connection refused"
        lost = isinstance(error, urllib3.exceptions.ProtocolError)
        return "EOF" if lost else str(error)  # as Go calls a connection that its server has closed

    def mapping(self, api_version: str, kind: str) -> Place:
        """Where objects of a kind live; a kind that is not there is asked for again the next time.

        Raises:
            NoKindError: The server does not serve it.
        """
        key = (api_version, kind)
        if key not in self._mappings:
            prefix = f"/api/{api_version}" if "/" not in api_version else f"/apis/{api_version}"
            try:
                listed = self.call("GET", prefix)["resources"]
            except ApiError as error:
                if error.code != 404:
                    raise
                raise NoKindError(api_version, kind) from error
            for entry in listed:
                if "/" not in entry["name"]:
                    self._mappings[api_version, entry["kind"]] = Place(prefix, entry["name"], entry["namespaced"])
        if key not in self._mappings:
            raise NoKindError(api_version, kind)
        return self._mappings[key]

    def path(self, api_version: str, kind: str, namespace: str | None, name: str | None = None) -> str:
        """The path of a kind's collection, or of one object; without a namespace, the connection's own."""
        return self.mapping(api_version, kind).path(namespace or self.connection.namespace, name)

    def get(self, api_version: str, kind: str, namespace: str | None, name: str) -> Object:
        """One object."""
        return self.call("GET", self.path(api_version, kind, namespace, name))

    def watch(self, path: str, query: Mapping[str, str]) -> Watch:
        """All objects of a collection now, as ADDED events, and then every change."""
        wanted = {**query, "watch": "true", "timeoutSeconds": "300"}
        response = self._send("GET", path, wanted, None, "application/json", preload_content=False)
        if response.status >= 400:
            raise ApiError(_parse(response.data), response.status)
        return Watch(response)


class Watch:
    """The events of one watch call; ends when the server, or `close`, ends it."""

    def __init__(self, response: urllib3.BaseHTTPResponse) -> None:
        self._response = response
        self._closed = threading.Event()

    def __iter__(self) -> Iterator[tuple[str, Object]]:
        rest = b""
        try:
            for chunk in self._response.stream(amt=None):
                *lines, rest = (rest + chunk).split(b"\n")
                for line in filter(None, lines):
                    event = json.loads(line)
                    if event["type"] == "ERROR":
                        return
                    yield event["type"], event["object"]
        except (urllib3.exceptions.HTTPError, OSError, ValueError):
            # A watch may break at any moment; who reads it starts another one, unless it was closed on purpose.
            return

    def close(self) -> None:
        """End the watch, also while another thread reads it."""
        self._closed.set()
        try:
            self._response.shutdown()
        except (OSError, ValueError, RuntimeError):
            self._response.close()


def _parse(data: bytes) -> Object:
    try:
        answer = json.loads(data or b"{}")
    except ValueError:
        return {"message": data.decode(errors="replace").strip()}
    return answer if isinstance(answer, dict) else {}
