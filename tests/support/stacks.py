"""Stacks of the tests on the simulated cluster: the sim stack's file with something else in it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import yaml

from tests.support.project import ROOT

__all__ = ["SMALL", "write_stack"]

SMALL = {
    "model": "Qwen/Qwen3-30B-A3B",
    "hardware": {"gpu": "H200", "nodes": 1, "gpusPerNode": 8, "interconnect": "nvlink"},
    "layout": "lab-8gpu",
    "image": {"source": "existing", "reference": "registry.example.com/dynamo-wideep@sha256:" + "5" * 64},
    "modelCache": {"size": "100Gi"},
}
"""A graph that leaves the other half of the simulated cluster to another one."""


def write_stack(folder: Path, name: str, **changes: Any) -> None:
    """``Pulumi.NAME.yaml`` in the project's copy; a change to None takes a key out."""
    text = (ROOT / "Pulumi.sim.yaml").read_text(encoding="utf-8")
    stack = yaml.safe_load(text)
    for key, value in changes.items():
        stack["config"][f"dynamo-wideep:{key}"] = value
    stack["config"] = {key: value for key, value in stack["config"].items() if value is not None}
    (folder / f"Pulumi.{name}.yaml").write_text(yaml.safe_dump(stack), encoding="utf-8")
