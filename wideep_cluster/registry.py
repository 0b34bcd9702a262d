"""Container registries, asked over their HTTP API (OCI distribution): whether an image is there, and its digest."""

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
"""Docker Hub's name in a Docker config."""


@dataclass(frozen=True)
class Login:
    """Who asks. The password goes to the registry, and to where its challenge sends for a token."""

    username: str
    password: str = field(repr=False)

    @property
    def basic(self) -> Mapping[str, str]:
        """The header of HTTP's basic scheme."""
        both = base64.b64encode(f"{self.username}:{self.password}".encode()).decode()
        return {"Authorization": f"Basic {both}"}


@dataclass(frozen=True)
class Reference:
    """An image: registry, repository in it, tag or digest."""

    host: str
    repository: str
    version: str

    @classmethod
    def parse(cls, text: str) -> Reference:
        """Read the reference as Docker does, its registry by the host that answers for it."""
        read = ImageReference.parse(text)
        host = HUB if read.registry in HUB_NAMES else read.registry
        return cls(host, read.path, read.digest or read.tag or "latest")

    @property
    def base(self) -> str:
        """Of the registry's API."""
        # The whole name: 127.0.0.1.example.com is somebody else's.
        scheme = "http" if re.sub(r":[0-9]+$", "", self.host) in LOOPBACK else "https"
        return f"{scheme}://{self.host}/v2/"


def ping(reference: Reference) -> int:
    """Return the status of the registry's own API: 200, or 401 where it wants credentials.

    Raises:
        WebError: there is no answer.
    """
    return request(reference.base).status


def manifest(reference: Reference, login: Login | None = None) -> tuple[int, bytes]:
    """The answer's status, and the manifest itself.

    Raises:
        WebError: there is no answer.
    """
    answer = _get(reference, f"manifests/{reference.version}", login)
    return answer.status, answer.body


def blob(reference: Reference, digest: str, login: Login | None = None) -> tuple[int, bytes]:
    """The answer's status, and a part of the image's repository by its digest.

    Raises:
        WebError: there is no answer.
    """
    answer = _get(reference, f"blobs/{digest}", login)
    return answer.status, answer.body


def stored_login(host: str) -> Login | None:
    """What `helm registry login` or `docker login` has stored in clear; None for one that a credential helper keeps."""
    name = HUB_LOGIN if host == HUB else host
    for file in _login_files():
        try:
            entry = json.loads(file.read_text(encoding="utf-8"))["auths"][name]
            username, _, password = base64.b64decode(entry["auth"]).decode().partition(":")
        except (OSError, ValueError, KeyError, TypeError):
            continue  # it has no such login
        return Login(username, password)
    return None


def _login_files() -> Iterator[Path]:
    helm = os.environ.get("HELM_CONFIG_HOME") or Path.home() / ".config" / "helm"
    yield Path(os.environ.get("HELM_REGISTRY_CONFIG") or Path(helm) / "registry" / "config.json")
    yield Path(os.environ.get("DOCKER_CONFIG") or Path.home() / ".docker") / "config.json"


def _get(reference: Reference, path: str, login: Login | None) -> Answer:
    """Without credentials first, then as the registry's challenge wants it."""
    url, accept = f"{reference.base}{reference.repository}/{path}", {"Accept": MANIFESTS}
    answer = request(url, headers=accept)
    if answer.status != 401:
        return answer
    proof = _proof(answer.headers.get("www-authenticate", ""), reference, login)
    return request(url, headers={**accept, **proof}) if proof else answer


def _proof(challenge: str, reference: Reference, login: Login | None) -> Mapping[str, str]:
    """The header that meets the challenge: the login itself, or a token, which many registries give to everybody."""
    fields = dict(PARAMETER.findall(challenge))
    if not challenge.lower().startswith("bearer") or "realm" not in fields:
        return login.basic if login and challenge.lower().startswith("basic") else {}
    realm = urlsplit(str(fields["realm"]))
    if login and realm.scheme != "https" and (realm.scheme, realm.netloc) != ("http", reference.host):
        return {}  # a password does not travel in clear
    query = {"service": fields.get("service", ""), "scope": f"repository:{reference.repository}:pull"}
    given = request(f"{fields['realm']}?{urlencode(query)}", headers=login.basic if login else None)
    if given.status != 200:
        return {}
    body: dict[str, Any] = json.loads(given.body)
    return {"Authorization": f"Bearer {body.get('token') or body.get('access_token')}"}
