"""Installs the plugins, real ones and stand-ins, where the simulation's Pulumi engine looks for them."""

from __future__ import annotations

import os
import shlex
import shutil
import socket
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from sim.paths import PROJECT
from sim.state import REGISTRY
from sim.tools import find
from sim.tools.catalog import PLUGINS, TOOLS
from sim.tools.provide import origin

__all__ = ["install", "stand_ins"]

_TOOLS: Final = {tool.plugin: tool for tool in TOOLS if tool.plugin}


def install(pulumi_home: Path, python: Path, tools: Mapping[str, Path]) -> dict[str, str]:
    """Install all plugins anew under the simulation's own PULUMI_HOME.

    A real plugin is hard-linked, or copied from another file system: the engine does not follow symbolic links there.

    Args:
        pulumi_home: The simulation's PULUMI_HOME; its `plugins/` folder is created.
        python: The interpreter that has the SDK, normally the checkout's .venv.
        tools: The obtained tools by name, among them the plugins that are obtained like tools.

    Returns:
        For each plugin by name: whether it is real or a stand-in, and where it comes from.
    """
    said: dict[str, str] = {}
    for name, version in PLUGINS.items():
        program = find.plugin_file(pulumi_home, name, version)
        shutil.rmtree(program.parent, ignore_errors=True)
        program.parent.mkdir(parents=True)
        real, why = _real(name, tools)
        if real:
            _link(real, program)
        else:
            _write(program, name, python)
        said[name] = why
    return said


def stand_ins(pulumi_home: Path) -> list[str]:
    """Return the names of the plugins in that PULUMI_HOME that are stand-ins."""
    programs = {name: find.plugin_file(pulumi_home, name, version) for name, version in PLUGINS.items()}
    return [name for name, program in programs.items() if program.is_file() and not find.is_real(program)]


def _real(name: str, tools: Mapping[str, Path]) -> tuple[Path | None, str]:
    """Return the real plugin and where it comes from, if it can work here; else None and why a stand-in replaces it."""
    if tool := _TOOLS.get(name):
        program = tools[tool.name] if tool.source else tools.get(tool.name)
        return program, f"real, {origin(tool)}" if program else "stand-in: only its publisher has the real one"
    program = find.find_plugin(name, PLUGINS[name])
    if program is None:
        return None, "stand-in: the real one is not on this machine"
    lacks = _lacks()
    if lacks:
        return None, f"stand-in: the real one in {program.parent} cannot work here: {lacks}"
    return program, f"real, found in {program.parent}"


def _lacks() -> str:
    """Return what the real image plugins need and this machine lacks: a Docker daemon, or a registry of the stack's
    name. Empty if nothing is missing."""
    try:
        subprocess.run(
            ["docker", "version", "--format", "{{.Server.Version}}"], capture_output=True, timeout=10, check=True
        )
    except (OSError, subprocess.SubprocessError):
        return "no Docker daemon answers"
    try:
        socket.getaddrinfo(REGISTRY, None)
    except OSError:
        return f"{REGISTRY} is a name that only the stand-ins know"
    return ""


def _link(program: Path, link: Path) -> None:
    try:
        os.link(program.resolve(), link)
    except OSError:  # another file system, or another user's file
        shutil.copy2(program, link)


def _write(script: Path, name: str, python: Path) -> None:
    """Write a script in the plugin's place that runs the module; `-P` keeps the program's own files off `sys.path`."""
    command = (
        f'PYTHONPATH={shlex.quote(str(PROJECT))} exec {shlex.quote(str(python))} -P -m sim.pulumi_plugins {name} "$@"'
    )
    script.write_text(f"#!/bin/sh\n# Stand-in for the {name} plugin, put here by `python -m sim up`.\n{command}\n")
    script.chmod(0o755)
