"""The simulated cluster of the tests: one of their own id, brought up once, so that a user's own is not touched."""

import hashlib
import os
import subprocess
import sys
from collections.abc import Callable, Iterator

import pytest

from sim import paths
from sim.env import environment
from sim.state import Cluster, load
from tests.sim.pulumi import Pulumi
from tests.support.project import copy_project
from tests.support.wideep import Wideep

Run = Callable[..., subprocess.CompletedProcess[str]]
_UP_SECONDS = 1500  # the tools may have to be built first


def sim(cluster: str, *arguments: str, check: bool = True) -> subprocess.CompletedProcess[str]:
    """`python -m sim …` for the cluster of that id; what it printed is in the error when it fails."""
    env = {name: value for name, value in os.environ.items() if name != "SIM_CLUSTER"} | {"SIM_ID": cluster}
    done = subprocess.run(
        [sys.executable, "-m", "sim", *arguments],
        cwd=paths.PROJECT,
        env=env,
        capture_output=True,
        text=True,
        timeout=_UP_SECONDS,
        check=False,
    )
    if check and done.returncode:
        pytest.fail(f"`python -m sim {' '.join(arguments)}` failed:\n{done.stdout}{done.stderr}", pytrace=False)
    return done


def _tests_id() -> str:
    return os.environ.get("SIM_ID") or "t" + hashlib.sha256(str(paths.PROJECT).encode()).hexdigest()[:7]


@pytest.fixture(scope="session")
def cluster() -> Iterator[Cluster]:
    """The tests' simulated cluster: the one that stands, else one that is ended with the session."""
    name = _tests_id()
    file = paths.cluster_dir(name) / "cluster.json"
    stood = file.exists()
    sim(name, "up")
    found = load(file)
    assert found is not None
    yield found
    if not stood:
        sim(name, "down")


@pytest.fixture(scope="module")
def stack(cluster: Cluster, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Pulumi]:
    """The sim stack, deployed: one graph for all tests of a module."""
    pulumi = Pulumi(cluster, copy_project(tmp_path_factory.mktemp("project")), "sim").create()
    pulumi("up", "--yes", "--skip-preview")
    yield pulumi
    pulumi("destroy", "--yes", "--skip-preview")


@pytest.fixture(scope="module")
def wideep(stack: Pulumi) -> Wideep:
    """The command, for that stack."""
    return Wideep(stack.cluster, stack.folder, stack.stack)


@pytest.fixture
def sim_env(cluster: Cluster) -> dict[str, str]:
    """The environment in which pulumi, kubectl and helm work on the tests' cluster."""
    return os.environ | environment(cluster)


@pytest.fixture
def run(sim_env: dict[str, str]) -> Run:
    """Runs a command on the tests' cluster, by default to its good end; returns what it printed."""

    def run_command(*command: str, check: bool = True, given: str | None = None) -> subprocess.CompletedProcess[str]:
        done = subprocess.run(
            command,
            env=sim_env,
            cwd=paths.PROJECT,
            input=given,
            capture_output=True,
            text=True,
            timeout=300,
            check=False,
        )
        if check and done.returncode:
            pytest.fail(f"`{' '.join(command)}` failed:\n{done.stdout}{done.stderr}", pytrace=False)
        return done

    return run_command
