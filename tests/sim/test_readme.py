"""Every command of the README, in its order, as somebody types it who has never seen the project.

The cluster is simulated, with the nodes that the prod stack names. What the README tells its reader to write into the
stack file (a storage class) is written here too, the charts come from a folder, and NVIDIA's registry is asked nothing.
"""

import os
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from sim import paths
from sim.sandbox import copy_project
from sim.state import Cluster, load
from tests.conftest import ROOT
from tests.sim.conftest import sim
from tests.support.process import env_on, run

pytestmark = [pytest.mark.cluster, pytest.mark.timeout(1200)]

FENCE = re.compile(r"^```sh\n(.*?)^```", re.MULTILINE | re.DOTALL)
TYPED = {"pulumi config set --secret hfToken": "hf_standin"}
OURS = {
    "make demo": "is played in test_demo.py",
    "make shell": "is played in test_demo.py",
    "make demo-down": "is played in test_demo.py",
    "make test": "is the run that this test is part of",
    "make test-fast": "is how that run begins",
}
EDITS = (
    ("storageClass: shared-fs", "storageClass: kwok-volume"),
    ("platform: {version: 1.6.1}", "platform: {version: 1.6.1, charts: sim/charts/1.6.1}"),
    ("{source: published, resolveDigest: true}", "{source: published}"),
)


def commands(text: str) -> list[str]:
    lines = [line.split("  #")[0].strip() for block in FENCE.findall(text) for line in block.splitlines()]
    return [line for line in lines if line]


@pytest.fixture(scope="module")
def prod() -> Iterator[Cluster]:
    """A simulated cluster with the prod stack's nodes."""
    name = f"r{os.environ.get('SIM_ID') or paths.cluster_id()}"
    sim(name, "up", "--stack", "prod")
    cluster = load(paths.cluster_dir(name) / "cluster.json")
    assert cluster is not None
    yield cluster
    sim(name, "down")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The reader's clone, its prod stack edited as the README says."""
    project = copy_project(tmp_path_factory.mktemp("clone"))
    stack = project / "Pulumi.prod.yaml"
    text = stack.read_text()
    for old, new in EDITS:
        assert old in text, f"Pulumi.prod.yaml does not say {old}"
        text = text.replace(old, new)
    stack.write_text(text)
    return project


def test_every_command_of_the_readme_does_its_work(prod: Cluster, folder: Path, tmp_path: Path) -> None:
    env = env_on(prod, HOME=str(tmp_path), PULUMI_SKIP_CONFIRMATIONS="true", SIM_ID=prod.id)
    env["XDG_CACHE_HOME"] = str(paths.cache_root().parent)
    typed = [command for command in commands((ROOT / "README.md").read_text()) if command not in OURS]
    assert len(typed) > 15

    for command in typed:
        if command.startswith("export "):
            name, _, value = command.removeprefix("export ").partition("=")
            env[name] = value.strip('"').replace("$PWD", str(folder)).replace(f"${name}", env[name])
            continue
        run("bash", "-c", command, cwd=folder, env=env, given=TYPED.get(command, ""), seconds=500)

    assert (folder / "placement.svg").read_text().startswith("<?xml")
    assert run("kubectl", "get", "dgd,dcd,pods", "-A", "-o", "name", env=env).out == ""
