"""Where the cluster is, and how to log in to it: the part of a kubeconfig file that a client needs."""

from __future__ import annotations

import base64
import os
import ssl
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml


class BadKubeconfigError(Exception):
    """The kubeconfig cannot be used; the text says which file, and why."""


@dataclass(frozen=True)
class Connection:
    """One context of a kubeconfig, resolved; `path` is the file, None when the configuration came as text."""

    server: str
    namespace: str
    context: str
    path: Path | None
    text: str = field(repr=False)
    headers: dict[str, str] = field(repr=False)
    tls: ssl.SSLContext | None = field(repr=False)

    @contextmanager
    def file(self) -> Iterator[Path]:
        """The configuration as a file, for a program that reads one; a copy is private, and gone afterwards."""
        if self.path:
            yield self.path
            return
        with tempfile.NamedTemporaryFile("w", prefix="kubeconfig-") as copy:
            copy.write(self.text)
            copy.flush()
            yield Path(copy.name)


def connect(
    source: str | None, *, context: str | None = None, cluster: str | None = None, namespace: str | None = None
) -> Connection:
    """Resolve the provider's configuration to one connection.

    Args:
        source: A kubeconfig's text or path; None for $KUBECONFIG, else ~/.kube/config, as kubectl does.
        context: The context's name, instead of the file's current one.
        cluster: The cluster's name, instead of the context's.
        namespace: The default namespace, instead of the context's.

    Raises:
        BadKubeconfigError: No file, no such context, or a way to log in that a stand-in does not know (`exec`).
    """
    path, text = _read(source)
    said = str(path or "the kubeconfig")
    try:
        config = yaml.safe_load(text)
    except yaml.YAMLError as error:
        raise BadKubeconfigError(f"{said} is not YAML: {error}") from error
    if not isinstance(config, dict):
        raise BadKubeconfigError(f"{said} is not a kubeconfig")
    name = context or config.get("current-context") or ""
    chosen = _named(config, "context", name, said)
    where = _named(config, "cluster", cluster or chosen.get("cluster", ""), said)
    user = _named(config, "user", chosen.get("user", ""), said)
    if "exec" in user or "auth-provider" in user:
        raise BadKubeconfigError(f"user {chosen.get('user')!r} of {said} logs in with a program: use a certificate")
    return Connection(
        server=where.get("server", "http://localhost:8080").rstrip("/"),
        namespace=namespace or chosen.get("namespace") or "default",
        context=name,
        path=path,
        text=text,
        headers=_headers(user),
        tls=_tls(where, user, path.parent if path else Path.cwd()),
    )


def _read(source: str | None) -> tuple[Path | None, str]:
    """The configuration's file, if it is one, and its text."""
    if source and "\n" in source:
        return None, source
    named = source or os.environ.get("KUBECONFIG", "").split(os.pathsep)[0] or "~/.kube/config"
    path = Path(named).expanduser()
    try:
        return path, path.read_text()
    except OSError as error:
        raise BadKubeconfigError(f"cannot read {path}: {error.strerror}") from error


def _named(config: dict[str, Any], kind: str, name: str, said: str) -> dict[str, Any]:
    """One entry of the lists `contexts`, `clusters`, `users`."""
    for entry in config.get(f"{kind}s") or []:
        if entry.get("name") == name:
            return entry.get(kind) or {}
    if not name:
        raise BadKubeconfigError(f"{said} names no {kind}")
    raise BadKubeconfigError(f'{kind} "{name}" does not exist in {said}')


def _headers(user: dict[str, Any]) -> dict[str, str]:
    if token := user.get("token"):
        return {"Authorization": f"Bearer {token}"}
    if "username" in user:
        pair = f"{user['username']}:{user.get('password', '')}".encode()
        return {"Authorization": f"Basic {base64.b64encode(pair).decode()}"}
    return {}


def _tls(cluster: dict[str, Any], user: dict[str, Any], folder: Path) -> ssl.SSLContext | None:
    if not str(cluster.get("server", "")).startswith("https:"):
        return None
    authority = _bytes(cluster, "certificate-authority", folder)
    tls = ssl.create_default_context(cadata=authority.decode() if authority else None)
    if cluster.get("insecure-skip-tls-verify"):
        tls.check_hostname = False
        tls.verify_mode = ssl.CERT_NONE
    certificate, key = _bytes(user, "client-certificate", folder), _bytes(user, "client-key", folder)
    if certificate and key:
        with tempfile.NamedTemporaryFile() as pair:  # only for this user; `ssl` takes nothing but a file
            pair.write(certificate + b"\n" + key)
            pair.flush()
            tls.load_cert_chain(pair.name)
    return tls


def _bytes(entry: dict[str, Any], key: str, folder: Path) -> bytes | None:
    """A certificate or key: in the file itself as base64, or in a file beside it."""
    if data := entry.get(f"{key}-data"):
        return base64.b64decode(data)
    if name := entry.get(key):
        try:
            return (folder / name).read_bytes()
        except OSError as error:
            raise BadKubeconfigError(f"cannot read {name}: {error.strerror}") from error
    return None
