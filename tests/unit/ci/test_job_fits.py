"""Whether a CI job can do a stack's first `up`: numbers of disk and time, before anything is changed."""

from __future__ import annotations

import io
from typing import Any

import pytest

from ci.job_fits import IMAGE, JOB, Machine, main, obstacles, this_machine, warnings
from tests.support.plans import ROOT, plan_of
from wideep.plan import Plan

RUNNER = Machine(free_gb=14, minutes=360)
BUILD = {"source": "build", "repository": "registry.example.com/dynamo-wideep", "tag": "0.6.0"}


def built(**image: str) -> Plan:
    """The production stack on the release whose image is built in one step."""
    return plan_of("prod", image={**BUILD, **image}, platform={"version": "0.6.0"})


PLANNED = built().image_source.build
assert PLANNED is not None
BUILT: dict[str, Any] = {
    "type": IMAGE,
    "inputs": {"tags": ["registry.example.com/dynamo-wideep:0.6.0"], "context": {"location": PLANNED.context}},
}
DOWNLOADED: dict[str, Any] = {"type": JOB, "inputs": {}}


def test_a_runner_with_too_little_disk_is_told_what_the_build_takes_and_what_to_do_instead() -> None:
    (text,) = obstacles(built(), [], RUNNER)
    assert "takes 60 GB of disk, and 14 are free" in text
    for way in ("by hand", "image.builder", "source: existing"):
        assert way in text


@pytest.mark.parametrize(
    ("resources", "machine"),
    [([BUILT], RUNNER), ([], Machine(80, 360)), ([], Machine(None, 360))],
    ids=["built already", "enough disk", "Docker is elsewhere"],
)
def test_nothing_stops_a_job_that_need_not_build_or_can(resources: list[dict[str, Any]], machine: Machine) -> None:
    assert list(obstacles(built(), resources, machine)) == []


@pytest.mark.parametrize("changed", [{"tags": ["registry.example.com/d:0.5.9"]}, {"context": {"location": "v0.5.9"}}])
def test_another_tag_or_source_is_built_again(changed: dict[str, Any]) -> None:
    other = {**BUILT, "inputs": {**BUILT["inputs"], **changed}}
    assert len(list(obstacles(built(), [other], RUNNER))) == 1


def test_an_image_that_exists_is_never_built() -> None:
    plan = plan_of("prod", image={"source": "existing", "reference": "r.example.com/d:1"})
    assert list(obstacles(plan, [], RUNNER)) == []


def test_a_builder_that_the_job_does_not_know_is_named_with_the_command(
    tmp_path: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    docker = tmp_path / "docker"
    docker.write_text("#!/bin/sh\nexit 1\n")
    docker.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path), prepend=":")
    (text,) = obstacles(
        plan_of("prod", image={**BUILD, "builder": "wideep"}, platform={"version": "0.6.0"}), [], RUNNER
    )
    assert "docker buildx create --name wideep" in text


def test_a_job_shorter_than_the_deadlines_is_warned_of_with_each_of_them() -> None:
    (text,) = warnings(built(), [], RUNNER)
    assert "the download 7 h 39 min" in text
    assert "stopped after 6 h 00 min" in text


@pytest.mark.parametrize(
    ("resources", "minutes"), [([BUILT, DOWNLOADED], 360), ([], None), ([], 900)], ids=["done", "no limit", "long"]
)
def test_no_warning_where_it_is_done_or_the_job_is_long(resources: list[dict[str, Any]], minutes: int | None) -> None:
    assert list(warnings(built(), resources, Machine(14, minutes))) == []


def test_a_stack_that_cannot_run_is_refused_in_its_own_words(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Any
) -> None:
    for name in ("Pulumi.yaml", "Pulumi.prod.yaml"):
        (tmp_path / name).write_text((ROOT / name).read_text().replace("nodes: 4", "nodes: 1"))
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("sys.argv", ["job_fits", "prod"])
    monkeypatch.setattr("sys.stdin", io.StringIO('{"deployment": {}}'))
    assert main() == 2
    assert "The stack config has a mistake:" in capsys.readouterr().err


def test_a_docker_elsewhere_has_a_disk_that_nobody_here_knows() -> None:
    assert this_machine({"DOCKER_HOST": "tcp://10.0.0.1:2375", "JOB_MINUTES": "900"}) == Machine(None, 900)
    assert this_machine({}).minutes is None
