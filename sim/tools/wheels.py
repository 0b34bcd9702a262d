"""Installs tools that are Python packages, always from lock files with hashes."""

import os
import sys
from collections.abc import Callable
from pathlib import Path

from packaging.version import Version
from uv import find_uv_bin

from sim import paths
from sim.state import SimError
from sim.tools.catalog import WHEELS_LOCK, Venv, Wheel
from sim.tools.command import run


def _environment() -> dict[str, str]:
    cache = paths.cache_root() / "uv"
    return {**os.environ, "UV_CACHE_DIR": str(cache / "cache"), "UV_PYTHON_INSTALL_DIR": str(cache / "python")}


def locked(distribution: str, lock: str) -> str:
    """Return the entry of one distribution in a lock file's text: its pin and its hashes."""
    kept: list[str] = []
    for line in lock.splitlines():
        if line.startswith((" ", "#")):
            if kept:
                kept.append(line)
        elif kept:
            break
        elif line.startswith(f"{distribution}=="):
            kept.append(line)
    if not kept:
        raise SimError(f"{WHEELS_LOCK.name} does not hold {distribution}: run `make lock`")
    return "\n".join(kept) + "\n"


def install(source: Wheel, into: Path, log: Path, tick: Callable[[], None]) -> None:
    """Unpack one wheel of requirements-tools.txt into the folder `into`."""
    into.mkdir(parents=True, exist_ok=True)
    lock = into / "requirements.txt"
    lock.write_text(locked(source.distribution, WHEELS_LOCK.read_text()))
    command = [find_uv_bin(), "pip", "install", "--no-deps", "--require-hashes", "--python", sys.executable]
    run([*command, "--target", into, "-r", lock], log=log, env=_environment(), tick=tick)


def make_venv(source: Venv, into: Path, log: Path, tick: Callable[[], None]) -> None:
    """Create a Python environment of exactly the packages in its lock file, without their dependencies: ai-dynamo 1.6.1
    requires a package that PyPI does not have and that its frontend does not need. Any Python in the source's range is
    used."""
    this = Version(".".join(map(str, sys.version_info[:3])))
    python = sys.executable if this in source.python else str(source.python)
    uv = find_uv_bin()
    # Relocatable, because the folder gets its final name only when it is complete.
    run([uv, "venv", "--relocatable", "--python", python, into], log=log, env=_environment(), tick=tick)
    command = [uv, "pip", "install", "--no-deps", "--require-hashes", "--python", into / "bin" / "python"]
    run([*command, "-r", source.lock], log=log, env=_environment(), tick=tick)
