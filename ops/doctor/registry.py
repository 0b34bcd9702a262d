"""Container registries, asked as a client without credentials."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import Final
from urllib.parse import urlencode

from ops.doctor.web import Answer, ask

__all__ = ["Reference", "manifest_status", "reaches"]

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


@dataclass(frozen=True)
class Reference:
    """An image: registry, repository in it, tag or digest."""

    host: str
    repository: str
    version: str

    @classmethod
    def parse(cls, text: str) -> Reference:
        """As Docker reads it: without a host in front it is Docker Hub's."""
        first, _, rest = text.partition("/")
        named = rest and ("." in first or ":" in first or first == "localhost")
        host, path = (first, rest) if named else ("registry-1.docker.io", text if "/" in text else f"library/{text}")
        if "@" in path:
            repository, _, version = path.partition("@")
            return cls(host, repository.partition(":")[0], version)
        repository, _, version = path.partition(":")
        return cls(host, repository, version or "latest")

    @property
    def base(self) -> str:
        """Of the registry's API."""
        scheme = "http" if self.host.startswith(LOOPBACK) else "https"
        return f"{scheme}://{self.host}/v2/"


def reaches(reference: Reference) -> int:
    """The status of the registry's own API: 200, or 401 where it wants credentials.

    Raises:
        WebError: there is no answer.
    """
    return ask(reference.base).status


def manifest_status(reference: Reference) -> int:
    """The status with which the registry answers for the image: 200, 404, or 401 and 403 without credentials.

    Raises:
        WebError: there is no answer.
    """
    url = f"{reference.base}{reference.repository}/manifests/{reference.version}"
    answer = ask(url, method="HEAD", headers={"Accept": MANIFESTS})
    token = _anonymous(answer, reference) if answer.status == 401 else None
    if token is None:
        return answer.status
    return ask(url, method="HEAD", headers={"Accept": MANIFESTS, "Authorization": f"Bearer {token}"}).status


def _anonymous(answer: Answer, reference: Reference) -> str | None:
    """The token that a registry gives to everybody, from where its challenge says."""
    challenge = answer.headers.get("www-authenticate", "")
    fields = dict(PARAMETER.findall(challenge))
    if not challenge.lower().startswith("bearer") or "realm" not in fields:
        return None
    query = {"service": fields.get("service", ""), "scope": f"repository:{reference.repository}:pull"}
    given = ask(f"{fields['realm']}?{urlencode(query)}")
    if given.status != 200:
        return None
    body = json.loads(given.body)
    return body.get("token") or body.get("access_token")
