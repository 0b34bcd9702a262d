"""The source of the platform's charts (a Helm repository, an OCI registry or a folder): their digests and files."""

from __future__ import annotations

import hashlib
import io
import json
import tarfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final
from urllib.parse import urljoin

from wideep_cluster.http import WebError, request
from wideep_cluster.registry import Reference, blob, manifest, stored_login

__all__ = ["Chart", "ChartError", "is_folder"]

LAYER: Final = "application/vnd.cncf.helm.chart.content.v1.tar+gzip"
File = tuple[str, bytes]


class ChartError(Exception):
    """The chart cannot be read; the text says why, in a few words. ``status`` is the HTTP status, 0 if there is
    none."""

    def __init__(self, message: str, status: int = 0) -> None:
        super().__init__(message)
        self.status = status


def is_folder(charts: str) -> bool:
    """Tell whether the source is a folder, and not a repository or a registry."""
    return "://" not in charts


@dataclass(frozen=True)
class Chart:
    """One chart at its source."""

    charts: str
    """The source, as in ``platform.charts``."""
    name: str
    version: str

    @property
    def file(self) -> Path:
        """The path of its archive in a folder, as ``helm pull`` writes it."""
        return Path(self.charts) / f"{self.name}-{self.version}.tgz"

    def look(self) -> None:
        """Check that the source has the chart.

        Raises:
            ChartError: it does not, or cannot be asked.
        """
        try:
            if self._in_registry:
                self._manifest()
            elif not is_folder(self.charts):
                self._url()
            elif not self.file.is_file() and not (self.file.with_name(self.name) / "Chart.yaml").is_file():
                raise ChartError(f"{self.charts} contains neither {self.name}/ nor {self.file.name}")
        except WebError as error:
            raise ChartError(str(error)) from error

    def digest(self) -> str:
        """Return the digest as ``sha256:…``: in an OCI registry that of the manifest, as ``helm push`` and
        ``helm pull`` print it; else that of the archive, as in the repository's index and as ``sha256sum`` prints it.

        Raises:
            ChartError: the chart cannot be read from here.
        """
        try:
            content = self._manifest() if self._in_registry else self._archive()
        except (WebError, OSError) as error:
            raise ChartError(str(error)) from error
        return f"sha256:{hashlib.sha256(content).hexdigest()}"

    def files(self) -> Iterator[File]:
        """Yield the path within the chart and the content of each file; files of sub-charts are below ``charts/NAME/``.

        Raises:
            ChartError: the chart cannot be read from here.
        """
        try:
            yield from self._unpacked() if self._is_unpacked else _members(self._archive())
        except (WebError, OSError, tarfile.TarError) as error:
            raise ChartError(str(error)) from error

    @property
    def _in_registry(self) -> bool:
        return self.charts.startswith("oci://")

    @property
    def _is_unpacked(self) -> bool:
        return is_folder(self.charts) and not self.file.is_file()

    @property
    def _reference(self) -> Reference:
        tag = self.version.replace("+", "_")  # as Helm does: a tag must not contain a plus sign
        return Reference.parse(f"{self.charts.removeprefix('oci://').rstrip('/')}/{self.name}:{tag}")

    def _manifest(self) -> bytes:
        reference = self._reference
        status, body = manifest(reference, stored_login(reference.host))
        if status != 200:
            what = f"{reference.repository}:{reference.version}"
            raise ChartError(f"the registry {reference.host} answers {status} for {what}", status)
        return body

    def _archive(self) -> bytes:
        if self._in_registry:
            return self._layer()
        if not is_folder(self.charts):
            return _fetched(self._url())
        if not self.file.is_file():
            raise ChartError(f"there is no archive {self.file}, and an unpacked chart has no digest")
        return self.file.read_bytes()

    def _layer(self) -> bytes:
        reference = self._reference
        layers: list[dict[str, Any]] = json.loads(self._manifest()).get("layers", [])
        digest = next((layer["digest"] for layer in layers if layer["mediaType"] == LAYER), None)
        if digest is None:
            raise ChartError(f"{reference.repository}:{reference.version} is not a chart")
        status, body = blob(reference, digest, stored_login(reference.host))
        if status != 200:
            raise ChartError(f"the registry {reference.host} answers {status} for {digest}")
        return body

    def _url(self) -> str:
        base = f"{self.charts.rstrip('/')}/"
        try:
            entries: list[dict[str, Any]] = _index(_fetched(f"{base}index.yaml"))["entries"].get(self.name, [])
            found = next((each["urls"][0] for each in entries if str(each["version"]) == self.version), None)
        except (ValueError, TypeError, LookupError, AttributeError) as error:
            raise ChartError(f"{base}index.yaml is not the index of a Helm repository") from error
        if found is not None:
            return urljoin(base, found)
        raise ChartError(f"the index of {self.charts} has no {self.name} {self.version}")

    def _unpacked(self) -> Iterator[File]:
        root = self.file.with_name(self.name)
        for path in sorted(root.rglob("*")):
            if path.is_file():
                yield from _unpacking(path.relative_to(root).as_posix(), path.read_bytes())


def _index(text: bytes) -> Any:
    import yaml

    try:  # an index has megabytes, and libyaml parses it in a tenth of the time
        return yaml.load(text, getattr(yaml, "CSafeLoader", yaml.SafeLoader))  # noqa: S506 - both are safe
    except yaml.YAMLError as error:
        raise ValueError(str(error)) from error


def _members(archive: bytes) -> Iterator[File]:
    """Yield the files of an archive, without the top-level folder, which is named after the chart."""
    for path, content in _packed(archive):
        yield from _unpacking(path.partition("/")[2], content)


def _unpacking(path: str, content: bytes) -> Iterator[File]:
    """Yield the file; for the archive of a sub-chart, yield its files instead."""
    if path.startswith("charts/") and path.endswith(".tgz"):
        yield from ((f"charts/{inner}", part) for inner, part in _packed(content))
    else:
        yield path, content


def _packed(archive: bytes) -> Iterator[File]:
    with tarfile.open(fileobj=io.BytesIO(archive), mode="r:gz") as tar:
        for member in tar:
            content = tar.extractfile(member)
            if content is not None:
                yield member.name, content.read()


def _fetched(url: str) -> bytes:
    answer = request(url)
    if answer.status != 200:
        raise ChartError(f"{url} answers {answer.status}", answer.status)
    return answer.body
