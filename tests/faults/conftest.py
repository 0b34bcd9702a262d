"""Fixtures of the fault tests: a stack that tests use as a user would, and checks of what must hold after each test."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from sim.faults import acts
from sim.sandbox import copy_project
from sim.state import Cluster
from tests.conftest import ROOT
from tests.faults import report
from tests.faults.world import World
from tests.sim.conftest import cluster as cluster


@pytest.fixture(scope="session")
def world_of_session(cluster: Cluster, tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    world = World(cluster, copy_project(tmp_path_factory.mktemp("faults")), "sim").create()
    yield world
    acts.clear(cluster)
    world.mend()
    world("destroy", "--yes", "--skip-preview")


@pytest.fixture
def world(world_of_session: World, request: pytest.FixtureRequest) -> Iterator[World]:
    """Yield the stack with no fault set and its original config, in the state that the previous test left."""
    world_of_session.said.clear()
    yield world_of_session
    acts.clear(world_of_session.cluster)
    world_of_session.mend()
    assert world_of_session.secrets_said() == []
    assert world_of_session.strays() == []
    world_of_session.forget_pending()


@pytest.fixture
def deployed(world: World) -> World:
    """Return the stack, up and ready."""
    world.up()
    return world


@pytest.fixture
def destroyed(world: World) -> World:
    """Return the stack, with nothing of it on the cluster."""
    world.destroy()
    return world


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Iterator[None]:
    outcome = yield
    found = outcome.get_result()  # type: ignore[attr-defined]
    if found.when == "call":
        report.ended(item, found.passed)


def pytest_sessionfinish(session: pytest.Session, exitstatus: int) -> None:
    ended = exitstatus in (pytest.ExitCode.OK, pytest.ExitCode.TESTS_FAILED)
    config = session.config
    if os.environ.get("FAULTS") == "all" and session.testscollected and ended and not config.option.collectonly:
        some = config.option.keyword or any(Path(one.split("::")[0]).is_file() for one in config.args)
        report.write(ROOT / "docs" / "reliability.md", whole=not some)
