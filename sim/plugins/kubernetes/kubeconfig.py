"""Where the cluster is, and how to log in to it: the part of a kubeconfig file that a client needs."""

from __future__ import annotations

import base64
import os
import ssl
import tempfile
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml


class BadKubeconfigError(Exception):
    """The kubeconfig cannot be used; the text says which file, and why."""


@dataclass(frozen=True)
class Connection:
    """One context of a kubeconfig, resolved.

    `path` is a file that helm can read (a private copy when the configuration came as text), `context` the name in it.
    """

    server: str
    namespace: str
    path: Path
    context: str
    headers: dict[str, str] = field(repr=False)
    tls: ssl.SSLContext | None = field(repr=False)


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
    try:
        config = yaml.safe_load(text)
    except yaml.YAMLError as error:
        raise BadKubeconfigError(f"{path} is not YAML: {error}") from error
    if not isinstance(config, dict):
        raise BadKubeconfigError(f"{path} is not a kubeconfig")
    name = context or config.get("current-context") or ""
    chosen = _named(config, "contexts", "context", name, path)
    where = _named(config, "clusters", "cluster", cluster or chosen.get("cluster", ""), path)
    user = _named(config, "users", "user", chosen.get("user", ""), path)
    if "exec" in user or "auth-provider" in user:
        raise BadKubeconfigError(f"user {chosen.get('user')!r} of {path} logs in with a program: use a certificate")
    return Connection(
        server=where.get("server", "http://localhost:8080").rstrip("/"),
        namespace=namespace or chosen.get("namespace") or "default",
        path=path,
        context=name,
        headers=_headers(user),
        tls=_tls(where, user, path.parent),
    )


def _read(source: str | None) -> tuple[Path, str]:
    """The configuration's file and its text; a text gets a private file, for helm."""
    if source and "\n" in source:
        handle, name = tempfile.mkstemp(prefix="kubeconfig-", text=True)  # only for this user
        with os.fdopen(handle, "w") as file:
            file.write(source)
        return Path(name), source
    named = source or os.environ.get("KUBECONFIG", "").split(os.pathsep)[0] or "~/.kube/config"
    path = Path(named).expanduser()
    try:
        return path, path.read_text()
    except OSError as error:
        raise BadKubeconfigError(f"cannot read {path}: {error.strerror}") from error


def _named(config: dict[str, Any], kinds: str, kind: str, name: str, path: Path) -> dict[str, Any]:
    for entry in config.get(kinds) or []:
        if entry.get("name") == name:
            return entry.get(kind) or {}
    if not name:
        raise BadKubeconfigError(f"{path} names no {kind}")
    raise BadKubeconfigError(f'{kind} "{name}" does not exist in {path}')


def _headers(user: dict[str, Any]) -> dict[str, str]:
    if token := user.get("token") or (Path(user["tokenFile"]).read_text().strip() if "tokenFile" in user else None):
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
