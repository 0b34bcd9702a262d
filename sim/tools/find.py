"""Finds a tool that is there already: in the cache, or on PATH in a version that will do."""

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
    """The tool's program: the cache's, else PATH's where that one fits, else None."""
    cached = home(tool) / tool.program
    if cached.exists():
        return cached
    program = shutil.which(tool.name)
    return Path(program) if program and fits(Path(program), tool) else None


def fits(program: Path, tool: Tool) -> bool:
    """Whether the program runs, says a version in the tool's range, and has its companions beside it or on PATH."""
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
