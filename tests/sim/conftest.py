"""The tests' simulated cluster, which has its own id so that a user's cluster is not touched, and is started once."""

import hashlib
import os
import sys
from collections.abc import Callable, Iterator
from functools import partial

import pytest

from sim import paths
from sim.state import Cluster, load
from tests.sim.pulumi import Pulumi
from tests.support import process
from tests.support.process import Said, env_on
from tests.support.wideep import Wideep

Run = Callable[..., Said]
_UP_SECONDS = 1500  # the tools may have to be built first


def sim(cluster: str, *arguments: str, fails: bool | None = False) -> Said:
    """Run `python -m sim …` for the cluster of that id."""
    env = {name: value for name, value in os.environ.items() if name != "SIM_CLUSTER"} | {"SIM_ID": cluster}
    return process.run(sys.executable, "-m", "sim", *arguments, env=env, seconds=_UP_SECONDS, fails=fails)


def _tests_id() -> str:
    return os.environ.get("SIM_ID") or "t" + hashlib.sha256(str(paths.PROJECT).encode()).hexdigest()[:7]


@pytest.fixture(scope="session", autouse=True)
def _environment_of_this_checkout() -> None:  # pyright: ignore[reportUnusedFunction] - pytest's
    """Bring .venv up to date here: a test's copy of the project links it, and `make` there would install the copy."""
    process.run("sh", "scripts/setup.sh", seconds=_UP_SECONDS)


@pytest.fixture(scope="session")
def cluster() -> Iterator[Cluster]:
    """Yield the tests' simulated cluster; end it with the session unless it was already running."""
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
    """Yield the sim stack, deployed: one graph for all tests of a module."""
    with Pulumi.new(cluster, tmp_path_factory.mktemp("project"), "sim").deployed() as stack:
        yield stack


@pytest.fixture(scope="module")
def wideep(stack: Pulumi) -> Wideep:
    """Return the `wideep` command for that stack."""
    return Wideep(stack.cluster, stack.folder, stack.stack)


@pytest.fixture
def run(cluster: Cluster) -> Run:
    """Return a function that runs a command on the tests' cluster."""
    return partial(process.run, env=env_on(cluster))
