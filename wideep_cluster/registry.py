"""A client for container registries (OCI distribution): whether an image exists, and its manifest."""

from __future__ import annotations

import base64
import json
import os
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlencode, urlsplit

from wideep.image_reference import DOCKER_HUB, ImageReference
from wideep_cluster.http import Answer, request

__all__ = ["Login", "Reference", "blob", "manifest", "ping", "stored_login"]

MANIFESTS: Final = ", ".join(
    [
        "application/vnd.oci.image.index.v1+json",
        "application/vnd.oci.image.manifest.v1+json",
        "application/vnd.docker.distribution.manifest.list.v2+json",
        "application/vnd.docker.distribution.manifest.v2+json",
    ]
)
LOOPBACK: Final = ("localhost", "127.0.0.1", "[::1]")
PARAMETER: Final = re.compile(r'(\w+)="([^"]*)"')
HUB: Final = "registry-1.docker.io"
HUB_NAMES: Final = (DOCKER_HUB, "index.docker.io")
HUB_LOGIN: Final = "https://index.docker.io/v1/"
"""Docker Hub's key in a Docker config."""


@dataclass(frozen=True)
class Login:
    """A username and a password. The password is sent to the registry, and to the token server that its challenge
    names."""

    username: str
    password: str = field(repr=False)

    @property
    def basic(self) -> Mapping[str, str]:
        """The header of HTTP basic authentication."""
        both = base64.b64encode(f"{self.username}:{self.password}".encode()).decode()
        return {"Authorization": f"Basic {both}"}


@dataclass(frozen=True)
class Reference:
    """An image: registry host, repository, and tag or digest."""

    host: str
    repository: str
    version: str

    @classmethod
    def parse(cls, text: str) -> Reference:
        """Parse a reference as Docker does, with the host that answers for its registry."""
        read = ImageReference.parse(text)
        host = HUB if read.registry in HUB_NAMES else read.registry
        return cls(host, read.path, read.digest or read.tag or "latest")

    @property
    def base(self) -> str:
        """The base URL of the registry's API."""
        # Compare the whole name: 127.0.0.1.example.com is not this machine.
        scheme = "http" if re.sub(r":[0-9]+$", "", self.host) in LOOPBACK else "https"
        return f"{scheme}://{self.host}/v2/"


def ping(reference: Reference) -> int:
    """Return the status of the registry's API: 200, or 401 if it requires credentials.

    Raises:
        WebError: there is no answer.
    """
    return request(reference.base).status


def manifest(reference: Reference, login: Login | None = None) -> tuple[int, bytes]:
    """Return the status of the answer, and the manifest.

    Raises:
        WebError: there is no answer.
    """
    answer = _get(reference, f"manifests/{reference.version}", login)
    return answer.status, answer.body


def blob(reference: Reference, digest: str, login: Login | None = None) -> tuple[int, bytes]:
    """Return the status of the answer, and a blob of the image's repository by its digest.

    Raises:
        WebError: there is no answer.
    """
    answer = _get(reference, f"blobs/{digest}", login)
    return answer.status, answer.body


def stored_login(host: str) -> Login | None:
    """Return the login that `helm registry login` or `docker login` has stored in clear text; None if there is none, or
    if a credential helper keeps it."""
    name = HUB_LOGIN if host == HUB else host
    for file in _login_files():
        try:
            entry = json.loads(file.read_text(encoding="utf-8"))["auths"][name]
            username, _, password = base64.b64decode(entry["auth"]).decode().partition(":")
        except (OSError, ValueError, KeyError, TypeError):
            continue  # the file has no such login
        return Login(username, password)
    return None


def _login_files() -> Iterator[Path]:
    helm = os.environ.get("HELM_CONFIG_HOME") or Path.home() / ".config" / "helm"
    yield Path(os.environ.get("HELM_REGISTRY_CONFIG") or Path(helm) / "registry" / "config.json")
    yield Path(os.environ.get("DOCKER_CONFIG") or Path.home() / ".docker") / "config.json"


def _get(reference: Reference, path: str, login: Login | None) -> Answer:
    """Send a request without credentials first, then as the registry's challenge requires."""
    url, accept = f"{reference.base}{reference.repository}/{path}", {"Accept": MANIFESTS}
    answer = request(url, headers=accept)
    if answer.status != 401:
        return answer
    proof = _proof(answer.headers.get("www-authenticate", ""), reference, login)
    return request(url, headers={**accept, **proof}) if proof else answer


def _proof(challenge: str, reference: Reference, login: Login | None) -> Mapping[str, str]:
    """Return the header that answers the challenge: the login itself, or a token, which many registries issue to
    everybody. Empty if there is none to send."""
    fields = dict(PARAMETER.findall(challenge))
    if not challenge.lower().startswith("bearer") or "realm" not in fields:
        return login.basic if login and challenge.lower().startswith("basic") else {}
    realm = urlsplit(str(fields["realm"]))
    if login and realm.scheme != "https" and (realm.scheme, realm.netloc) != ("http", reference.host):
        return {}  # never send a password in clear text
    query = {"service": fields.get("service", ""), "scope": f"repository:{reference.repository}:pull"}
    given = request(f"{fields['realm']}?{urlencode(query)}", headers=login.basic if login else None)
    if given.status != 200:
        return {}
    body: dict[str, Any] = json.loads(given.body)
    return {"Authorization": f"Bearer {body.get('token') or body.get('access_token')}"}
