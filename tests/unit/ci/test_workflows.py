"""What the workflows promise on paper: pinned, least rights, nothing secret for forks, and only steps that run here."""

from __future__ import annotations

import re
from typing import Any

import pytest
import yaml

from tests.conftest import ROOT
from tests.support.process import run
from tests.support.workflow import load
from wideep.versions import PYTHON_IMAGE

FILES = {file.stem: file for file in sorted((ROOT / ".github" / "workflows").glob("*.yml"))}
MAY_CANCEL = {
    "check": True,
    "container": True,
    "preview": True,
    "drift": True,
    "up": False,
    "destroy": False,
    "release": False,
}
NO_CLUSTER = {"check", "container", "release"}


def steps(workflow: dict[str, Any]) -> list[dict[str, Any]]:
    return [step for job in workflow["jobs"].values() for step in job["steps"]]


def test_there_are_seven_of_them() -> None:
    assert set(FILES) == set(MAY_CANCEL)


@pytest.mark.parametrize("name", FILES)
def test_every_action_is_pinned_by_a_full_sha_with_its_version_beside(name: str) -> None:
    used = re.findall(r"uses: (.*)", FILES[name].read_text())
    assert used
    assert [line for line in used if not re.fullmatch(r"[\w/-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+", line)] == []


def test_the_same_action_has_the_same_sha_everywhere() -> None:
    used = {line for file in FILES.values() for line in re.findall(r"uses: (.*)", file.read_text())}
    assert len({line.partition("@")[0] for line in used}) == len(used)


@pytest.mark.parametrize("name", FILES)
def test_rights_are_given_one_by_one_and_none_may_write_the_repository(name: str) -> None:
    workflow = load(FILES[name])
    given = [workflow["permissions"], *(job.get("permissions", {}) for job in workflow["jobs"].values())]
    assert all(isinstance(rights, dict) for rights in given)
    written = {right for rights in given for right, level in rights.items() if level == "write"}
    assert written <= {"id-token", "pull-requests"}


def test_a_pull_request_from_a_fork_sees_no_secret_no_token_and_no_environment() -> None:
    text = FILES["check"].read_text()
    workflow = load(FILES["check"])
    assert "pull_request" in workflow["on"]
    for word in ("secrets.", "github.token", "id-token", "environment:", "pull_request_target"):
        assert word not in text
    assert workflow["permissions"] == {"contents": "read"}
    job = load(FILES["preview"])["jobs"]["preview"]
    assert job["if"] == "github.event.pull_request.head.repo.full_name == github.repository"


@pytest.mark.parametrize("name", sorted(set(FILES) - NO_CLUSTER))
def test_what_reaches_a_cluster_is_behind_an_environment(name: str) -> None:
    for job in load(FILES[name])["jobs"].values():
        assert job["environment"]


@pytest.mark.parametrize("name", FILES)
def test_previews_give_way_to_newer_ones_and_updates_never(name: str) -> None:
    workflow = load(FILES[name])
    found = [level["concurrency"] for level in (workflow, *workflow["jobs"].values()) if "concurrency" in level]
    assert found
    for concurrency in found:
        assert (concurrency["cancel-in-progress"] is not False) is MAY_CANCEL[name]


def test_update_and_destruction_of_a_stack_wait_for_each_other() -> None:
    groups = [load(FILES[name])["jobs"][name]["concurrency"]["group"] for name in ("up", "destroy")]
    assert [group.partition("${{")[0] for group in groups] == ["stack-", "stack-"]


@pytest.mark.parametrize("name", FILES)
def test_no_secret_and_no_expression_is_on_a_command_line(name: str) -> None:
    assert [step["run"] for step in steps(load(FILES[name])) if "${{" in step.get("run", "")] == []


