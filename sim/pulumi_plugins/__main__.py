"""Runs one stand-in plugin: `python -m sim.pulumi_plugins NAME ENGINE_ADDRESS`; or several in one process, for an
engine that attaches to them: `python -m sim.pulumi_plugins --attach NAME NAME …`.

The whole Pulumi SDK takes 0.6 s to import, its protocol modules 0.2 s, and every command starts three plugins. So this
launcher, and nothing else, replaces the SDK by an empty package in which only the generated modules can be imported.
"""

from __future__ import annotations

import importlib
import importlib.util
import sys
from pathlib import Path
from types import ModuleType

MODULES = {"random": "random", "docker": "docker", "docker-build": "docker_build"}


def protocol_only() -> None:
    """Make `pulumi.runtime.proto.*` importable without running the SDK's own `__init__` files."""
    found = importlib.util.find_spec("pulumi")
    if found is None or not found.submodule_search_locations:
        sys.exit("the pulumi package is not in this Python: run `make setup`")
    folder = Path(found.submodule_search_locations[0])
    for name in ("pulumi", "pulumi.runtime", "pulumi.runtime.proto"):
        package = ModuleType(name)
        package.__path__ = [str(folder.joinpath(*name.split(".")[1:]))]
        sys.modules[name] = package


def main(arguments: list[str]) -> None:
    """Serve the plugin that the first argument names, or all that follow `--attach`."""
    attached = arguments[:1] == ["--attach"]
    names = arguments[1:] if attached else arguments[:1]
    if not names or not MODULES.keys() >= set(names):
        sys.exit(f"usage: python -m sim.pulumi_plugins {{{','.join(MODULES)}}} ENGINE_ADDRESS, or --attach NAME …")
    protocol_only()
    providers = {name: importlib.import_module(f"sim.pulumi_plugins.{MODULES[name]}").Provider for name in names}
    server = importlib.import_module("sim.pulumi_plugins.server")
    processes = importlib.import_module("sim.pulumi_plugins.processes")
    if attached:
        server.serve_attached(providers, processes.kill_all)
    else:
        server.serve(providers[names[0]], arguments[1:], processes.kill_all)


if __name__ == "__main__":
    main(sys.argv[1:])
