"""An object that was set as a JSON text is refused by plan and up in the same words, with commands that mend it."""

import json
import shutil
from pathlib import Path

import pulumi
import pytest
import yaml

from components.stack_config import read_settings
from tests.support import process
from tests.support.engine import PROJECT, run
from tests.support.plans import config_of
from wideep.errors import ConfigError
from wideep.settings.texts import json_texts
from wideep_cli.stack_context import load
from wideep_cli.stack_file import read_stack_file

HARDWARE = {"gpu": "H200", "nodes": 2, "gpusPerNode": 8, "interconnect": "infiniband"}
COMMANDS = [
    "pulumi config set --path 'hardware.gpu' H200",
    "pulumi config set --path 'hardware.nodes' 2",
    "pulumi config set --path 'hardware.gpusPerNode' 8",
    "pulumi config set --path 'hardware.interconnect' infiniband",
]


def texts_of(key: str) -> dict[str, object]:
    """The sim stack with one key as a text."""
    config = config_of("sim")
    return {**config, key: json.dumps(config[key])}


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / "Pulumi.yaml").write_text(f"name: {PROJECT}\nruntime: python\n")
    monkeypatch.chdir(tmp_path)
    return tmp_path


def write(folder: Path, config: dict[str, object], stack: str) -> Path:
    file = folder / f"Pulumi.{stack}.yaml"
    file.write_text(yaml.safe_dump({"config": {f"{PROJECT}:{key}": value for key, value in config.items()}}))
    return file


def up(config: dict[str, object], monkeypatch: pytest.MonkeyPatch) -> str:
    """What the program says of a config as the engine hands it over; empty where it takes it."""
    texts = {
        f"{PROJECT}:{key}": each if isinstance(each, str) else json.dumps(each, separators=(",", ":"))
        for key, each in config.items()
    }
    monkeypatch.setenv("PULUMI_CONFIG", json.dumps(texts))

    def program() -> None:
        pulumi.runtime.set_all_config(texts, [f"{PROJECT}:hfToken"])
        read_settings()

    try:
        run(program)
    except pulumi.RunError as refused:
        return str(refused)
    return ""


@pytest.mark.parametrize("key", ["hardware", "layout", "image", "modelCache"])
def test_plan_and_up_refuse_it_in_the_same_words(key: str, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    good, wrong = config_of("sim"), texts_of(key)
    if isinstance(good[key], str):
        wrong = {**good, key: json.dumps({"preset": good[key]})}
    stack = stack_name(monkeypatch)
    file = write(folder, {**wrong, "hfToken": {"secure": "v1:x"}}, stack)
    with pytest.raises(ConfigError) as caught:
        load(read_stack_file(file))
    (problem,) = caught.value.problems
    assert problem.key == key
    assert f"pulumi config set --path '{key}." in problem.fix
    assert str(ConfigError([problem])) == up(wrong, monkeypatch)


def stack_name(monkeypatch: pytest.MonkeyPatch) -> str:
    names: list[str] = []
    monkeypatch.setenv("PULUMI_CONFIG", "{}")
    run(lambda: names.append(pulumi.get_stack()))
    return names[0]


def test_an_object_is_taken_by_both(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = write(folder, {**config_of("sim"), "hfToken": {"secure": "v1:x"}}, stack_name(monkeypatch))
    assert load(read_stack_file(file)).plan.gpus == 16
    assert up(config_of("sim"), monkeypatch) == ""


def test_the_commands_that_mend_it_are_said_value_by_value() -> None:
    (problem,) = json_texts({"hardware": json.dumps(HARDWARE), "layout": "wide-32gpu", "image": {"source": "build"}})
    assert problem.fix.splitlines()[:4] == COMMANDS
    (problem,) = json_texts({"access": '{"allowFrom": ["10.0.0.0/8"], "networkPolicies": true}'})
    assert "--path 'access.allowFrom[0]' 10.0.0.0/8" in problem.fix
    assert "--path 'access.networkPolicies' true" in problem.fix
    (problem,) = json_texts({"hardware": "{gpu: H200}"})
    assert "pulumi config set --path 'hardware.KEY' VALUE" in problem.fix


def test_a_password_in_such_a_text_is_not_shown() -> None:
    (problem,) = json_texts({"image": '{"registry": {"username": "ci", "password": "hush-hush"}}'})
    assert "hush-hush" not in str(problem)
    assert "pulumi config set --secret --path 'image.registry.password' …" in problem.fix


@pytest.mark.skipif(shutil.which("pulumi") is None, reason="no pulumi on PATH")
def test_the_commands_do_it(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PULUMI_HOME", str(folder / "home"))
    monkeypatch.setenv("PULUMI_CONFIG_PASSPHRASE", "")
    monkeypatch.setenv("PULUMI_SKIP_UPDATE_CHECK", "1")
    (folder / "state").mkdir()
    monkeypatch.setenv("PULUMI_BACKEND_URL", f"file://{folder / 'state'}")
    process.run("pulumi", "stack", "init", "a", cwd=folder)
    process.run("pulumi", "config", "set", "hardware", json.dumps(HARDWARE), cwd=folder)
    (problem,) = json_texts(read_stack_file(folder / "Pulumi.a.yaml").config)
    for command in problem.fix.splitlines()[:4]:
        process.run("sh", "-c", command, cwd=folder)
    assert read_stack_file(folder / "Pulumi.a.yaml").config["hardware"] == HARDWARE
