"""Where the platform's charts come from (a Helm repository, an OCI registry, a folder), and what they hash to."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any
from urllib.parse import urljoin

from components.registry_api import Reference, manifest, stored_login
from components.web import WebError, ask

__all__ = ["ChartError", "archive_file", "chart_digest", "is_folder"]


class ChartError(Exception):
    """The chart cannot be read; the text says why, in a few words."""


def is_folder(charts: str) -> bool:
    """Neither a repository nor a registry."""
    return "://" not in charts


def archive_file(charts: str, chart: str, version: str) -> Path:
    """The chart in a folder, as ``helm pull`` leaves it."""
    return Path(charts) / f"{chart}-{version}.tgz"


def chart_digest(charts: str, chart: str, version: str) -> str:
    """``sha256:…`` of the chart: of its manifest in an OCI registry, as ``helm push`` and ``helm pull`` print it; else
    of its archive, as the repository's index and ``sha256sum`` have it.

    Raises:
        ChartError: it cannot be read from here.
    """
    try:
        content = _manifest(charts, chart, version) if charts.startswith("oci://") else _archive(charts, chart, version)
    except (WebError, OSError) as error:
        raise ChartError(str(error)) from error
    return f"sha256:{hashlib.sha256(content).hexdigest()}"


def _manifest(charts: str, chart: str, version: str) -> bytes:
    tag = version.replace("+", "_")  # as Helm writes it: a tag has no plus
    reference = Reference.parse(f"{charts.removeprefix('oci://').rstrip('/')}/{chart}:{tag}")
    status, body = manifest(reference, stored_login(reference.host))
    if status != 200:
        raise ChartError(f"the registry {reference.host} answers {status} for {reference.repository}:{tag}")
    return body


def _archive(charts: str, chart: str, version: str) -> bytes:
    if not is_folder(charts):
        return _fetched(_archive_url(charts, chart, version))
    file = archive_file(charts, chart, version)
    if not file.is_file():
        raise ChartError(f"there is no archive {file}, and an unpacked chart has no digest")
    return file.read_bytes()


def _archive_url(charts: str, chart: str, version: str) -> str:
    import yaml

    base = f"{charts.rstrip('/')}/"
    index: Any = yaml.safe_load(_fetched(f"{base}index.yaml"))
    entries: list[dict[str, Any]] = index.get("entries", {}).get(chart, [])
    for entry in entries:
        if str(entry["version"]) == version:
            return urljoin(base, entry["urls"][0])
    raise ChartError(f"the index of {charts} has no {chart} {version}")


def _fetched(url: str) -> bytes:
    answer = ask(url)
    if answer.status != 200:
        raise ChartError(f"{url} answers {answer.status}")
    return answer.body
