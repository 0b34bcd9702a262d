"""The simulation ends its own processes, and no other."""

import os
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from sim.cluster import process
from sim.state import Process

SLEEP = [sys.executable, "-S", "-c", "import time; time.sleep(60)"]


@pytest.fixture
def sleeper(tmp_path: Path) -> Iterator[Process]:
    started = process.start(SLEEP, cluster="unit-test", log=tmp_path / "log", env=os.environ)
    yield started
    process.stop(started)


def test_a_started_process_is_alive_until_it_is_stopped(sleeper: Process) -> None:
    assert process.alive(sleeper)
    process.stop(sleeper)
    assert not process.alive(sleeper)


def test_it_has_a_session_of_its_own_so_the_shells_end_is_not_its_own(sleeper: Process) -> None:
    assert os.getsid(sleeper.pid) == sleeper.pid


def test_another_process_that_got_the_pid_is_left_alone(sleeper: Process) -> None:
    earlier = sleeper.model_copy(update={"started": sleeper.started - 60})
    assert not process.alive(earlier)
    process.stop(earlier)
    assert process.alive(sleeper)


def test_a_pid_that_nobody_has_is_not_alive(tmp_path: Path) -> None:
    unused = max(psutil.pids()) + 100_000
    assert not process.alive(process.record(unused, tmp_path / "log"))


def test_a_killed_process_that_nobody_waited_for_is_not_alive(sleeper: Process) -> None:
    os.kill(sleeper.pid, 9)
    until = time.monotonic() + 5
    while process.alive(sleeper) and time.monotonic() < until:
        time.sleep(0.01)
    assert not process.alive(sleeper)


def test_one_that_ignores_the_request_is_ended(tmp_path: Path) -> None:
    stubborn = (
        "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); print('on', flush=True); time.sleep(60)"
    )
    log = tmp_path / "log"
    started = process.start([sys.executable, "-S", "-c", stubborn], cluster="unit-test", log=log, env=os.environ)
    until = time.monotonic() + 10
    while not log.read_text() and time.monotonic() < until:
        time.sleep(0.01)
    process.stop(started, grace=0.2)
    assert not process.alive(started)


def test_the_sweep_ends_what_the_cluster_started_and_nothing_else(tmp_path: Path) -> None:
    child = "import subprocess, sys, time; subprocess.Popen(sys.argv[1:], start_new_session=True); time.sleep(60)"
    parent = process.start(
        [sys.executable, "-S", "-c", child, *SLEEP], cluster="swept", log=tmp_path / "log", env=os.environ
    )
    other = process.start(SLEEP, cluster="kept", log=tmp_path / "log", env=os.environ)
    until = time.monotonic() + 10
    while not psutil.Process(parent.pid).children() and time.monotonic() < until:
        time.sleep(0.01)
    grandchild = psutil.Process(parent.pid).children()[0]
    assert {parent.pid, grandchild.pid} == set(process.sweep("swept"))
    assert not process.alive(parent)
    assert not grandchild.is_running() or grandchild.status() == psutil.STATUS_ZOMBIE
    assert process.alive(other)
    process.stop(other)
