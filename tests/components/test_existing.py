"""The stack's namespace on a cluster that has it already: made, taken over, or somebody else's; or on its way out."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pulumi
import pytest

from components.lifecycle.existing import Whose, whose_namespace
from tests.support.api import api_server, listed, namespace
from tests.support.engine import PROJECT, run
from tests.support.plans import plan_of
from tests.support.site import Site

NAME = "dynamo-workshop"
PATH = f"/api/v1/namespaces/{NAME}"
OURS = "organization/dynamo-wideep/test"
MANAGED = {"namespace-namespace": {}}
READ = {"namespace-existing": {}}
LEFT = {
    "type": "NamespaceContentRemaining",
    "status": "True",
    "message": "Some resources are remaining: dynamographdeployments.nvidia.com has 1 resource instances, pods. has 2 "
    "resource instances",
}
FINALIZERS = {
    "type": "NamespaceFinalizersRemaining",
    "status": "True",
    "message": "Some content in the namespace has finalizers remaining: nvidia.com/finalizer in 1 resource instances",
}
DISCOVERY = {
    "type": "NamespaceDeletionDiscoveryFailure",
    "status": "True",
    "message": "Discovery failed for some groups, 1 failing: metrics.k8s.io/v1beta1: stale GroupVersion discovery",
}


@pytest.fixture
def cluster(tmp_path: Path) -> Iterator[tuple[Site, Path]]:
    with api_server(tmp_path) as found:
        yield found


def _whose(cluster: tuple[Site, Path], state: dict[str, Any] | None = None, *, preview: bool = False) -> Whose:
    answers: list[Whose] = []

    def program() -> None:
        pulumi.runtime.set_all_config({f"{PROJECT}:namespace": NAME, "kubernetes:kubeconfig": str(cluster[1])})
        answers.append(whose_namespace(plan_of()))

    run(program, preview=preview, state=state)
    return answers[0]


@pytest.mark.parametrize("preview", [True, False], ids=["preview", "up"])
def test_none_is_made(cluster: tuple[Site, Path], preview: bool) -> None:
    assert _whose(cluster, preview=preview) is Whose.TO_MAKE


@pytest.mark.parametrize("preview", [True, False], ids=["preview", "up"])
@pytest.mark.parametrize("marks", [{}, {"annotations": {"dynamo-wideep/stack": "organization/dynamo-wideep/another"}}])
def test_that_of_somebody_else_is_used_from_the_first_run_on(
    cluster: tuple[Site, Path], marks: dict[str, Any], preview: bool
) -> None:
    cluster[0].says(PATH, 200, namespace(NAME, **marks), Content_Type="application/json")
    assert _whose(cluster, preview=preview) is Whose.OTHERS
    assert _whose(cluster, READ, preview=preview) is Whose.OTHERS


@pytest.mark.parametrize(
    "marks",
    [
        {"annotations": {"dynamo-wideep/stack": OURS}},
        {"labels": {"dynamo-wideep/stack": "dynamo-wideep.test"}},
    ],
    ids=["of a killed run", "kept with the weights"],
)
def test_one_that_this_stack_made_and_its_state_does_not_know_is_taken_over(
    cluster: tuple[Site, Path], marks: dict[str, Any]
) -> None:
    cluster[0].says(PATH, 200, namespace(NAME, **marks), Content_Type="application/json")
    assert _whose(cluster) is Whose.OURS


@pytest.mark.parametrize("marks", [{}, {"annotations": {"dynamo-wideep/stack": OURS}}])
def test_one_of_the_state_stays_the_stacks_own(cluster: tuple[Site, Path], marks: dict[str, Any]) -> None:
    cluster[0].says(PATH, 200, namespace(NAME, **marks), Content_Type="application/json")
    assert _whose(cluster, MANAGED) is Whose.TO_MAKE


def test_without_a_cluster_it_is_as_the_state_has_it(tmp_path: Path) -> None:
    nowhere = (Site(), tmp_path / "no-such-kubeconfig")
    assert _whose(nowhere) is Whose.TO_MAKE
    assert _whose(nowhere, MANAGED) is Whose.TO_MAKE
    assert _whose(nowhere, READ) is Whose.OTHERS


@pytest.fixture
def at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("components.lifecycle.existing.GOING_SECONDS", -1)


def _going(cluster: tuple[Site, Path], *conditions: dict[str, str], left: bool = True) -> str:
    """What is said of a namespace that goes, with a graph left in it where the API server shows that."""
    site, _ = cluster
    going = namespace(
        NAME, {"phase": "Terminating", "conditions": list(conditions)}, deletionTimestamp="2026-11-27T17:00:00Z"
    )
    site.says(PATH, 200, going, Content_Type="application/json")
    if left:
        _serve_a_graph(site)
    with pytest.raises(pulumi.RunError) as refused:
        _whose(cluster)
    return str(refused.value)


def _serve_a_graph(site: Site) -> None:
    """The discovery of graphs and the list of one that its finalizer holds."""
    kind = {"name": "dynamographdeployments", "singularName": "", "namespaced": True, "kind": "DynamoGraphDeployment"}
    kinds = {
        "kind": "APIResourceList",
        "groupVersion": "nvidia.com/v1alpha1",
        "resources": [kind | {"verbs": ["list"]}],
    }
    version = {"groupVersion": "nvidia.com/v1alpha1", "version": "v1alpha1"}
    group = {"name": "nvidia.com", "versions": [version], "preferredVersion": version}
    graph = {"metadata": {"name": "tenant", "finalizers": ["nvidia.com/finalizer"]}}
    answers: dict[str, dict[str, Any]] = {
        "/version": {"major": "1", "minor": "34"},
        "/api/v1": {"kind": "APIResourceList", "groupVersion": "v1", "resources": []},
        "/apis": {"kind": "APIGroupList", "groups": [group]},
        "/apis/nvidia.com/v1alpha1": kinds,
        f"/apis/nvidia.com/v1alpha1/namespaces/{NAME}/dynamographdeployments": {
            "kind": "DynamoGraphDeploymentList",
            "apiVersion": "nvidia.com/v1alpha1",
            **listed(graph),
        },
        "/apis/apps/v1/deployments": {"kind": "DeploymentList", **listed()},
        "/apis/apps/v1/statefulsets": {"kind": "StatefulSetList", **listed()},
    }
    for path, body in answers.items():
        site.says(path, 200, body, Content_Type="application/json")


@pytest.mark.usefixtures("at_once")
def test_one_that_goes_is_named_with_what_holds_it_and_nothing_is_to_be_deleted(cluster: tuple[Site, Path]) -> None:
    said = _going(cluster, LEFT, FINALIZERS)
    assert f"Namespace {NAME} is Terminating" in said
    assert "dynamographdeployments.nvidia.com/tenant (finalizer nvidia.com/finalizer)" in said
    assert "there is no Dynamo operator on the cluster" in said
    assert f"kubectl get namespace {NAME}" in said
    assert "kubectl delete" not in said


@pytest.mark.usefixtures("at_once")
def test_what_may_not_be_listed_is_told_in_the_api_servers_own_words(cluster: tuple[Site, Path]) -> None:
    said = _going(cluster, LEFT, FINALIZERS, DISCOVERY, left=False)
    for condition in (LEFT, FINALIZERS, DISCOVERY):
        assert condition["message"] in said


@pytest.mark.usefixtures("at_once")
def test_one_of_the_state_that_goes_is_told_as_well(cluster: tuple[Site, Path]) -> None:
    going = namespace(NAME, deletionTimestamp="2026-11-27T17:00:00Z")
    cluster[0].says(PATH, 200, going, Content_Type="application/json")
    with pytest.raises(pulumi.RunError, match="Terminating"):
        _whose(cluster, MANAGED)


def test_an_empty_one_that_is_nearly_gone_is_waited_for(
    cluster: tuple[Site, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    going = namespace(NAME, deletionTimestamp="2026-11-27T17:00:00Z")
    cluster[0].says(PATH, 200, going, Content_Type="application/json")
    monkeypatch.setattr("time.sleep", lambda _: cluster[0].answers.pop(PATH))
    assert _whose(cluster) is Whose.TO_MAKE
