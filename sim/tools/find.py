"""Finds a tool that already exists: in the cache, on PATH, or (for a Pulumi plugin) in Pulumi's plugin folders."""

import os
import re
import shutil
import subprocess
from pathlib import Path

from packaging.version import Version

from sim import paths
from sim.tools.catalog import Tool

_VERSION = re.compile(r"\d+\.\d+(\.\d+)?")


def home(tool: Tool) -> Path:
    """Return the cache folder of a tool; it exists only once the tool is complete."""
    return paths.tools_root() / tool.name / tool.version


def find(tool: Tool) -> Path | None:
    """Return the tool's program from the cache, else from the machine if it fits, else None."""
    cached = home(tool) / tool.program
    if cached.exists():
        return cached
    if tool.plugin:
        return find_plugin(tool.plugin, tool.version)
    program = shutil.which(tool.name)
    return Path(program) if program and fits(Path(program), tool) else None


def plugin_file(pulumi_home: Path, name: str, version: str) -> Path:
    """Return the path at which the engine looks for a plugin."""
    return pulumi_home / "plugins" / f"resource-{name}-v{version}" / f"pulumi-resource-{name}"


def find_plugin(name: str, version: str) -> Path | None:
    """Return a real Pulumi plugin, as `pulumi plugin install` puts it into $PULUMI_HOME or ~/.pulumi; None if
    missing."""
    homes = [Path(home) for home in (os.environ.get("PULUMI_HOME"), Path.home() / ".pulumi") if home]
    for folder in homes:
        program = plugin_file(folder, name, version)
        # A simulation's own PULUMI_HOME does not count: its plugins are copies, and are deleted with the simulation.
        if paths.cache_root().resolve() not in folder.resolve().parents and is_real(program):
            return program
    return None


def is_real(program: Path) -> bool:
    """Tell whether a plugin's file is a program; a stand-in is a script."""
    if not program.is_file():
        return False
    with program.open("rb") as file:
        return file.read(2) not in (b"#!", b"")


def fits(program: Path, tool: Tool) -> bool:
    """Tell whether the program runs, prints a version in the tool's range, and has its companions beside it or on PATH.

    A plugin does not print its version: the name of its file, by which it was downloaded, contains it.
    """
    if tool.plugin:
        return is_real(program)
    wanted = tool.on_path
    if wanted is None or not all((program.parent / name).exists() or shutil.which(name) for name in wanted.beside):
        return False
    version = _version([str(program), *wanted.arguments])
    return version is not None and version in wanted.fits


def _version(command: list[str]) -> Version | None:
    try:
        said = subprocess.run(command, capture_output=True, text=True, timeout=20, check=True).stdout
    except (OSError, subprocess.SubprocessError):
        return None  # a program that does not run, or does not know the option, does not fit
    match = _VERSION.search(said)
    return Version(match.group()) if match else None
