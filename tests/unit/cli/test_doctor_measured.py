"""What wideep doctor says of the nodes of a running graph, against what a burn-in found on them."""

from __future__ import annotations

import re
from typing import Any

import pytest

from tests.support.cases import case, node, obj, seen, view
from wideep.burnin.kept import KeptGpu, KeptNode
from wideep_cli.doctor.finding import Finding, Verdict
from wideep_cli.doctor.measured import measured_findings
from wideep_cluster import ForbiddenError, Listed
from wideep_cluster.objects import ConfigMap

ON = {"burnin": {"enabled": True}}
GPUS = tuple(KeptGpu(gpu=gpu, name="NVIDIA H200", memory=4.25e12) for gpu in range(8))


def kept(name: str, **changed: Any) -> KeptNode:
    """A healthy node, as it was measured."""
    fields = {"when": "2026-01-01T08:00:00+00:00", "machine": f"uuid-of-{name}", "gpus": GPUS, **changed}
    return KeptNode(node=name, **fields)


def figures(*nodes: KeptNode) -> Listed[Any]:
    """The ConfigMap of the burn-in."""
    data = {each.node: each.model_dump_json() for each in nodes}
    return seen(obj(ConfigMap, "deepseek-r1-wideep-burnin", data=data))


def found(measured: Listed[Any], *nodes: Any, **config: Any) -> list[Finding]:
    """The findings about option A of the lab, which runs on gpu-0 and gpu-1."""
    there = seen(*(nodes or (node("gpu-0"), node("gpu-1"))))
    return list(measured_findings(case(view(figures=measured, nodes=there), **config)))


def test_nodes_that_are_as_they_were_hold_with_the_oldest_day() -> None:
    (finding,) = found(figures(kept("gpu-0"), kept("gpu-1", when="2025-12-24T08:00:00+00:00")))

    assert finding.verdict is Verdict.PASSED
    assert finding.what == "The graph's nodes (gpu-0, gpu-1) are as they were measured (since 2025-12-24)."


def test_a_node_without_a_measurement_is_named() -> None:
    (finding,) = found(figures(kept("gpu-0")))

    assert (finding.verdict, finding.what) == (Verdict.UNKNOWN, "Nodes of the graph that were never measured: gpu-1.")


@pytest.mark.parametrize(
    ("was", "now", "fact"),
    [
        ({}, node("gpu-0", 7), "it offers 7 GPUs, and had 8 when it was measured on 2026-01-01"),
        ({"verdicts": ("gpu-0 GPU 3: slow.",)}, node("gpu-0"), "it fell short when .*: gpu-0 GPU 3: slow"),
        (
            {},
            node("gpu-0", labels={"nvidia.com/gpu.product": "NVIDIA-H100"}),
            "its GPUs are NVIDIA-H100, and were NVIDIA-H200 when",
        ),
        (
            {"machine": "uuid-1"},
            node("gpu-0").model_copy(
                update={"status": node("gpu-0").status.model_validate({"nodeInfo": {"systemUUID": "uuid-2"}})}
            ),
            r"another machine than when .* \(systemUUID uuid-2, was uuid-1\)",
        ),
    ],
)
def test_a_node_that_is_no_longer_what_was_measured_fails_with_what_differs(
    was: dict[str, Any], now: Any, fact: str
) -> None:
    finding = found(figures(kept("gpu-0", **was), kept("gpu-1")), now, node("gpu-1"))[0]

    assert finding.verdict is Verdict.FAILED
    assert finding.what.startswith("gpu-0: ")
    assert re.search(fact, finding.what)
    assert "wideep burnin --nodes gpu-0" in finding.fix[0]


def test_where_nobody_asked_for_a_burn_in_nothing_is_said() -> None:
    assert found(seen()) == []


def test_a_stack_with_burn_in_says_what_was_not_measured_and_what_may_not_be_seen() -> None:
    assert found(seen(), **ON)[0].what == "Nodes of the graph that were never measured: gpu-0, gpu-1."
    hidden = Listed[Any](error=ForbiddenError("list", "configmaps", "in namespace dynamo-workshop"))
    assert "list configmaps" in found(hidden, **ON)[0].what
