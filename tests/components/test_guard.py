"""Before anything that others use goes, they are named; and it stays, unless a key says otherwise."""

from __future__ import annotations

import json
from dataclasses import dataclass, field, replace
from typing import Any

import dill
import pytest
from pulumi.dynamic import Config, ConfigureRequest

from components.dynamic.cluster_resource import ClusterProvider
from components.dynamic.deletion_guard import NO_NAMESPACE, NO_OPERATOR, Guard, GuardArgs, GuardProvider, ask, share_of
from components.lifecycle.existing import Whose
from components.lifecycle.sharing import Share, SharedError, refuse_while_shared
from tests.support.engine import run
from tests.support.plans import plan_of
from wideep.dynamo.api import GRAPH_LABEL
from wideep.names import PROMETHEUS_LABEL
from wideep_cluster.errors import ForbiddenError
from wideep_cluster.kinds import Kind
from wideep_cluster.listing import Listing
from wideep_cluster.manifests import Json

NS, STACK = "ns", "organization/dynamo-wideep/prod"
ALL = Share(
    NS,
    STACK,
    graph="g",
    operator="cluster",
    grove=True,
    namespace_goes=True,
    claim="weights",
    releases=("dynamo-platform",),
    secrets=("hf",),
)
PLATFORM = replace(ALL, **NO_NAMESPACE)
PLACE = replace(ALL, **NO_OPERATOR)
MINE = {"dynamo-wideep/stack": STACK}
HELM = {"meta.helm.sh/release-name": "dynamo-platform", "meta.helm.sh/release-namespace": NS}


@dataclass
class Cluster:
    """Objects by their plural; those of other namespaces are listed only where a kind is asked for everywhere."""

    objects: dict[str, list[Json]] = field(default_factory=dict)
    refuses: ForbiddenError | None = None

    def has(self, plural: str, name: str, namespace: str = NS, body: Json | None = None, **metadata: Any) -> Cluster:
        whole = {"metadata": {"name": name, "namespace": namespace, **metadata}, **(body or {})}
        self.objects.setdefault(plural, []).append(whole)
        return self

    @property
    def cluster(self) -> Cluster:
        return self

    def list(self, kind: Kind[Any], namespace: str | None) -> Listing[Any]:
        if self.refuses:
            raise self.refuses
        found = self.objects.get(kind.plural, [])
        seen = [one for one in found if namespace in (None, one["metadata"]["namespace"])]
        return Listing(tuple(map(kind.model.model_validate, seen)), "7")


def owner(kind: str, name: str = "o") -> list[Json]:
    return [{"kind": kind, "name": name}]


def refusal(cluster: Cluster, share: Share = ALL) -> str:
    with pytest.raises(SharedError) as refused:
        refuse_while_shared(cluster, share)
    return str(refused.value)


def own_cluster() -> Cluster:
    """All that a stack of its own has on the cluster, as the engine, Helm and the operator leave it."""
    ours, label = Cluster(), {GRAPH_LABEL: "g"}
    ours.has("dynamographdeployments", "g")
    ours.has("dynamocomponentdeployments", "g-decode", ownerReferences=owner("DynamoGraphDeployment", "g"))
    ours.has("podcliquesets", "g-decode", ownerReferences=owner("DynamoComponentDeployment"))
    ours.has("deployments", "g-frontend", ownerReferences=owner("DynamoComponentDeployment"))
    ours.has("deployments", "dynamo-platform-dynamo-operator-controller-manager", annotations=HELM)
    ours.has("replicasets", "rs", ownerReferences=owner("Deployment"))
    ours.has("statefulsets", "dynamo-platform-etcd", annotations=HELM)
    ours.has("persistentvolumeclaims", "data-etcd-0", labels={"app.kubernetes.io/instance": "dynamo-platform"})
    ours.has("persistentvolumeclaims", "weights")
    ours.has("jobs", "download-1", annotations=MINE)
    ours.has("jobs", "hook", annotations={"helm.sh/hook": "pre-install"})
    ours.has("pods", "download-1-x", ownerReferences=owner("Job"))
    ours.has("pods", "g-decode-0", ownerReferences=owner("PodClique"), labels=label)
    ours.has("pods", "g-frontend-0", ownerReferences=owner("ReplicaSet"), labels=label)
    ours.has("pods", "kube-proxy", ownerReferences=owner("Node"))
    ours.has("secrets", "sh.helm.release.v1.dynamo-platform.v1", labels={"owner": "helm", "name": "dynamo-platform"})
    ours.has("secrets", "hf-token-secret", annotations=MINE)
    return ours


def test_what_is_this_stacks_own_stops_nothing() -> None:
    refuse_while_shared(own_cluster(), ALL)


