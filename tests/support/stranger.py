"""An attacker at a port, either another user of this machine or a foreign web page: the requests, and whether any is
accepted.

python -m tests.support.stranger PORT prints the answers to requests that were accepted.
"""

from __future__ import annotations

import json
import os
import socket
import ssl
import sys
from collections.abc import Callable, Iterator
from contextlib import closing, suppress

USER = 65534  # nobody
ORIGIN = "https://evil.example"
REFUSED = frozenset({400, 401, 403, 421})
"""Status codes that count as a refusal; 400 is a TLS server's answer to plain HTTP."""
_SECONDS = 5
_KEY = json.dumps({"key": "Lw==", "range_end": "AA=="})
_ASKED = (
    ("GET", "/", ""),
    ("GET", "/metrics", ""),
    ("GET", "/debug/pprof/", ""),
    ("GET", "/v2/_catalog", ""),  # a registry
    ("GET", "/v1/models", ""),  # Dynamo
    ("POST", "/v3/kv/range", _KEY),  # etcd
    ("GET", "/members", ""),  # etcd's peers
    ("GET", "/api/v1/secrets", ""),  # an API server
    ("GET", "/containerLogs/default/pod/main", ""),  # a kubelet
    ("POST", "/exec/default/pod/main?command=id&output=1", ""),
)
_SOCKET = "\r\n".join(
    (
        *("Connection: Upgrade", "Upgrade: websocket"),
        *("Sec-WebSocket-Version: 13", "Sec-WebSocket-Key: c2ltdWxhdGVkIGtleSE="),
    )
)


def let_in(port: int) -> list[str]:
    """Return the answers that were not refusals; empty if the port is protected."""
    found = [answer for request in _requests(port) for tls in (False, True) if (answer := _http(port, request, tls))]
    return found + [answer for answer in [_nats(port)] if answer]


def _requests(port: int) -> Iterator[bytes]:
    for host in (f"127.0.0.1:{port}", "evil.example"):
        for method, path, body in _ASKED:
            head = f"{method} {path} HTTP/1.1\r\nHost: {host}\r\nOrigin: {ORIGIN}\r\nContent-Length: {len(body)}\r\n"
            yield f"{head}Connection: close\r\n\r\n{body}".encode()
        path = "/exec/default/pod/main?command=id&output=1"
        yield f"GET {path} HTTP/1.1\r\nHost: {host}\r\nOrigin: {ORIGIN}\r\n{_SOCKET}\r\n\r\n".encode()


def _http(port: int, request: bytes, tls: bool) -> str:
    said = _ask(port, request, tls)
    status, shared = _status(said), f"access-control-allow-origin: {ORIGIN}".encode()
    if not said or (status in REFUSED and shared not in said.lower()):
        return ""
    return f"{request.splitlines()[0].decode()}: {said[:120].decode(errors='replace')!r}"


def _status(said: bytes) -> int | None:
    words = said.split(None, 2)
    return int(words[1]) if len(words) > 1 and words[0].startswith(b"HTTP/") and words[1].isdigit() else None


def _nats(port: int) -> str:
    said = _ask(port, b'CONNECT {"verbose":false}\r\nSUB > 1\r\nPING\r\n', tls=False)
    return f"SUB >: {said[-120:].decode(errors='replace')!r}" if b"PONG" in said else ""


def _ask(port: int, request: bytes, tls: bool) -> bytes:
    """Return all that is answered within five seconds; empty if the server closes the connection or wants a
    certificate."""
    said = b""
    with suppress(OSError), closing(socket.create_connection(("127.0.0.1", port), _SECONDS)) as plain:
        plain.settimeout(_SECONDS)
        with _tls().wrap_socket(plain) if tls else plain as stream:
            stream.sendall(request)
            while len(said) < 1 << 16 and (block := stream.recv(1 << 12)):
                said += block
                if b"PONG" in said or b"-ERR" in said or _status(said):
                    break
    # A TLS alert (a certificate is required) or another protocol's greeting is not an answer.
    return b"" if said.startswith((b"INFO ", b"\x15\x03")) and b"PONG" not in said else said


def _tls() -> ssl.SSLContext:
    context = ssl.create_default_context()
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    return context


def as_stranger(ask: Callable[[], list[str]]) -> list[str]:
    """Return what `ask` returns when it runs as user nobody, without groups. Only root can switch to that user."""
    reader, writer = os.pipe()
    child = os.fork()
    if not child:
        os.close(reader)
        try:
            os.setgroups([])
            os.setresgid(USER, USER, USER)
            os.setresuid(USER, USER, USER)
            said = json.dumps(ask())
        except BaseException as error:
            said = json.dumps([f"{type(error).__name__}: {error}"])
        os.write(writer, said.encode())
        os._exit(0)
    os.close(writer)
    with os.fdopen(reader) as answer:
        said = answer.read()
    os.waitpid(child, 0)
    return json.loads(said)


if __name__ == "__main__":
    sys.stdout.write(json.dumps(let_in(int(sys.argv[1]))))
