"""The CRD's schema as the API server applies it with ``fieldValidation=Strict``: what it does not name, it refuses."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Any

import yaml
from jsonschema import Draft202012Validator

INT_RANGES = {"int32": 2**31, "int64": 2**63}


def spec_validator(crds: Path) -> Draft202012Validator:
    """A validator of a DynamoGraphDeployment's ``spec``, from the chart's CRD file in ``crds``."""
    text = (crds / "nvidia.com_dynamographdeployments.yaml").read_text(encoding="utf-8")
    return part_validator(text, "spec")


@cache
def part_validator(text: str, part: str) -> Draft202012Validator:
    """A validator of the ``spec`` or ``status`` of a CRD, from the CRD's own YAML."""
    crd = yaml.load(text, Loader=yaml.CSafeLoader)
    (version,) = (v for v in crd["spec"]["versions"] if v["name"] == "v1alpha1")
    return Draft202012Validator(_closed(version["schema"]["openAPIV3Schema"]["properties"][part]))


def _closed(schema: dict[str, Any]) -> dict[str, Any]:
    """OpenAPI to JSON Schema: closed objects, Go's regular expressions, ranges for Go's integers."""
    closed = {key: value for key, value in schema.items() if key != "description"}
    if "properties" in schema:
        closed["properties"] = {name: _closed(field) for name, field in schema["properties"].items()}
        closed["additionalProperties"] = schema.get("x-kubernetes-preserve-unknown-fields", False)
    if isinstance(schema.get("additionalProperties"), dict):
        closed["additionalProperties"] = _closed(schema["additionalProperties"])
    if "items" in schema:
        closed["items"] = _closed(schema["items"])
    if "pattern" in schema:
        closed["pattern"] = schema["pattern"].removesuffix("$") + r"\Z"
    if (bound := INT_RANGES.get(schema.get("format", ""))) is not None:
        closed |= {"minimum": schema.get("minimum", -bound), "maximum": bound - 1}
    if schema.get("x-kubernetes-validations"):
        closed["allOf"] = [_rule(rule["rule"]) for rule in schema["x-kubernetes-validations"]]
    return closed


def _rule(cel: str) -> dict[str, Any]:
    """The CRD's one rule in CEL, as JSON Schema."""
    assert cel.startswith("!has(self.create) || self.create == false || "), (
        f"a rule that this test does not know: {cel}"
    )
    return {
        "if": {"properties": {"create": {"const": True}}, "required": ["create"]},
        "then": {"required": ["size", "storageClass", "volumeAccessMode"]},
    }
