"""This machine: the state's lock, its disk, and a port of the simulation."""

from __future__ import annotations

import os
import shlex
import socket
import subprocess
from pathlib import Path

import pytest

from sim.cluster import ports, process
from sim.state import load
from tests.faults import report
from tests.faults.world import QUIET, World
from tests.sim.conftest import sim
from tests.support.wideep import Wideep

pytestmark = [pytest.mark.cluster, pytest.mark.timeout(900)]
BUILDS = "[4/8]"
MB = 1_000_000


def up_that_builds(world: World) -> subprocess.Popen[bytes]:
    """An `up` in the middle of the image build, where it stays for a minute."""
    world.fault("build-slow")
    running = world.start("up", *QUIET)
    world.wait(lambda: BUILDS in world.output(), "the image is built")
    return running


@pytest.mark.often
def test_a_second_up_on_the_same_stack_says_so_and_changes_nothing(
    destroyed: World, request: pytest.FixtureRequest
) -> None:
    first = up_that_builds(destroyed)

    second = destroyed.beside().up(fails=True)

    seen = report.line_with(second.text, "currently locked")
    first.terminate()
    destroyed.finish(first)
    report.note(request, 26, "a second `pulumi up` at the same time", seen, "the first goes on")


def test_a_lock_of_a_killed_run_is_named_with_the_command_that_ends_it(
    destroyed: World, request: pytest.FixtureRequest
) -> None:
    first = up_that_builds(destroyed)
    first.kill()
    destroyed.finish(first)

    said = destroyed.up(fails=True)

    seen = report.line_with(said.text, "currently locked")
    assert "pulumi cancel" in seen
    destroyed("cancel", "--yes")
    destroyed.clear()
    destroyed.up()
    assert destroyed.graph_is_ready()
    report.note(request, 26, "the state is locked by a killed `pulumi up`", seen, "`pulumi cancel`, then `pulumi up`")


ON_A_DISK_OF_ITS_OWN = """
mount -t tmpfs -o size="$1" none "$2" && cp -a "$3/." "$2" || exit 99
room=$2 state=$3 when=$4
shift 4
(until test -e "$when"; do sleep 0.1; done; exec cat /dev/zero > "$room/fill") 2> "$when.log" &
fills=$!
PULUMI_BACKEND_URL="file://$room?metadata=skip" "$@"
code=$?
kill "$fills" 2> "$when.log"
rm -f "$room/fill"
cp -a "$room/." "$state"
exit $code
"""
"""Runs a command with the state on a disk of so many bytes, which is filled when a file appears. What the command could
write is kept."""


def put_on_a_disk(world: World, room: int, folder: Path) -> Path:
    """The next commands have their state on a disk with so many bytes left. The file that fills it."""
    if subprocess.run(["unshare", "-rm", "true"], check=False, capture_output=True).returncode:
        pytest.skip("this machine lets no user mount a file system of his own, which is the small disk")
    disk = folder / "disk"
    disk.mkdir()
    state = world.cluster.pulumi_state
    page = 4096
    used = sum(-(-file.stat().st_size // page) * page for file in state.rglob("*") if file.is_file())
    fill = folder / "fill"
    places = (str(used + room), str(disk), str(state), str(fill))
    world.before = ("unshare", "-rm", "sh", "-c", ON_A_DISK_OF_ITS_OWN, "sh", *places)
    return fill


@pytest.mark.often
def test_a_disk_with_too_little_room_is_told_before_anything_is_made(
    destroyed: World, request: pytest.FixtureRequest, tmp_path: Path
) -> None:
    put_on_a_disk(destroyed, 2 * MB, tmp_path)

    said = destroyed.up(fails=True)

    seen = report.line_with(said.text, "MB left, and an update needs 16 MB")
    assert destroyed.leftovers() == []
    destroyed.mend()
    destroyed.up()
    assert destroyed.graph_is_ready()
    report.note(request, 26, "the disk of the state is nearly full", seen, "`pulumi up`, once there is room")


def test_a_disk_that_fills_up_meanwhile_is_named_and_the_next_up_goes_on(
    destroyed: World, request: pytest.FixtureRequest, tmp_path: Path
) -> None:
    """The engine can no longer note what it makes. Whether it leaves the last state whole or the next one cut short is
    a matter of bytes."""
    fill = put_on_a_disk(destroyed, 100 * MB, tmp_path)
    running = up_that_builds(destroyed)
    fill.touch()

    said = destroyed.finish(running)

    assert said.code
    seen = report.line_with(said.text, "no space left on device")
    destroyed.mend()
    destroyed.clear()
    for command in way_back(destroyed):
        destroyed.run(*shlex.split(command))
    destroyed("up", "--refresh", *QUIET)
    assert destroyed.graph_is_ready()
    report.note(request, 26, "the disk of the state fills up during `pulumi up`", seen, "`pulumi up --refresh` resumes")


@pytest.mark.often
def test_a_state_that_is_cut_short_comes_back_with_the_commands_that_doctor_prints(
    deployed: World, request: pytest.FixtureRequest
) -> None:
    (state,) = (deployed.cluster.pulumi_state / ".pulumi" / "stacks").glob(f"*/{deployed.stack}.json")
    os.truncate(state, state.stat().st_size // 2)
    said = deployed.up(fails=True)
    seen = report.line_with(said.text, "unexpected end of JSON input")

    (command,) = way_back(deployed)

    deployed.run(*shlex.split(command))
    assert "unchanged" in deployed("up", "--refresh", *QUIET)
    assert deployed.graph_is_ready()
    then = "`wideep doctor` prints the command that restores the last copy; then `pulumi up --refresh`"
    report.note(request, 26, "the state file is truncated, as by a full disk", seen, then)


def way_back(world: World) -> list[str]:
    """The shell commands with which `wideep doctor` brings a state back; none where it can be read."""
    said = Wideep(world.cluster, world.folder, world.stack)("doctor", "--output", "json")
    (state,) = (one for one in said.json["findings"] if one["check"] == "state")
    return [line for line in state["fix"] if line.startswith("cp ")]


def test_a_port_that_another_program_took_is_named_and_sim_up_goes_on_without_it(
    deployed: World, request: pytest.FixtureRequest
) -> None:
    now = load(deployed.cluster.file)
    assert now is not None
    port = now.ports.registry
    process.stop(now.processes["registry"])
    deployed.wait(lambda: ports.is_free(port), "who was connected to it has noticed", 90)
    with socket.create_server(("127.0.0.1", port)):
        said = sim(now.id, "up", fails=True)
    seen = report.line_with(said.text, str(port))

    again = sim(now.id, "up")

    assert "started registry" in again.text
    deployed.up()
    assert deployed.graph_is_ready()
    then = "`python -m sim up`, when it is free, or `python -m sim down` first"
    report.note(request, 26, "a port of the simulated cluster is taken (`python -m sim up`)", seen, then)
