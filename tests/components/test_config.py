"""Reading the stack's config: the Plan, or one message with every mistake."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pulumi
import pytest

from components.stack_config import hf_token, read_settings
from tests.support.engine import PROJECT, run
from tests.support.plans import TOKEN, config_of
from wideep.errors import ConfigError
from wideep.plan import Plan, make_plan
from wideep.rules import accept

Read = Callable[..., Plan]


@pytest.fixture
def read(monkeypatch: pytest.MonkeyPatch) -> Read:
    """Reads a config as the engine hands it to a program: all texts, objects as JSON, unset keys as their default."""

    def reading(config: dict[str, Any], secrets: tuple[str, ...] = ("hfToken",)) -> Plan:
        texts = {
            f"{PROJECT}:{key}": value if isinstance(value, str) else json.dumps(value) for key, value in config.items()
        }
        texts["kubernetes:context"] = "elsewhere"
        monkeypatch.setenv("PULUMI_CONFIG", json.dumps(texts))
        plans: list[Plan] = []

        def program() -> None:
            pulumi.runtime.set_all_config(texts, [f"{PROJECT}:{key}" for key in secrets])
            plans.append(make_plan(read_settings()))

        run(program)
        return plans[0]

    return reading


def test_a_stack_becomes_its_plan(read: Read) -> None:
    assert read(config_of("prod")).gpus == 32


def test_what_pulumi_yaml_gives_as_default_is_not_set(read: Read) -> None:
    unset = {"monitoring": {}, "frontend": {}, "hfTokenSecret": "", "name": ""}
    assert read({**config_of("sim"), **unset}) == read(config_of("sim"))


def test_all_mistakes_are_said_at_once(read: Read) -> None:
    config = {
        **config_of("sim", hfToken=None),
        "layout": "lab-16gpu-singlnode",
        "model": "",
        "modelCash": {"size": "1Ti"},
    }
    with pytest.raises(pulumi.RunError) as refused:
        read(config)
    text = str(refused.value)
    for part in ("lab-16gpu-singlenode", "model\n", "hfToken", "modelCash", "modelCache"):
        assert part in text


def test_a_token_in_clear_is_refused_without_being_shown(read: Read) -> None:
    with pytest.raises(pulumi.RunError, match="clear text") as refused:
        read(config_of("sim"), secrets=())
    assert TOKEN not in str(refused.value)
    assert "pulumi config set --secret hfToken" in str(refused.value)


def test_a_token_that_looks_wrong_is_refused_without_being_shown(read: Read) -> None:
    wrong = "sk-" + "NoTokenOfHuggingFace"
    with pytest.raises(pulumi.RunError, match="hfToken") as refused:
        read(config_of("sim", hfToken=wrong))
    assert wrong not in str(refused.value)


def test_the_plan_does_not_know_the_token(read: Read) -> None:
    assert TOKEN not in read(config_of("sim")).to_json()


def test_the_token_is_a_pulumi_secret() -> None:
    seen: list[bool] = []

    def program() -> pulumi.Output[None]:
        pulumi.runtime.set_all_config({f"{PROJECT}:hfToken": TOKEN}, [f"{PROJECT}:hfToken"])
        return pulumi.Output.from_input(hf_token().is_secret()).apply(seen.append)

    run(program)
    assert seen == [True]


def test_a_prometheus_that_is_there_has_to_be_named(read: Read) -> None:
    with pytest.raises(pulumi.RunError, match=r"(?s)monitoring\.namespace\n.*kubectl get prometheus -A"):
        read(config_of("sim", monitoring={"enabled": True, "install": False, "selectorLabels": {"release": "kps"}}))


PRIVATE = {
    "source": "build",
    "repository": "r.example.com/d",
    "tag": "1",
    "registry": {"username": "robot", "password": "SyntheticPassword"},
}


def test_a_registrys_password_in_clear_is_refused_without_being_shown(read: Read) -> None:
    with pytest.raises(pulumi.RunError, match=r"image\.registry\.password") as refused:
        read(config_of("sim", image=PRIVATE))
    assert "SyntheticPassword" not in str(refused.value)
    assert "pulumi config set --secret --path image.registry.password" in str(refused.value)


def test_the_plan_does_not_know_a_registrys_password(read: Read) -> None:
    plan = read(config_of("sim", image=PRIVATE), secrets=("hfToken", "image"))
    assert "robot" in plan.to_json()
    assert "SyntheticPassword" not in plan.to_json()


@pytest.mark.parametrize("key", sorted(config_of("prod").keys() - {"hfToken"}))
def test_a_key_that_is_marked_as_a_secret_is_refused_and_not_shown(read: Read, key: str) -> None:
    with pytest.raises(pulumi.RunError, match="is marked as a secret") as refused:
        read(config_of("prod"), secrets=("hfToken", key))
    assert f"\n  {key}: [secret]" in str(refused.value)


def test_the_stacks_file_says_which_part_of_a_key_is_the_secret(
    read: Read, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    workers = {"env": {"WANDB_API_KEY": "S3CRETWANDB", "OTHER": "x"}}
    written = {f"{PROJECT}:workers": {"env": {"WANDB_API_KEY": {"secure": "v1:abc"}, "OTHER": "x"}}}
    (tmp_path / "Pulumi.stack.yaml").write_text(json.dumps({"config": written}))
    (tmp_path / "Pulumi.yaml").write_text("name: dynamo-wideep\n")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(pulumi, "get_stack", lambda: "stack")
    config = {**config_of("sim"), "workers": workers}

    with pytest.raises(pulumi.RunError) as refused:
        read(config, secrets=("hfToken", "workers"))

    assert "workers.env.WANDB_API_KEY: [secret]" in str(refused.value)
    assert "workers.envFrom: [SECRET]" in str(refused.value)
    assert "S3CRET" not in str(refused.value)
    with pytest.raises(ConfigError) as planned:
        accept({**config_of("sim"), "workers": written[f"{PROJECT}:workers"]})
    assert str(planned.value) == str(refused.value)


def test_a_secret_beside_the_registrys_password_is_refused_and_a_password_in_clear_is_seen(
    read: Read, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    image = {**PRIVATE, "tag": {"secure": "v1:abc"}}
    (tmp_path / "Pulumi.stack.yaml").write_text(json.dumps({"config": {f"{PROJECT}:image": image}}))
    (tmp_path / "Pulumi.yaml").write_text("name: dynamo-wideep\n")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(pulumi, "get_stack", lambda: "stack")

    with pytest.raises(pulumi.RunError) as refused:
        read(config_of("sim", image=PRIVATE), secrets=("hfToken", "image"))

    assert "image.tag: [secret]" in str(refused.value)
    assert "image.registry.password: [secret]" in str(refused.value)
