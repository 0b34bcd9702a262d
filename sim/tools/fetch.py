"""Downloads an official release file, where its checksum is recorded and the machine can reach it."""

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
"""Lines of `SHA256  ADDRESS`: `python -m sim.tools.checksums` writes them."""
_PROBE_SECONDS = 4.0
_TIMEOUT = (5, 60)  # seconds: to connect, between two blocks of data
_answers: dict[str, bool] = {}
_MACHINES = {"x86_64": "amd64", "amd64": "amd64", "aarch64": "arm64", "arm64": "arm64"}


def address(download: Download) -> str:
    """The release file's address for this machine."""
    arch = _MACHINES.get(platform.machine().lower(), platform.machine())
    return download.url.format(os=platform.system().lower(), arch=arch, x64="x64" if arch == "amd64" else arch)


def recorded(url: str) -> str | None:
    """The SHA-256 that the file at this address has to have; None where nobody has recorded it."""
    lines = (line.split() for line in CHECKSUMS.read_text().splitlines() if not line.startswith("#"))
    return next((line[0] for line in lines if line[1:] == [url]), None)


def offered(download: Download) -> bool:
    """Whether the release file is recorded for this machine, and its host answers."""
    url = address(download)
    return recorded(url) is not None and reachable(url)


def reachable(url: str) -> bool:
    """Whether the address's host answers at all: asked once a host, and given up after four seconds."""
    host = urlsplit(url).netloc
    if host not in _answers:
        _answers[host] = False
        # A thread, because no timeout of the client bounds a name server that does not answer.
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
    """Puts the release's programs into the folder `into`; False where the file cannot be had, is not the one that was
    recorded, or was not recorded at all: with nothing left behind, and nothing of it run."""
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
    """Downloads into the file; returns its SHA-256. Raises requests.RequestException."""
    digest = hashlib.sha256()
    with requests.get(url, timeout=_TIMEOUT, stream=True) as answer, file.open("wb") as opened:
        answer.raise_for_status()
        for block in answer.iter_content(1 << 20):
            opened.write(block)
            digest.update(block)
    return digest.hexdigest()


def _unpack(archive: Path, folder: str, into: Path) -> None:
    """Puts the files directly in `folder` of a .tar.gz into `into`."""
    with tarfile.open(archive, "r:gz") as tar:
        for member in tar:
            path = Path(member.name)
            if member.isfile() and path.parent == Path(folder):
                member.name = path.name
                tar.extract(member, into, filter="data")
