"""The stack of the fault tests: what a person types, what it printed, and what must hold afterwards."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from sim.faults import acts
from sim.state import Cluster
from tests.faults import report
from tests.faults.world import World
from tests.sim.conftest import cluster as cluster
from tests.support.project import copy_project


@pytest.fixture(scope="session")
def world_of_session(cluster: Cluster, tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    world = World(cluster, copy_project(tmp_path_factory.mktemp("faults")), "sim").create()
    yield world
    acts.clear(cluster)
    world.mend()
    world("destroy", "--yes", "--skip-preview")


@pytest.fixture
def world(world_of_session: World, request: pytest.FixtureRequest) -> Iterator[World]:
    """The stack, with no fault set and its own config. What a test leaves of it, the next one starts from."""
    world_of_session.said.clear()
    yield world_of_session
    acts.clear(world_of_session.cluster)
    world_of_session.mend()
    assert world_of_session.secrets_said() == []


@pytest.fixture
def deployed(world: World) -> World:
    """The stack, up and ready."""
    world.up()
    return world


@pytest.fixture
def destroyed(world: World) -> World:
    """The stack, with nothing of it on the cluster."""
    world.destroy()
    return world


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--reliability", type=Path, help="Write the table of faults, from this run, into this file.")


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Iterator[None]:
    outcome = yield
    found = outcome.get_result()  # type: ignore[attr-defined]
    if found.when == "call":
        report.ended(item, found.passed)


def pytest_sessionfinish(session: pytest.Session) -> None:
    file = session.config.getoption("--reliability")
    if file:
        report.write(file)
