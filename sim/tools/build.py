"""Builds tools from the Go modules pinned in tools/, with every cache of Go's below the simulation's folder."""

import json
import os
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

from sim import paths
from sim.tools.catalog import GoBuild, GoPackage
from sim.tools.command import run

_MODULES = paths.PROJECT / "tools"


def environment() -> dict[str, str]:
    """Go's environment: pinned modules only, this toolchain only, nothing written to the home folder.

    Go's own settings file stays the user's, since it may name a module mirror.
    """
    home = os.environ.get("XDG_CONFIG_HOME") or str(Path.home() / ".config")
    go = paths.cache_root() / "go"
    return {
        **os.environ,
        "CGO_ENABLED": "0",
        "GOENV": os.environ.get("GOENV") or f"{home}/go/env",
        "XDG_CONFIG_HOME": str(go / "config"),  # Go's telemetry counters
        "GOPATH": str(go / "path"),
        "GOMODCACHE": str(go / "mod"),
        "GOCACHE": str(go / "build"),
        "GOFLAGS": "-mod=readonly -modcacherw -buildvcs=false -trimpath",
        "GOTOOLCHAIN": "local",
        "GOWORK": "off",
    }


def build(source: GoBuild, go: Path, into: Path, log: Path, tick: Callable[[], None]) -> None:
    """Builds each program of `source` with the `go` given into INTO/bin. Raises SimError with the compiler's words."""
    for package in source.packages:
        flags = " ".join(["-s", "-w", *(f"-X {variable}" for variable in package.variables)])
        run(
            [go, "build", "-ldflags", flags, "-o", into / "bin" / package.output, package.package],
            log=log,
            cwd=_MODULES / package.module,
            env=environment(),
            tick=tick,
        )
        _copy_scripts(package, go, into / "bin")


def _copy_scripts(package: GoPackage, go: Path, into: Path) -> None:
    if not package.scripts:
        return
    listed = subprocess.run(
        [go, "list", "-json=Module", package.package],
        cwd=_MODULES / package.module,
        env=environment(),
        capture_output=True,
        check=True,
    )
    folder = Path(json.loads(listed.stdout)["Module"]["Dir"])
    for script in package.scripts:
        copy = into / Path(script).name
        shutil.copyfile(folder / script, copy)
        copy.chmod(0o755)
