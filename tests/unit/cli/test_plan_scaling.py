"""`wideep plan` says who scales a role, up to how many workers, and what an autoscaler aims at."""

from __future__ import annotations

from typing import Any

from tests.support.plans import on_release, plan_of, settings_of
from wideep.rules.hardware import most_workers
from wideep.settings.layout import Role
from wideep_cli.options import OutputFormat
from wideep_cli.plan.report import plan_report
from wideep_cli.plan.scaling import scaling_lines
from wideep_cli.stack_context import StackContext

HARDWARE = {"gpu": "H200", "nodes": 4, "gpusPerNode": 8, "interconnect": "infiniband"}


def loaded(**replicas: Any) -> StackContext:
    layout = {"preset": "lab-16gpu-singlenode", "decode": {"replicas": replicas or 1}}
    config = {"layout": layout, "hardware": HARDWARE, "namespace": "lab", **on_release("1.6.1")}
    return StackContext(settings_of(**config), plan_of(**config), ())


def test_an_adapter_is_named_with_the_workers_that_the_nodes_hold_and_the_command() -> None:
    found = loaded(managedBy="keda", initial=1, scalingAdapter=True)
    name = f"{found.plan.name}-decode"
    assert most_workers(found.settings, Role.DECODE) == 3
    assert scaling_lines(found) == [
        (
            "decode",
            f"keda changes replicas of DynamoGraphDeploymentScalingAdapter {name} (nvidia.com/v1alpha1), 1 to 3 "
            f"(hardware.nodes); by hand: kubectl -n lab scale dgdsa {name} --replicas 3",
        )
    ]
    assert f"- decode: keda changes replicas of DynamoGraphDeploymentScalingAdapter {name}" in str(
        plan_report(found, OutputFormat.MARKDOWN)
    )


def test_without_an_adapter_it_is_the_graph() -> None:
    found = loaded(managedBy="planner", initial=1)
    assert scaling_lines(found) == [
        ("decode", f"planner changes replicas of graph {found.plan.name}, 1 to 3 (hardware.nodes)")
    ]


def test_a_plan_whose_workers_are_this_programs_says_nothing_of_it() -> None:
    assert scaling_lines(loaded()) == []
    assert "Who scales the workers" not in str(plan_report(loaded(), OutputFormat.MARKDOWN))


def test_only_a_role_that_is_smaller_than_what_is_free_has_room_for_another_worker() -> None:
    full = settings_of(layout="lab-16gpu-singlenode", hardware={**HARDWARE, "nodes": 2})
    assert [most_workers(full, role) for role in Role] == [1, 1]
