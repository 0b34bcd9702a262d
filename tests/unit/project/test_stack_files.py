"""Pulumi.yaml and the stacks' files: the interface, and what a new user starts from."""

import typing
from types import UnionType
from typing import Any

import pytest
import yaml
from pydantic import BaseModel
from pydantic.fields import FieldInfo

from tests.support.plans import ROOT, plan_of
from wideep.settings import Settings

PROJECT: dict[str, Any] = yaml.safe_load((ROOT / "Pulumi.yaml").read_text(encoding="utf-8"))
FIELDS = {field.alias or name: field for name, field in Settings.model_fields.items()}
STRING_OR_OBJECT = {"model", "layout"}


def _is_object(field: FieldInfo) -> bool:
    def objects(annotation: Any) -> bool:
        if isinstance(annotation, type) and not typing.get_args(annotation):
            return issubclass(annotation, BaseModel)
        return any(objects(part) for part in typing.get_args(annotation) if not isinstance(part, UnionType))

    return objects(field.annotation)


def test_pulumi_yaml_declares_the_keys_that_settings_have() -> None:
    assert set(PROJECT["config"]) == set(FIELDS)


@pytest.mark.parametrize("key", FIELDS)
def test_every_key_says_its_type_and_what_it_is_for(key: str) -> None:
    """Of objects the engine is not told the type: it would stop at another before the program can say what to do."""
    declared = PROJECT["config"][key]
    is_object = _is_object(FIELDS[key])
    assert declared.get("type") == (None if is_object else "string")
    text = declared["description"]
    filled = key == "image"  # by the release, where it has one: tests/unit/wideep/test_releases.py
    assert text.startswith("Required. ") == (FIELDS[key].is_required() and not filled)
    sort = "String or object. " if key in STRING_OR_OBJECT else "Object. "
    assert text.removeprefix("Required. ").startswith(sort) == is_object


@pytest.mark.parametrize("key", FIELDS)
def test_no_default_is_written_twice(key: str) -> None:
    assert PROJECT["config"][key]["default"] == ""


def test_the_python_of_the_lock_files_runs_the_program() -> None:
    assert PROJECT["runtime"] == {"name": "python", "options": {"toolchain": "pip", "virtualenv": ".venv"}}


@pytest.mark.parametrize(
    ("stack", "model", "layout", "gpus"),
    [
        ("dev", "Qwen/Qwen3-30B-A3B", "lab-8gpu", 8),
        ("prod", "deepseek-ai/DeepSeek-R1", "best-32gpu", 32),
        ("sim", "deepseek-ai/DeepSeek-R1", "lab-16gpu-singlenode", 16),
    ],
)
def test_each_stack_file_holds(stack: str, model: str, layout: str, gpus: int) -> None:
    plan = plan_of(stack)
    assert (plan.model, plan.layout, plan.gpus) == (model, layout, gpus)


@pytest.mark.parametrize("stack", ["dev", "prod"])
def test_a_stack_for_a_real_cluster_says_what_to_change_and_holds_no_token(stack: str) -> None:
    text = (ROOT / f"Pulumi.{stack}.yaml").read_text(encoding="utf-8")
    assert "pulumi config set --secret hfToken" in text
    assert "dynamo-wideep:hfToken" not in text


def test_the_simulated_stacks_token_is_encrypted_and_its_salt_is_there() -> None:
    sim = yaml.safe_load((ROOT / "Pulumi.sim.yaml").read_text(encoding="utf-8"))
    assert list(sim["config"]["dynamo-wideep:hfToken"]) == ["secure"]
    assert sim["encryptionsalt"].startswith("v1:")
