"""The Pulumi package: its schema is the settings', and its component is the program's stack."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pulumi
import pytest
import yaml

from components.base import PACKAGE
from components.package_stack import DynamoStack, StackProvider, read_arguments
from tests.support.engine import Engine, Secret, run
from tests.support.plans import ROOT, TOKEN, config_of, settings_of
from wideep.settings.image import BuildImage, ExistingImage
from wideep.settings.role import RoleLayout
from wideep.settings.root import Settings

ARGUMENTS = config_of("sim")
"""With the token."""


@pytest.fixture(scope="module")
def schema() -> dict[str, Any]:
    return json.loads(StackProvider("1.2.3").schema or "")


def _deploy(**arguments: object) -> Engine:
    def program() -> None:
        pulumi.runtime.set_all_config({"kubernetes:kubeconfig": "no-such-kubeconfig"}, [])
        DynamoStack("dynamo", {**ARGUMENTS, **arguments})

    return run(program)


def test_its_arguments_are_the_keys_of_the_stack_config_and_what_they_mean(schema: dict[str, Any]) -> None:
    stack = schema["resources"][f"{PACKAGE}:index:DynamoStack"]
    keys = {field.alias or name: field for name, field in Settings.model_fields.items()}
    assert set(stack["inputProperties"]) == {*keys, "registryPassword"}
    assert set(stack["requiredInputs"]) == {key for key, field in keys.items() if field.is_required()}
    assert all(each["description"] for each in stack["inputProperties"].values())


@pytest.mark.parametrize(
    ("name", "models"), [("RoleLayout", [RoleLayout]), ("Image", [BuildImage, ExistingImage])], ids=["role", "image"]
)
def test_objects_have_the_keys_of_their_settings(schema: dict[str, Any], name: str, models: list[Any]) -> None:
    properties = schema["types"][f"{PACKAGE}:index:{name}"]["properties"]
    assert set(properties) == {f.alias for model in models for f in model.model_fields.values()}
    assert all(each["description"] for each in properties.values())


def test_secrets_may_be_outputs_and_everything_else_is_plain(schema: dict[str, Any]) -> None:
    inputs = schema["resources"][f"{PACKAGE}:index:DynamoStack"]["inputProperties"]
    assert {key for key, each in inputs.items() if not each.get("plain")} == {"hfToken", "registryPassword"}
    assert "password" not in schema["types"][f"{PACKAGE}:index:Registry"]["properties"]


def test_arguments_mean_what_they_mean_in_a_stack_config() -> None:
    assert read_arguments(ARGUMENTS) == settings_of()


def test_a_model_may_be_described_by_a_file_of_the_program(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(pulumi.RunError, match="model"):
        read_arguments({**ARGUMENTS, "model": {"config": "no-such.json"}})


def test_whole_numbers_may_arrive_as_floats() -> None:
    as_pulumi_sends_them = json.loads(json.dumps(ARGUMENTS), parse_int=float)
    assert read_arguments(as_pulumi_sends_them) == read_arguments(ARGUMENTS)


def test_all_mistakes_are_said_at_once_as_the_program_says_them() -> None:
    few = {**ARGUMENTS["hardware"], "nodes": 1}
    with pytest.raises(pulumi.RunError) as refused:
        read_arguments({**ARGUMENTS, "hardware": few, "modelCache": {"size": "1Gi"}})
    assert "The stack config has 2 mistakes" in str(refused.value)
    assert "hardware.nodes: 1" in str(refused.value)
    assert "modelCache.size: 1Gi" in str(refused.value)


def test_the_token_and_the_password_reach_their_secrets_as_secrets() -> None:
    image = {"source": "existing", "reference": "r.example.com/dynamo:1", "registry": {"username": "robot"}}
    engine = _deploy(image=image, registryPassword="SyntheticPassword")
    for name in ("token-secret", "pull-secret"):
        inputs = engine.resources[name].inputs
        assert any(isinstance(inputs[key], Secret) for key in ("stringData", "data") if key in inputs), name
    open_values = str([v for r in engine.resources.values() for v in r.inputs.values() if not isinstance(v, Secret)])
    assert TOKEN not in open_values
    assert "SyntheticPassword" not in open_values


def test_all_resources_are_below_the_component() -> None:
    resources = _deploy().resources
    roots = {name for name, resource in resources.items() if resource.parent in ("", "dynamo-wideep-test")}
    assert roots == {"dynamo"}
    assert resources["graph"].parent == "dynamo"


def test_it_runs_in_the_programs_own_virtual_environment_under_the_programs_name() -> None:
    package = yaml.safe_load((ROOT / "package" / "PulumiPlugin.yaml").read_text())
    program = yaml.safe_load((ROOT / "Pulumi.yaml").read_text())
    assert program["name"] == PACKAGE
    options = program["runtime"]["options"]
    assert package["runtime"]["options"] == {**options, "virtualenv": f"../{options['virtualenv']}"}
    assert (ROOT / "package" / "__main__.py").is_file()
