"""How a stack's file is found and read: as Pulumi does, without Pulumi."""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import textwrap
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.support.examples import examples
from wideep.named_file import read_named
from wideep_cli.errors import CallError
from wideep_cli.selected_stack import selected_stack
from wideep_cli.stack_context import load
from wideep_cli.stack_file import find_project, read_stack_file, stack_path

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


def test_a_tag_that_looks_like_a_date_is_what_pulumi_makes_of_it_and_stays_text_in_quotes(folder: Path) -> None:
    path = written(folder, "config:\n  mine:image: {tag: 2025-01-02}\n  mine:model: '2025-01-02'\n")
    config = read_stack_file(path).config
    assert config["image"] == {"tag": "2025-01-02 00:00:00 +0000 UTC"}
    assert config["model"] == "2025-01-02"


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


@pytest.mark.parametrize(
    "text",
    ["", "# nothing yet\n", "config:\n", "config: {}\n", "encryptionsalt: v1:a\n", "config:\n  other:namespace: n\n"],
)
def test_a_file_that_sets_nothing_is_told_what_to_write_which_then_is_a_stack(folder: Path, text: str) -> None:
    written(folder, "name: mine\nruntime: python\n", "Pulumi.yaml")
    path = written(folder, text)

    with pytest.raises(CallError) as caught:
        read_stack_file(path)

    others = "; its keys are of other" if "other:" in text else ""
    assert caught.value.message == f"{path} has no key of mine under `config:`{others}."
    told, _, example = caught.value.fix.partition("\n")
    assert told == "Write for example (docs/configuration.md has every key):"
    assert load(read_stack_file(written(folder, textwrap.dedent(example)))).plan.gpus == 16


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


BOMB = "a: &a [x,x,x,x,x,x,x,x,x]\n" + "".join(
    f"{name}: &{name} [{','.join([f'*{below}'] * 9)}]\n" for below, name in zip("abcdefgh", "bcdefghi", strict=True)
)
MERGES = "a: &a {k: 1}\n" + "".join(
    f"{n}: &{n} {{<<: [{','.join([f'*{b}'] * 50)}]}}\n" for b, n in zip("abc", "bcd", strict=True)
)


@pytest.mark.parametrize("text", [BOMB, MERGES, "a: &a [*a]\n", "x: [" + "1," * 20_000 + "]\n"])
def test_a_text_that_stands_for_too_many_values_is_refused_at_once(folder: Path, text: str) -> None:
    with pytest.raises(CallError, match="more than 10,000 values"):
        read_stack_file(written(folder, text))


def test_a_file_that_is_too_large_is_refused(folder: Path) -> None:
    with pytest.raises(CallError, match="at most 1,000,000"):
        read_stack_file(written(folder, "#" * 1_000_001))


@pytest.mark.parametrize(
    "value",
    [
        "0b_",
        "!!int abc",
        "!!bool x",
        "!!float x",
        "!!timestamp x",
        "!!set H200",
        "!!binary é",
        "9" * 5000,
        "!!map 1",
        "!!omap x",
        "!!pairs [1]",
        "!!python/name:os.system",
        "0x_",
    ],
)
def test_a_value_that_its_tag_cannot_hold_is_an_error_with_its_place(folder: Path, value: str) -> None:
    with pytest.raises(CallError, match="line 2"):
        read_stack_file(written(folder, f"config:\n  isl: {value}\n"))


YAML = st.text("ab:-[]{}!&*|>#%@,?<0123456789_. \n'\"\\", max_size=60) | st.lists(
    st.sampled_from(
        ["config:", "\n", "  ", "a: ", "!!int ", "!!set ", "!!bool ", "&x ", "*x", "- ", "0b_", "{", "}", "[", "]"]
    ),
    max_size=14,
).map("".join)


@examples(100)
@given(text=YAML)
def test_any_text_is_read_or_refused_with_a_sentence(folder: Path, text: str) -> None:
    with contextlib.suppress(CallError):
        read_stack_file(written(folder, text))


@pytest.mark.parametrize("make", ["fifo", "device", "folder"])
def test_a_file_that_a_config_names_is_a_regular_one(folder: Path, make: str) -> None:
    place = folder / "config.json"
    if make == "fifo":
        os.mkfifo(place)
    elif make == "device":
        place.symlink_to("/dev/zero")
    else:
        place.mkdir()
    with pytest.raises(OSError, match=r"regular file|directory"):
        read_named(place)
