"""Takes programs from a Debian package, which apt downloads and verifies, without installing it and without root."""

import hashlib
import os
import shutil
from collections.abc import Callable
from pathlib import Path

from sim import paths
from sim.state import SimError
from sim.tools.catalog import Debian
from sim.tools.command import run


def unpack(source: Debian, version: str, into: Path, log: Path, tick: Callable[[], None]) -> None:
    """Put the programs of the package into INTO/bin.

    Raises SimError if there is no apt, if apt does not have this version, or if the file differs from the recorded one.
    """
    if not (shutil.which("apt-get") and shutil.which("dpkg-deb")):
        raise SimError("there is no apt-get here, which has it on Debian")
    half = into / "package"
    half.mkdir(parents=True)
    wanted = f"{source.package}={version}"
    try:
        run(["apt-get", "download", wanted], log=log, cwd=half, tick=tick)
    except SimError:
        # The machine's package lists are missing or old, and belong to root: update lists in this user's cache.
        own = _own_lists()
        run(["apt-get", *own, "update"], log=log, cwd=half, tick=tick)
        run(["apt-get", *own, "download", wanted], log=log, cwd=half, tick=tick)
    (file,) = half.glob("*.deb")
    found = hashlib.sha256(file.read_bytes()).hexdigest()
    if found != source.sha256:
        raise SimError(f"{file.name} is another file than the recorded one (SHA-256 {found})")
    run(["dpkg-deb", "--extract", file, half / "files"], log=log, tick=tick)
    (half / "files" / "usr" / "bin").rename(into / "bin")
    shutil.rmtree(half)


def _own_lists() -> list[str]:
    root = paths.cache_root() / "apt"
    for folder in ("lists/partial", "cache/archives/partial"):
        (root / folder).mkdir(parents=True, exist_ok=True)
    sandbox = [] if os.getuid() else ["-o", "APT::Sandbox::User=root"]
    return ["-o", f"Dir::State::Lists={root}/lists", "-o", f"Dir::Cache={root}/cache", *sandbox]
