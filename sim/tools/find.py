"""Finds a tool that is there already: in the cache, on PATH, or (a Pulumi plugin) where Pulumi keeps it."""

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
    """The cache folder of a tool; it exists only when the tool is complete."""
    return paths.tools_root() / tool.name / tool.version


def find(tool: Tool) -> Path | None:
    """The tool's program: the cache's, else the machine's where that one fits, else None."""
    cached = home(tool) / tool.program
    if cached.exists():
        return cached
    if tool.plugin:
        return find_plugin(tool.plugin, tool.version)
    program = shutil.which(tool.name)
    return Path(program) if program and fits(Path(program), tool) else None


def plugin_file(pulumi_home: Path, name: str, version: str) -> Path:
    """Where the engine looks for a plugin."""
    return pulumi_home / "plugins" / f"resource-{name}-v{version}" / f"pulumi-resource-{name}"


def find_plugin(name: str, version: str) -> Path | None:
    """A real plugin of Pulumi, as `pulumi plugin install` puts it into $PULUMI_HOME or ~/.pulumi."""
    homes = [Path(home) for home in (os.environ.get("PULUMI_HOME"), Path.home() / ".pulumi") if home]
    for folder in homes:
        program = plugin_file(folder, name, version)
        # A simulation's own PULUMI_HOME is no source: what lies there came from one, and goes with the simulation.
        if paths.cache_root().resolve() not in folder.resolve().parents and is_real(program):
            return program
    return None


def is_real(program: Path) -> bool:
    """Whether a plugin's file is a program; a stand-in is a script."""
    if not program.is_file():
        return False
    with program.open("rb") as file:
        return file.read(2) not in (b"#!", b"")


def fits(program: Path, tool: Tool) -> bool:
    """Whether the program runs, says a version in the tool's range, and has its companions beside it or on PATH.

    A plugin does not say its version: its file's name does, by which it was downloaded.
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
        return None  # a program that does not run, or does not know the question, is one that does not fit
    match = _VERSION.search(said)
    return Version(match.group()) if match else None
