"""Wheels of SGLang and Dynamo as pip gets them, kept in a cache folder."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Final

__all__ = ["NoWheelError", "wheel_of"]

CACHE: Final = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "dynamo-wideep" / "wheels"
SECONDS: Final = 300


class NoWheelError(Exception):
    """pip got no wheel; its last line says why."""


def wheel_of(package: str, version: str) -> Path:
    """The wheel of one version, downloaded once. NoWheelError: pip does not get it.

    None of its dependencies come with it, and nothing of it is run: newer ones are of several gigabytes installed.
    """
    found = sorted(CACHE.glob(f"{package.replace('-', '_')}-{version}-*.whl"))
    if found:
        return found[0]
    CACHE.mkdir(parents=True, exist_ok=True)
    command = [sys.executable, "-m", "pip", "download", "--quiet", "--disable-pip-version-check", "--no-deps"]
    command += ["--only-binary", ":all:", "--dest", str(CACHE), f"{package}=={version}"]
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=SECONDS, check=False)
    except subprocess.TimeoutExpired as late:
        raise NoWheelError(f"pip did not get {package}=={version} within {SECONDS} s") from late
    if done.returncode:
        last = (done.stderr.strip() or "no reason given").splitlines()[-1]
        raise NoWheelError(f"pip does not get {package}=={version}: {last}")
    return next(CACHE.glob(f"{package.replace('-', '_')}-{version}-*.whl"))
