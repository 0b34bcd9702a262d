"""Puts the stand-in plugins where the Pulumi engine of the simulation looks for plugins."""

from __future__ import annotations

import os
import shlex
from pathlib import Path
from typing import Final

# Each plugin with the version that its SDK asks for, and whether the machine's own real one goes before it.
PLUGINS: Final = {
    "kubernetes": ("4.34.2", True),
    "random": ("4.21.4", True),
    "docker": ("5.2.0", False),
    "docker-build": ("0.0.22", False),
}
CHECKOUT: Final = Path(__file__).resolve().parents[2]


def install(pulumi_home: Path, python: Path, real: bool) -> list[str]:
    """Install the stand-ins under a PULUMI_HOME of the simulation's own.

    Args:
        pulumi_home: The simulation's PULUMI_HOME; its `plugins/` folder is made, and made anew each time.
        python: The interpreter that has the SDK, normally the checkout's .venv.
        real: Leave kubernetes and random to the engine, which downloads the real plugins.

    Returns:
        One line for each plugin: what stands in its place.
    """
    said = []
    for name, (version, may_be_real) in PLUGINS.items():
        folder = pulumi_home / "plugins" / f"resource-{name}-v{version}"
        found = _real(name, version, pulumi_home) if may_be_real else None
        if may_be_real and (real or found):
            _remove(folder)
        if may_be_real and found:
            folder.parent.mkdir(parents=True, exist_ok=True)
            folder.symlink_to(found)
            said.append(f"{name} {version}: the real plugin in {found}")
        elif may_be_real and real:
            said.append(f"{name} {version}: the real plugin, which Pulumi downloads")
        else:
            _write(folder, name, python)
            said.append(f"{name} {version}: stand-in")
    return said


def stand_ins(pulumi_home: Path) -> list[str]:
    """The plugins of that PULUMI_HOME in whose place is one of ours."""
    binaries = {
        name: pulumi_home / "plugins" / f"resource-{name}-v{version}" / f"pulumi-resource-{name}"
        for name, (version, _) in PLUGINS.items()
    }
    return [name for name, binary in binaries.items() if binary.is_file() and _is_stand_in(binary)]


def _real(name: str, version: str, pulumi_home: Path) -> Path | None:
    """The real plugin on this machine: in the PULUMI_HOME that the user has, else in ~/.pulumi."""
    homes = [Path(home) for home in (os.environ.get("PULUMI_HOME"), Path.home() / ".pulumi") if home]
    for home in homes:
        folder = home / "plugins" / f"resource-{name}-v{version}"
        binary = folder / f"pulumi-resource-{name}"
        if home.resolve() != pulumi_home.resolve() and binary.is_file() and not _is_stand_in(binary):
            return folder
    return None


def _is_stand_in(binary: Path) -> bool:
    """Whether it is a script, as ours are (also another clone's), and not a program."""
    with binary.open("rb") as file:
        return file.read(2) == b"#!"


def _remove(folder: Path) -> None:
    if folder.is_symlink():
        folder.unlink()
    elif folder.is_dir():
        for file in folder.iterdir():
            file.unlink()
        folder.rmdir()


def _write(folder: Path, name: str, python: Path) -> None:
    """A script in the plugin's place, that runs the module; `-P` keeps the program's own files off its path."""
    if folder.is_symlink():
        folder.unlink()
    folder.mkdir(parents=True, exist_ok=True)
    command = f'PYTHONPATH={shlex.quote(str(CHECKOUT))} exec {shlex.quote(str(python))} -P -m sim.plugins {name} "$@"'
    script = folder / f"pulumi-resource-{name}"
    script.write_text(f"#!/bin/sh\n# Stand-in for the {name} plugin, put here by `python -m sim up`.\n{command}\n")
    script.chmod(0o755)