@pytest.mark.parametrize("name", FILES)
def test_every_job_ends_by_itself_and_leaves_no_token_in_the_checkout(name: str) -> None:
    workflow = load(FILES[name])
    assert all(job["timeout-minutes"] for job in workflow["jobs"].values())
    checkouts = [step for step in steps(workflow) if step.get("uses", "").startswith("actions/checkout@")]
    assert checkouts
    assert all(step["with"]["persist-credentials"] is False for step in checkouts)


@pytest.mark.parametrize("name", FILES)
def test_each_step_is_a_target_of_the_makefile_or_a_script_that_is_there(name: str) -> None:
    for step in steps(load(FILES[name])):
        words = step.get("run", "").split()
        if words[:1] == ["make"]:
            targets = [word for word in words[1:] if re.fullmatch(r"[a-z-]+", word)]
            run("make", "-n", *targets)
        elif words[:1] == ["sh"]:
            assert (ROOT / words[1]).is_file()
        elif words[:1] == ["docker"]:
            assert all((ROOT / word).is_file() for word in words if word.startswith(".devcontainer/"))
        elif words:
            assert step["name"] == "Is it meant?"


def test_the_container_starts_from_the_image_that_the_program_pins() -> None:
    lines = (ROOT / ".devcontainer" / "Dockerfile").read_text().splitlines()
    assert [line for line in lines if line.startswith("FROM ")] == [f"FROM {PYTHON_IMAGE}"]


def gitlab() -> dict[str, Any]:
    """The pipeline on the page about GitLab."""
    return yaml.safe_load((ROOT / "docs" / "ci-gitlab.md").read_text().split("```yaml\n")[1].split("```")[0])


def test_the_page_on_gitlab_runs_the_same_targets_as_github() -> None:
    def targets(commands: list[str]) -> set[str]:
        words = [word for command in commands if command.startswith("make ") for word in command.split()[1:]]
        return {word for word in words if re.fullmatch(r"[a-z-]+", word)}

    jobs = {name: job for name, job in gitlab().items() if isinstance(job, dict) and "script" in job}
    theirs = {name: targets(job["script"] + job.get("after_script", [])) for name, job in jobs.items()}
    setup = {"setup", "setup-policy"}
    ours = {name: targets([step.get("run", "") for step in steps(load(file))]) - setup for name, file in FILES.items()}
    for github_only in ("release", "container"):
        del ours[github_only]
    assert theirs == ours


def authentication(page: str) -> dict[str, Any]:
    """Whom the API server is told to trust, on the page of a forge."""
    blocks = (ROOT / "docs" / page).read_text().split("```yaml\n")[1:]
    found = [yaml.safe_load(block.split("```")[0]) for block in blocks]
    (config,) = (each for each in found if each.get("kind") == "AuthenticationConfiguration")
    return config


def test_rights_on_the_cluster_belong_to_a_protected_environment_and_to_no_branch() -> None:
    github, gitlab_ = (authentication(page)["jwt"][0] for page in ("ci.md", "ci-gitlab.md"))
    assert ":environment:" in github["claimValidationRules"][0]["expression"]
    rules = " ".join(str(rule) for rule in gitlab_["claimValidationRules"])
    assert 'claims.environment_protected == "true"' in rules
    assert "project_path" in rules
    name = gitlab_["claimMappings"]["username"]["expression"]
    assert "claims.environment" in name
    assert not re.search(r"claims\.(sub|ref)\b", name)


def test_a_destroy_on_gitlab_is_of_a_stack_whose_environment_is_protected() -> None:
    jobs = gitlab()
    (stacks,) = {tuple(each["STACK"]) for each in jobs["up"]["parallel"]["matrix"]}
    assert f"$STACK =~ /^({'|'.join(stacks)})$/" in jobs["destroy"]["rules"][0]["if"]


def test_the_page_on_gitlab_protects_what_reaches_a_cluster() -> None:
    jobs = {name: job for name, job in gitlab().items() if job and isinstance(job, dict) and "script" in job}
    for name, job in jobs.items():
        assert ("environment" in job) is (name != "check")
        assert ("resource_group" in job) is (name in ("up", "destroy"))
