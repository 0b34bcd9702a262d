"""How a stack's file is found and read: as Pulumi does, without Pulumi."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

import pytest

from ops.errors import CallError
from ops.selected import selected_stack
from ops.stackfile import find_project, read_stack_file, stack_path

PROJECT = """\
name: mine
runtime: python
config:
  namespace: {type: string, default: lab}
  model: {default: ""}
  mine:name: {value: graph}
  kubernetes:context: {value: other}
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "Pulumi.yaml").write_text(PROJECT)
    return tmp_path


def written(folder: Path, text: str, name: str = "Pulumi.dev.yaml") -> Path:
    path = folder / name
    path.write_text(text)
    return path


def test_the_project_prefix_goes_and_other_projects_keys_are_left_out(folder: Path) -> None:
    path = written(folder, "config:\n  mine:model: M\n  kubernetes:context: c\n  mine:layout: {preset: p}\n")
    config = read_stack_file(path).config
    assert config == {"namespace": "lab", "name": "graph", "model": "M", "layout": {"preset": "p"}}


def test_a_key_that_is_declared_with_an_empty_default_is_not_set(folder: Path) -> None:
    assert "model" not in read_stack_file(written(folder, "config: {}\n")).config


def test_a_secret_stays_as_it_is_in_the_file(folder: Path) -> None:
    path = written(folder, "config:\n  mine:hfToken:\n    secure: v1:abc\n")
    assert read_stack_file(path).config["hfToken"] == {"secure": "v1:abc"}


def test_a_tag_that_looks_like_a_date_stays_text(folder: Path) -> None:
    path = written(folder, "config:\n  mine:image: {tag: 2025-01-02}\n")
    assert read_stack_file(path).config["image"] == {"tag": "2025-01-02"}


def test_a_file_away_from_its_project_is_read_as_of_the_working_directory(
    folder: Path, tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(folder)
    path = written(tmp_path_factory.mktemp("elsewhere"), "config:\n  mine:model: M\n")
    assert read_stack_file(path).config["model"] == "M"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("config:\n  mine:model: [\n", "line 3, column 1: expected the node content, but found '<stream end>'"),
        ("config:\n  mine:model: a\n  mine:model: b\n", "line 3, column 3: mine:model stands twice."),
        ("config: [a]\n", "`config` holds a list."),
        ("mine:model: a\n", "has config keys, but no `config:` above them."),
        ("just text\n", "holds a str."),
        ("a: " + 2000 * "[", "is nested too deeply."),
        ("a: !!python/object:os.system {}\n", "could not determine a constructor for the tag"),
    ],
)
def test_a_broken_file_is_one_sentence_with_its_place(folder: Path, text: str, message: str) -> None:
    path = written(folder, text)
    with pytest.raises(CallError) as caught:
        read_stack_file(path)
    assert str(caught.value).startswith(str(path))
    assert message in str(caught.value)


def test_a_file_that_is_no_text_is_said_to_be_none(folder: Path) -> None:
    path = folder / "Pulumi.dev.yaml"
    path.write_bytes(b"\xff\xfe\x00")
    with pytest.raises(CallError, match="is not a YAML file"):
        read_stack_file(path)


def test_a_key_without_a_project_is_the_projects_as_it_is_for_pulumi(folder: Path) -> None:
    path = written(folder, "config:\n  model: M\n  mine:config:layout: L\n")
    assert read_stack_file(path).config == {"namespace": "lab", "name": "graph", "model": "M", "layout": "L"}


def test_a_file_that_does_not_exist_gets_the_nearest_names(folder: Path) -> None:
    written(folder, "", "Pulumi.production.yaml")
    with pytest.raises(CallError) as caught:
        read_stack_file(folder / "Pulumi.prodution.yaml")
    assert caught.value.fix == f"Try --file {folder / 'Pulumi.production.yaml'}."


def test_a_stack_is_found_by_its_name_with_or_without_organization(folder: Path) -> None:
    path = written(folder, "")
    project = find_project(folder)
    assert stack_path(project, "dev") == stack_path(project, "acme/mine/dev") == path


def test_a_stack_that_does_not_exist_gets_the_nearest_names(folder: Path) -> None:
    written(folder, "")
    with pytest.raises(CallError, match="--stack dev"):
        stack_path(find_project(folder), "dve")


def test_the_project_is_found_from_a_folder_below_it(folder: Path) -> None:
    below = folder / "a" / "b"
    below.mkdir(parents=True)
    assert find_project(below).path == folder / "Pulumi.yaml"


def selection(folder: Path, home: Path, content: object) -> None:
    digest = hashlib.sha1(str(folder / "Pulumi.yaml").encode(), usedforsecurity=False).hexdigest()
    path = home / "workspaces" / f"mine-{digest}-workspace.json"
    path.parent.mkdir(parents=True)
    path.write_text(json.dumps(content))


def test_pulumi_stack_overrides_the_selection(folder: Path) -> None:
    assert selected_stack(find_project(folder), {"PULUMI_STACK": "ci"}) == "ci"


@pytest.mark.parametrize(
    "content",
    [{"stack": "dev"}, {"stacks": {"file:///state": "dev"}}, {"stack": "old", "stacks": {"https://b": "dev"}}],
)
def test_the_selected_stack_is_what_the_cli_wrote(folder: Path, tmp_path: Path, content: object) -> None:
    home = tmp_path / "home"
    selection(folder, home, content)
    assert selected_stack(find_project(folder), {"PULUMI_HOME": str(home)}) == "dev"


@pytest.mark.parametrize("by_environment", [True, False])
def test_with_several_backends_the_one_that_is_logged_in_decides(
    folder: Path, tmp_path: Path, by_environment: bool
) -> None:
    home = tmp_path / "home"
    selection(folder, home, {"stacks": {"https://a": "dev", "https://b": "prod"}})
    environ = {"PULUMI_HOME": str(home)}
    if by_environment:
        environ["PULUMI_BACKEND_URL"] = "https://b"
    else:
        (home / "credentials.json").write_text(json.dumps({"current": "https://b"}))
    assert selected_stack(find_project(folder), environ) == "prod"


def test_without_a_selection_the_message_says_how_to_name_one(folder: Path, tmp_path: Path) -> None:
    with pytest.raises(CallError, match="--stack NAME"):
        selected_stack(find_project(folder), {"PULUMI_HOME": str(tmp_path / "home")})


def test_without_a_project_the_message_asks_for_a_file(tmp_path: Path) -> None:
    with pytest.raises(CallError, match="--file"):
        selected_stack(find_project(tmp_path), {})
