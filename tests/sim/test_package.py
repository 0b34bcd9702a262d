"""The Pulumi package in a program that imports nothing of this project: it knows the schema's type and keys only."""

from __future__ import annotations

import json
import os
import shlex
import sys
from collections.abc import Iterator
from importlib.metadata import version
from pathlib import Path

import pytest

from components.base import PACKAGE
from sim.state import Cluster
from tests.sim.pulumi import Pulumi
from tests.support.plans import ROOT, TOKEN, config_of

pytestmark = pytest.mark.cluster

PROGRAM = """
import json
import pulumi

class DynamoStack(pulumi.ComponentResource):
    def __init__(self, name, props, opts):
        super().__init__("dynamo-wideep:index:DynamoStack", name, {"frontendService": None, **props}, opts, remote=True)

with open("arguments.json") as file:
    arguments = json.load(file)
arguments["hfToken"] = pulumi.Config().require_secret("token")
stack = DynamoStack("dynamo", arguments, pulumi.ResourceOptions(version=VERSION))
pulumi.export("service", stack.frontendService)
"""
"""What an SDK generated from the schema does, without its types: the language host here generates none."""


@pytest.fixture
def other(cluster: Cluster, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Pulumi]:
    """Another program's stack, with the arguments that the sim stack has as its config.

    The plugin is a script that runs the package's folder, which a current language host does for PulumiPlugin.yaml.
    """
    plugin = cluster.pulumi_home / "plugins" / f"resource-{PACKAGE}-v{version(PACKAGE)}" / f"pulumi-resource-{PACKAGE}"
    plugin.parent.mkdir(parents=True, exist_ok=True)
    plugin.write_text(f'#!/bin/sh\nexec {shlex.join([sys.executable, str(ROOT / "package")])} "$@"\n')
    plugin.chmod(0o755)
    monkeypatch.setenv("PYTHONPATH", str(ROOT))
    (tmp_path / "Pulumi.yaml").write_text("name: other\nruntime: python\n")
    (tmp_path / "__main__.py").write_text(PROGRAM.replace("VERSION", repr(version(PACKAGE))))
    _write(tmp_path)
    stack = Pulumi(cluster, tmp_path, "elsewhere").create()
    stack("config", "set", "--secret", "token", TOKEN)
    yield stack
    plugin.unlink()
    os.rmdir(plugin.parent)


def _write(folder: Path, **changes: object) -> None:
    arguments = config_of("sim", platform={"charts": str(ROOT / "sim" / "charts")}, hfToken=None, **changes)
    (folder / "arguments.json").write_text(json.dumps(arguments))


def _made(stack: Pulumi) -> dict[str, str]:
    return {name: change for name, change in stack.previews().items() if name != f"{_project(stack)}-{stack.stack}"}


def _project(stack: Pulumi) -> str:
    return "other" if stack.stack == "elsewhere" else PACKAGE


def test_it_makes_what_the_projects_own_program_makes(other: Pulumi, tmp_path_factory: pytest.TempPathFactory) -> None:
    own = Pulumi.new(other.cluster, tmp_path_factory.mktemp("project"), "sim")
    made = _made(other)
    assert "graph-graph" in made
    assert made == _made(own)


def test_its_mistakes_are_the_projects_own_all_at_once_and_no_traceback_of_it(other: Pulumi) -> None:
    _write(other.folder, modelCache={"size": "1Gi"}, layout={"preset": "lab-32gpu"})
    said = other("preview", fails=True)
    assert "resource 'dynamo' has a problem: The stack config has 2 mistakes:" in said
    assert "modelCache.size: 1Gi" in said
    assert "hardware.nodes: 2" in said
    assert str(ROOT / "components") not in said