@pytest.mark.parametrize(
    ("share", "plural", "others", "named"),
    [
        (PLATFORM, "dynamographdeployments", {"namespace": "team-a"}, "DynamoGraphDeployment team-a/x"),
        (PLATFORM, "dynamocomponentdeployments", {"namespace": "team-a"}, "DynamoComponentDeployment team-a/x"),
        (PLATFORM, "podcliquesets", {"namespace": "team-a"}, "PodCliqueSet team-a/x"),
        (replace(PLATFORM, operator="namespace"), "dynamographdeployments", {}, "DynamoGraphDeployment ns/x"),
        (PLACE, "dynamographdeployments", {}, "DynamoGraphDeployment ns/x"),
        (PLACE, "persistentvolumeclaims", {}, "PersistentVolumeClaim ns/x"),
        (PLACE, "pods", {}, "Pod ns/x"),
        (PLACE, "pods", {"ownerReferences": owner("RayCluster")}, "Pod ns/x"),
        (PLACE, "deployments", {}, "Deployment ns/x"),
        (PLACE, "statefulsets", {}, "StatefulSet ns/x"),
        (PLACE, "daemonsets", {}, "DaemonSet ns/x"),
        (PLACE, "jobs", {}, "Job ns/x"),
        (PLACE, "cronjobs", {}, "CronJob ns/x"),
        (PLACE, "secrets", {"labels": {"owner": "helm", "name": "theirs"}}, "Helm release ns/theirs"),
    ],
)
def test_each_kind_of_user_is_named(share: Share, plural: str, others: dict[str, Any], named: str) -> None:
    said = refusal(own_cluster().has(plural, "x", **others), share)
    assert f"  {named}: " in said
    assert said.count("\n  ") == 3  # it, and two commands


def test_a_secret_that_the_stack_uses_and_did_not_make_is_not_taken_along() -> None:
    assert "Secret ns/hf: it would be deleted with namespace ns" in refusal(own_cluster().has("secrets", "hf"))


def test_a_secret_of_no_concern_is_not_asked_for() -> None:
    refuse_while_shared(own_cluster().has("secrets", "default-token"), ALL)


@pytest.mark.parametrize("mark", [{"dynamo-wideep/stack": "organization/dynamo-wideep/another"}, {}])
def test_another_stack_of_this_program_is_somebody_else(mark: dict[str, str]) -> None:
    there = own_cluster().has("dynamographdeployments", "second", annotations=mark)
    assert "DynamoGraphDeployment ns/second" in refusal(there)


def test_an_operator_of_its_namespace_only_has_no_users_elsewhere() -> None:
    there = own_cluster().has("dynamographdeployments", "tenant", namespace="team-a")
    refuse_while_shared(there, replace(PLATFORM, operator="namespace"))


def test_a_platform_of_somebody_else_and_a_namespace_of_somebody_else_are_not_taken_away() -> None:
    there = own_cluster().has("dynamographdeployments", "x").has("persistentvolumeclaims", "data").has("pods", "p")
    refuse_while_shared(there, replace(ALL, operator="", namespace_goes=False))


@pytest.mark.parametrize(
    ("plural", "body"),
    [
        ("pods", {"spec": {"volumes": [{"persistentVolumeClaim": {"claimName": "weights"}}]}}),
        (
            "deployments",
            {"spec": {"template": {"spec": {"volumes": [{"persistentVolumeClaim": {"claimName": "weights"}}]}}}},
        ),
        ("dynamographdeployments", {"spec": {"pvcs": [{"name": "weights", "create": False}]}}),
    ],
)
def test_in_a_namespace_of_others_the_claim_goes_only_when_nobody_mounts_it(plural: str, body: Json) -> None:
    share = replace(PLACE, namespace_goes=False)
    said = refusal(own_cluster().has(plural, "x", body=body).has(plural, "idle"), share)
    assert "ns/x: it mounts the claim weights" in said
    assert "idle" not in said
    refuse_while_shared(own_cluster().has(plural, "x", body=body), replace(share, claim=""))


def test_each_is_named_once_and_many_are_counted() -> None:
    there = own_cluster()
    for number in range(20):
        there.has("dynamographdeployments", f"x{number}")
    said = refusal(there)
    assert said.count("ns/x3:") == 1
    assert "and 12 more" in said


# --- the resource


def provider(**teardown: Any) -> GuardProvider:
    made = GuardProvider()
    raw = {"dynamo-wideep:teardown": json.dumps(teardown)} if teardown else {}
    made.configure(ConfigureRequest(Config(raw, "dynamo-wideep")))
    return made


@pytest.fixture
def cluster(monkeypatch: pytest.MonkeyPatch) -> Cluster:
    """What the resource's provider finds."""
    there = own_cluster()
    monkeypatch.setattr(ClusterProvider, "namespace", lambda _self, _properties: there)
    return there


