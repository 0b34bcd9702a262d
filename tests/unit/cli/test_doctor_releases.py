"""What wideep doctor says of a platform of Dynamo 1.x: what admits graphs, and what it does not have."""

from __future__ import annotations

from typing import Any, cast

from tests.support.cases import OPERATOR, case, failures, obj, seen, view
from tests.support.plans import on_release
from wideep_cli.doctor.cluster_snapshot import ClusterSnapshot
from wideep_cli.doctor.finding import Finding, Section, Verdict
from wideep_cli.doctor.runner import run_checks
from wideep_cli.rbac.roles import roles
from wideep_cluster.objects import Definition, Deployment, StatefulSet

NEWEST: dict[str, Any] = on_release("1.6.1")
MANAGER = {"containers": [{"name": "manager", "image": "nvcr.io/x/kubernetes-operator:1.6.1"}]}
RUNS = seen(obj(Deployment, OPERATOR, spec={"template": {"spec": MANAGER}}, status={"readyReplicas": 1}))


def _platform_of(look: ClusterSnapshot, **config: Any) -> dict[str, Finding]:
    return {
        each.check: each for each in run_checks(case(look, **(NEWEST | config))) if each.section is Section.PLATFORM
    }


def test_webhooks_that_would_refuse_a_graph_are_named_with_the_operator_to_restart() -> None:
    silent = "webhook v.nvidia.com has no certificate authority yet (caBundle is empty)"
    found = _platform_of(view(deployments=RUNS, admission=seen(silent)))["admission"]
    assert silent in found.what
    assert found.fix == (f"kubectl -n dynamo-workshop rollout restart deployment {OPERATOR}",)


def test_webhooks_that_answer_hold_and_those_of_0_x_are_not_spoken_of() -> None:
    assert _platform_of(view(deployments=RUNS))["admission"].verdict is Verdict.PASSED
    assert "admission" not in {each.check for each in run_checks(case())}


def test_a_release_without_etcd_and_nats_misses_neither() -> None:
    down = obj(StatefulSet, "dynamo-platform-etcd", spec={"replicas": 0}, status={})
    found = _platform_of(view(deployments=RUNS, stateful_sets=seen(down)))
    assert found["operator"].verdict is Verdict.PASSED
    assert {each.key for each in failures(view(deployed=False, classes=seen()), **NEWEST)} & {
        "platform.etcd.storageClass",
        "platform.nats.storageClass",
    } == set()


def test_crds_of_another_release_are_no_conflict_where_the_operator_brings_them() -> None:
    old = obj(Definition, "dynamographdeployments.nvidia.com", meta={"namespace": ""})
    found = _platform_of(view(deployments=RUNS, definitions=seen(old)))
    assert found["api"].what == "dynamographdeployments.nvidia.com is served in v1beta1."


def test_an_operator_that_dynamo_does_not_update_in_one_step_is_told_with_the_way() -> None:
    found = _platform_of(view())["operator"]
    assert found.verdict is Verdict.FAILED
    assert found.key == "platform.version"
    assert "0.6.0" in found.what
    assert any("pulumi destroy" in line for line in found.fix)


def test_who_looks_at_a_1_x_stack_may_see_its_webhooks_and_others_need_not() -> None:
    def seen_kinds(*, admission: bool) -> set[str]:
        (wide, _) = roles("lab", admission=admission)
        rules = cast("list[dict[str, list[str]]]", wide["rules"])
        return {resource for rule in rules for resource in rule["resources"]}

    more = seen_kinds(admission=True) - seen_kinds(admission=False)
    assert more == {"validatingwebhookconfigurations", "mutatingwebhookconfigurations", "endpointslices"}
