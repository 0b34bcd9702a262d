"""Downloads an official release file, if its checksum is recorded and the machine can reach its host."""

import hashlib
import platform
import tarfile
import threading
from pathlib import Path
from urllib.parse import urlsplit

import requests

from sim.paths import PROJECT
from sim.tools.catalog import Download

CHECKSUMS = PROJECT / "sim" / "tools" / "checksums.txt"
"""Lines of `SHA256  ADDRESS`, written by `python -m sim.tools.checksums`."""
_PROBE_SECONDS = 4.0
_TIMEOUT = (5, 60)  # seconds: to connect; between two blocks of data
_answers: dict[str, bool] = {}
_MACHINES = {"x86_64": "amd64", "amd64": "amd64", "aarch64": "arm64", "arm64": "arm64"}


def address(download: Download) -> str:
    """Return the release file's address for this machine."""
    arch = _MACHINES.get(platform.machine().lower(), platform.machine())
    return download.url.format(os=platform.system().lower(), arch=arch, x64="x64" if arch == "amd64" else arch)


def recorded(url: str) -> str | None:
    """Return the SHA-256 that the file at this address must have; None if none is recorded."""
    lines = (line.split() for line in CHECKSUMS.read_text().splitlines() if not line.startswith("#"))
    return next((line[0] for line in lines if line[1:] == [url]), None)


def offered(download: Download) -> bool:
    """Tell whether the release file is recorded for this machine and its host answers."""
    url = address(download)
    return recorded(url) is not None and reachable(url)


def reachable(url: str) -> bool:
    """Tell whether the address's host answers at all, probing each host once, for at most four seconds."""
    host = urlsplit(url).netloc
    if host not in _answers:
        _answers[host] = False
        # A thread, because the client's timeouts do not cover a name server that does not answer.
        probe = threading.Thread(target=_probe, args=(url, host), daemon=True)
        probe.start()
        probe.join(_PROBE_SECONDS)
    return _answers[host]


def _probe(url: str, host: str) -> None:
    try:
        requests.head(url, timeout=_PROBE_SECONDS, allow_redirects=False)
    except requests.RequestException:
        return
    _answers[host] = True


def fetch(download: Download, name: str, into: Path) -> bool:
    """Put the release's programs into the folder `into`. Return False, and leave nothing that could be run, if the file
    cannot be downloaded, has no recorded checksum, or does not match it."""
    url = address(download)
    wanted = recorded(url)
    if wanted is None or not reachable(url):
        return False
    part = into / f"{name}.part"
    into.mkdir(parents=True, exist_ok=True)
    try:
        if save(url, part) != wanted:
            return False
        if download.folder:
            _unpack(part, download.folder, into)
        else:
            part.rename(into / name)
    except (requests.RequestException, tarfile.TarError):
        return False
    finally:
        part.unlink(missing_ok=True)
    for program in into.iterdir():
        program.chmod(0o755)
    return True


def save(url: str, file: Path) -> str:
    """Download into the file; return its SHA-256. Raises requests.RequestException."""
    digest = hashlib.sha256()
    with requests.get(url, timeout=_TIMEOUT, stream=True) as answer, file.open("wb") as opened:
        answer.raise_for_status()
        for block in answer.iter_content(1 << 20):
            opened.write(block)
            digest.update(block)
    return digest.hexdigest()


def _unpack(archive: Path, folder: str, into: Path) -> None:
    """Extract the files directly in `folder` of a .tar.gz into `into`."""
    with tarfile.open(archive, "r:gz") as tar:
        for member in tar:
            path = Path(member.name)
            if member.isfile() and path.parent == Path(folder):
                member.name = path.name
                tar.extract(member, into, filter="data")