def test_destroy_is_refused_while_others_use_it_and_goes_on_when_they_are_gone(cluster: Cluster) -> None:
    properties = ALL.properties()
    provider().delete("id", properties)
    cluster.has("dynamographdeployments", "tenant", namespace="team-a")
    with pytest.raises(SharedError, match="team-a/tenant"):
        provider().delete("id", properties)


def test_the_key_that_the_refusal_names_lets_it_go_on(cluster: Cluster) -> None:
    cluster.has("dynamographdeployments", "tenant", namespace="team-a")
    commands = [line.strip() for line in refusal(cluster).splitlines()[-2:]]
    assert commands == ["pulumi config set --path teardown.evenIfShared true", "pulumi up"]
    provider(evenIfShared=True).delete("id", ALL.properties())
    with pytest.raises(SharedError):
        provider(evenIfShared=False).delete("id", ALL.properties())


def test_an_up_that_takes_the_operator_away_is_refused_too(cluster: Cluster) -> None:
    cluster.has("dynamographdeployments", "tenant", namespace="team-a")
    without = replace(ALL, operator="", grove=False)
    with pytest.raises(SharedError, match="team-a/tenant"):
        provider().update("id", ALL.properties(), without.properties())
    provider().update("id", ALL.properties(), replace(ALL, claim="").properties())
    provider().update("id", without.properties(), ALL.properties())


def test_another_graph_of_the_stack_takes_nothing_away() -> None:
    found = GuardProvider().diff("id", ALL.properties(), replace(ALL, graph="h").properties())
    assert (found.changes, found.replaces) == (True, [])
    found = GuardProvider().diff("id", ALL.properties(), replace(ALL, namespace="other").properties())
    assert found.replaces == ["namespace"]


def test_what_monitoring_has_brought_goes_with_the_stack_and_others_prometheus_does_not() -> None:
    share = replace(PLACE, releases=("wideep-monitoring",))
    chart = {"meta.helm.sh/release-name": "wideep-monitoring", "meta.helm.sh/release-namespace": NS}
    cluster = Cluster().has("deployments", "wideep-monitoring-grafana", annotations=chart)
    cluster.has("persistentvolumeclaims", "db-0", labels={PROMETHEUS_LABEL: "wideep-monitoring-prometheus"})
    refuse_while_shared(cluster, share)
    cluster.has("persistentvolumeclaims", "theirs-0", labels={PROMETHEUS_LABEL: "k8s"})
    with pytest.raises(SharedError, match=r"PersistentVolumeClaim ns/theirs-0") as refused:
        refuse_while_shared(cluster, share)
    assert "db-0" not in str(refused.value)


def test_who_may_not_look_is_told_so_and_nothing_goes() -> None:
    with pytest.raises(SharedError, match="Cannot tell whether") as refused:
        ask(Cluster(refuses=ForbiddenError("list", "pods", "in namespace ns", "pods is forbidden")), ALL, 0)
    assert "pods is forbidden" in str(refused.value)
    assert "teardown.evenIfShared" in str(refused.value)


def test_it_is_kept_by_name_so_that_a_second_up_shows_no_change() -> None:
    assert dill.dumps(GuardProvider(), protocol=4, recurse=True) == dill.dumps(
        GuardProvider(), protocol=4, recurse=True
    )


@pytest.mark.parametrize(
    ("changes", "whose", "expected"),
    [
        ({}, Whose.TO_MAKE, {"operator": "cluster", "namespace_goes": True, "claim": "model-cache-pvc"}),
        ({}, Whose.OTHERS, {"namespace_goes": False, "claim": "model-cache-pvc"}),
        ({"modelCache": {"size": "1Ti", "retain": True}}, Whose.TO_MAKE, {"namespace_goes": False, "claim": ""}),
        ({"modelCache": {"size": "1Ti", "existingClaim": "c"}}, Whose.TO_MAKE, {"claim": ""}),
        ({"platform": {"install": False}}, Whose.TO_MAKE, {"operator": "", "grove": False, "releases": []}),
        ({"monitoring": {"enabled": True}}, Whose.TO_MAKE, {"releases": ["dynamo-platform", "wideep-monitoring"]}),
        ({"platform": {"namespaceRestriction": True}}, Whose.TO_MAKE, {"operator": "namespace"}),
        ({"hfToken": None, "hfTokenSecret": "mine"}, Whose.TO_MAKE, {"secrets": ["mine"]}),
    ],
)
def test_what_goes_with_a_stack_follows_from_its_plan(
    changes: dict[str, Any], whose: Whose, expected: dict[str, Any]
) -> None:
    plan = plan_of(**changes)
    made = run(lambda: Guard("guard", GuardArgs(share_of(plan, whose), depends_on=())))
    inputs = made.resources["guard-stack"].inputs
    assert {key: inputs[key] for key in expected} == expected
    assert Share.of(inputs) == Share.of(share_of(plan, whose).properties())
