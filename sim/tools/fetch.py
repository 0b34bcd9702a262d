"""Downloads an official release file, where the machine can reach it."""

import platform
import tarfile
import threading
from pathlib import Path
from urllib.parse import urlsplit

import requests

from sim.tools.catalog import Download

_PROBE_SECONDS = 4.0
_TIMEOUT = (5, 60)  # seconds: to connect, between two blocks of data
_answers: dict[str, bool] = {}
_MACHINES = {"x86_64": "amd64", "amd64": "amd64", "aarch64": "arm64", "arm64": "arm64"}


def address(download: Download) -> str:
    """The release file's address for this machine."""
    arch = _MACHINES.get(platform.machine().lower(), platform.machine())
    return download.url.format(os=platform.system().lower(), arch=arch, x64="x64" if arch == "amd64" else arch)


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
    """Puts the release's programs into the folder `into`; False where the file cannot be had, with nothing left behind.

    What was downloaded is run afterwards, so a wrong file is noticed there; that it is the publisher's rests on TLS.
    """
    url = address(download)
    if not reachable(url):
        return False
    part = into / f"{name}.part"
    into.mkdir(parents=True, exist_ok=True)
    try:
        with requests.get(url, timeout=_TIMEOUT, stream=True) as answer:
            answer.raise_for_status()
            with part.open("wb") as file:
                for block in answer.iter_content(1 << 20):
                    file.write(block)
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


def _unpack(archive: Path, folder: str, into: Path) -> None:
    """Puts the files directly in `folder` of a .tar.gz into `into`."""
    with tarfile.open(archive, "r:gz") as tar:
        for member in tar:
            path = Path(member.name)
            if member.isfile() and path.parent == Path(folder):
                member.name = path.name
                tar.extract(member, into, filter="data")
