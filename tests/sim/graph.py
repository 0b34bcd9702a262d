"""The graph of the sim stack, as tests of several modules look at it."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from tests.sim.pulumi import Pulumi

NAMESPACE: Final = "dynamo-workshop"
GRAPH: Final = "deepseek-r1-wideep"
DECODE: Final = "nvidia.com/dynamo-sub-component-type=decode"
EXPECTED: Final = Path(__file__).parent / "expected"
"""Whole outputs."""


def expected(name: str) -> str:
    """A whole output."""
    return (EXPECTED / f"{name}.txt").read_text()


def pod_of(stack: Pulumi, labels: str) -> str:
    """The name of the one pod with these labels."""
    return stack.kubectl("get", "pods", "-n", NAMESPACE, "-l", labels, "-o", "name").split("/")[-1].strip()
