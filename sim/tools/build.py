"""Builds tools from the Go modules pinned in sim/go/, with all of Go's caches below the simulation's folder."""

import json
import os
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

from sim import paths
from sim.tools.catalog import Embedded, GoBuild, GoPackage
from sim.tools.command import run

_MODULES = paths.PROJECT / "sim" / "go"


def environment() -> dict[str, str]:
    """Return Go's environment: pinned modules only, this toolchain only, nothing written to the home folder.

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
    """Build each program of `source` with the toolchain `go` into INTO/bin. Raises SimError with the compiler's
    words."""
    for package in source.packages:
        flags = " ".join(["-s", "-w", *(f"-X {variable}" for variable in package.variables)])
        overlay = [f"-overlay={_overlay(package, package.embedded, go, into, log)}"] if package.embedded else []
        run(
            [go, "build", *overlay, "-ldflags", flags, "-o", into / "bin" / package.output, package.package],
            log=log,
            cwd=_MODULES / package.module,
            env=environment(),
            tick=tick,
        )
        _copy_scripts(package, go, into / "bin")


def built_from(package: GoPackage) -> str:
    """Return the Go module that contains the program, with the version pinned in sim/go/; for a program of this
    project, its folder."""
    if package.package.startswith("./"):
        return f"sim/go/{package.module}/{package.package.removeprefix('./')}"
    lines = (_MODULES / package.module / "go.mod").read_text().splitlines()
    pinned = dict(line.removeprefix("require ").split()[:2] for line in lines if " v" in line)
    module = package.embedded.module if package.embedded else None
    module = module or max((name for name in pinned if package.package.startswith(name)), key=len)
    return f"{module} {pinned[module]}"


def _overlay(package: GoPackage, embedded: Embedded, go: Path, into: Path, log: Path) -> Path:
    """Write an overlay file that maps the embedded files to the module cache, so that the checkout stays unchanged."""
    run([go, "mod", "download", embedded.module], log=log, cwd=_MODULES / package.module, env=environment())
    held = _list(package, go, "-m", embedded.module)["Dir"]
    real = {str(_MODULES / package.module / name): str(Path(held) / embedded.folder / name) for name in embedded.files}
    into.mkdir(parents=True, exist_ok=True)
    file = into / "overlay.json"
    file.write_text(json.dumps({"Replace": real}))
    return file


def _copy_scripts(package: GoPackage, go: Path, into: Path) -> None:
    if not package.scripts:
        return
    folder = Path(_list(package, go, package.package)["Module"]["Dir"])
    for script in package.scripts:
        copy = into / Path(script).name
        shutil.copyfile(folder / script, copy)
        copy.chmod(0o755)


def _list(package: GoPackage, go: Path, *what: str) -> Any:
    """Return what `go list` reports about a package, or with -m about a module."""
    listed = subprocess.run(
        [go, "list", "-json", *what],
        cwd=_MODULES / package.module,
        env=environment(),
        capture_output=True,
        check=True,
    )
    return json.loads(listed.stdout)
