"""Puts the plugins where the Pulumi engine of the simulation looks for them: the real ones, and stand-ins."""

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
from sim.tools import find
from sim.tools.catalog import PLUGINS, TOOLS
from sim.tools.provide import origin

__all__ = ["install", "stand_ins"]

_TOOLS: Final = {tool.plugin: tool for tool in TOOLS if tool.plugin}
_OF_IMAGES: Final = ("docker", "docker-build")
_REGISTRY: Final = "registry.sim"


def install(pulumi_home: Path, python: Path, tools: Mapping[str, Path]) -> dict[str, str]:
    """Install the plugins under a PULUMI_HOME of the simulation's own, each anew.

    A real plugin is hard-linked, or copied from another file system: the engine follows no symbolic link there.

    Args:
        pulumi_home: The simulation's PULUMI_HOME; its `plugins/` folder is made.
        python: The interpreter that has the SDK, normally the checkout's .venv.
        tools: The tools that were obtained, by name; among them the plugins that are obtained like tools.

    Returns:
        By name of the plugin: what stands in its place, and where that comes from.
    """
    said: dict[str, str] = {}
    for name, version in PLUGINS.items():
        folder = pulumi_home / "plugins" / f"resource-{name}-v{version}"
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
        script = folder / f"pulumi-resource-{name}"
        real, why = _real(name, tools)
        if real:
            _link(real, script)
        else:
            _write(script, name, python)
        said[name] = why
    return said


def stand_ins(pulumi_home: Path) -> list[str]:
    """The plugins of that PULUMI_HOME in whose place is one of ours."""
    binaries = {
        name: pulumi_home / "plugins" / f"resource-{name}-v{version}" / f"pulumi-resource-{name}"
        for name, version in PLUGINS.items()
    }
    return [name for name, binary in binaries.items() if binary.is_file() and not find.is_real(binary)]


def _real(name: str, tools: Mapping[str, Path]) -> tuple[Path | None, str]:
    """The real plugin, if it can do its work here; and where it comes from, or why a stand-in takes its place."""
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
    """What the real image plugins need and this machine does not have: a Docker daemon, and the stack's registry."""
    docker = shutil.which("docker")
    try:
        asked = [docker, "version", "--format", "{{.Server.Version}}"] if docker else ["false"]
        answers = subprocess.run(asked, capture_output=True, timeout=10, check=False).returncode == 0
    except (OSError, subprocess.TimeoutExpired):
        answers = False
    if not answers:
        return "no Docker daemon answers"
    try:
        socket.getaddrinfo(_REGISTRY, None)
    except OSError:
        return f"{_REGISTRY} is a name that only the stand-ins know"
    return ""


def _link(program: Path, link: Path) -> None:
    try:
        os.link(program.resolve(), link)
    except OSError:  # another file system, or another user's file
        shutil.copy2(program, link)


def _write(script: Path, name: str, python: Path) -> None:
    """A script in the plugin's place, that runs the module; `-P` keeps the program's own files off its path."""
    command = f'PYTHONPATH={shlex.quote(str(PROJECT))} exec {shlex.quote(str(python))} -P -m sim.plugins {name} "$@"'
    script.write_text(f"#!/bin/sh\n# Stand-in for the {name} plugin, put here by `python -m sim up`.\n{command}\n")
    script.chmod(0o755)
