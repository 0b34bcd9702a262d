"""The chart's values: what each key of ``platform`` sets, and what the map of further values may not say."""

from __future__ import annotations

from typing import Any

import pytest

from tests.support.configs import broken, settings
from wideep.dynamo.chart import is_restricted
from wideep.dynamo.v0_6 import values as chart

SECRETS = {"imagePullSecrets": ["nvcr", "mirror"]}
PLACED = {
    "nodeSelector": {"pool": "system"},
    "tolerations": [{"key": "system", "operator": "Equal", "value": "yes", "effect": "NoSchedule"}],
}


def values(layout: str = "lab-16gpu-singlenode", **platform: object) -> dict[str, Any]:
    """The chart's values of a stack with these keys of ``platform``."""
    return chart.values(settings(layout=layout, platform=platform))


def at(tree: Any, path: str) -> Any:
    """The value at a path with slashes; None where there is none."""
    for part in path.split("/"):
        tree = tree.get(part) if isinstance(tree, dict) else None
    return tree


@pytest.mark.parametrize(
    ("platform", "path", "value"),
    [
        ({"namespaceRestriction": True}, "dynamo-operator/namespaceRestriction/enabled", True),
        ({"prometheusEndpoint": "http://p:9090"}, "dynamo-operator/dynamo/metrics/prometheusEndpoint", "http://p:9090"),
        (
            {"operatorImage": "mirror:5000/nvidia/operator:0.6.1"},
            "dynamo-operator/controllerManager/manager/image",
            {"repository": "mirror:5000/nvidia/operator", "tag": "0.6.1"},
        ),
        (
            {"rbacProxyImage": "mirror:5000/kube-rbac-proxy"},
            "dynamo-operator/controllerManager/kubeRbacProxy/image",
            {"repository": "mirror:5000/kube-rbac-proxy"},
        ),
        (SECRETS, "dynamo-operator/imagePullSecrets", [{"name": "nvcr"}, {"name": "mirror"}]),
        (SECRETS, "etcd/image/pullSecrets", ["nvcr", "mirror"]),
        (SECRETS, "nats/global/image/pullSecretNames", ["nvcr", "mirror"]),
        (PLACED, "dynamo-operator/controllerManager/tolerations", PLACED["tolerations"]),
        (PLACED, "etcd/tolerations", PLACED["tolerations"]),
        (PLACED, "nats/podTemplate/merge/spec/tolerations", PLACED["tolerations"]),
        (PLACED, "etcd/nodeSelector", {"pool": "system"}),
        (PLACED, "nats/podTemplate/merge/spec/nodeSelector", {"pool": "system"}),
        (
            {"etcd": {"persistence": True, "size": "8Gi", "storageClass": "fast"}},
            "etcd/persistence",
            {"enabled": True, "size": "8Gi", "storageClass": "fast"},
        ),
        ({"etcd": {"replicas": 3}}, "etcd/replicaCount", 3),
        (
            {"nats": {"persistence": True, "size": "20Gi", "storageClass": "fast"}},
            "nats/config/jetstream/fileStore/pvc",
            {"enabled": True, "size": "20Gi", "storageClassName": "fast"},
        ),
        ({"nats": {"replicas": 3}}, "nats/config/cluster", {"enabled": True, "replicas": 3}),
        ({"nats": {"replicas": 1}}, "nats/config/cluster", {"enabled": False}),
    ],
)
def test_each_key_of_the_platform_sets_its_values_of_the_chart(platform: Any, path: str, value: object) -> None:
    assert at(values(**platform), path) == value


def test_a_node_selector_of_the_operator_is_an_affinity_that_must_be_kept() -> None:
    affinity = at(values(**PLACED), "dynamo-operator/controllerManager/affinity/nodeAffinity")

    (term,) = affinity["requiredDuringSchedulingIgnoredDuringExecution"]["nodeSelectorTerms"]
    assert term["matchExpressions"] == [{"key": "pool", "operator": "In", "values": ["system"]}]


def test_what_a_stack_does_not_say_stays_as_in_the_chart() -> None:
    assert set(values()) == {"dynamo-operator", "grove", "kai-scheduler", "etcd"}
    assert values()["etcd"] == {"networkPolicy": {"enabled": False}}
    assert "etcd" not in chart.values(settings(access={"networkPolicies": False}))


@pytest.mark.parametrize(
    ("layout", "platform", "enabled"),
    [
        ("lab-16gpu-singlenode", {}, False),
        ("lab-16gpu-multinode", {}, True),
        ("lab-16gpu-multinode", {"grove": "existing"}, False),
    ],
)
def test_grove_and_kai_come_where_a_worker_has_several_pods_and_the_cluster_has_none(
    layout: str, platform: Any, enabled: bool
) -> None:
    found = values(layout, **platform)

    assert found["grove"] == found["kai-scheduler"] == {"enabled": enabled}


def test_an_argument_of_the_operator_changes_with_grove_so_that_it_starts_anew() -> None:
    def delay(layout: str, **platform: Any) -> object:
        return values(layout, **platform)["dynamo-operator"]["dynamo"].get("groveTerminationDelay")

    assert delay("lab-16gpu-singlenode") is None
    assert delay("lab-16gpu-multinode") == "15m0s"
    assert delay("lab-16gpu-singlenode", values={"grove": {"enabled": True}}) == "15m0s"
    own = {"dynamo-operator": {"dynamo": {"groveTerminationDelay": "1h"}}}
    assert delay("lab-16gpu-multinode", values=own) == "1h"


OFF = {"enabled": False}


@pytest.mark.parametrize(
    ("layout", "platform", "keeps"),
    [
        ("lab-16gpu-singlenode", {}, True),
        ("lab-16gpu-multinode", {}, False),
        ("lab-16gpu-singlenode", {"grove": "existing"}, False),
        ("lab-16gpu-singlenode", {"values": {"grove": OFF, "kai-scheduler": OFF}}, False),
    ],
)
def test_grove_stays_unless_the_stack_wants_it_or_says_that_it_goes(layout: str, platform: Any, keeps: bool) -> None:
    assert chart.keeps_grove(settings(layout=layout, platform=platform)) is keeps


@pytest.mark.parametrize(
    ("platform", "restricted"),
    [
        ({}, False),
        ({"namespaceRestriction": True}, True),
        ({"values": {"dynamo-operator": {"namespaceRestriction": {"enabled": True}}}}, True),
        ({"values": {"dynamo-operator": {"enabled": True}}}, False),
    ],
)
def test_an_operator_is_restricted_by_the_key_or_by_the_value(platform: Any, restricted: bool) -> None:
    assert is_restricted(values(**platform)) is restricted


@pytest.mark.parametrize(
    ("key", "platform", "there"),
    [
        (
            "platform.etcd.replicas",
            {"etcd": {"replicas": 3}, "values": {"etcd": {"replicaCount": 1}}},
            "platform.values.etcd.replicaCount is 1",
        ),
        (
            "platform.operatorImage",
            {
                "operatorImage": "a/b:1",
                "values": {"dynamo-operator": {"controllerManager": {"manager": {"image": {"tag": "2"}}}}},
            },
            "manager.image.tag is 2",
        ),
        (
            "platform.grove",
            {"grove": "existing", "values": {"grove": {"enabled": True}}},
            "platform.values.grove.enabled is true",
        ),
        ("platform.nats.size", {"nats": {"size": "1Gi"}, "values": {"nats": {"config": None}}}, "nats.config is null"),
        (
            "access.networkPolicies",
            {"values": {"etcd": {"networkPolicy": {"enabled": True}}}},
            "platform.values.etcd.networkPolicy.enabled is true",
        ),
    ],
)
def test_a_key_and_a_value_that_contradict_each_other_are_both_named(key: str, platform: Any, there: str) -> None:
    found = broken("lab-16gpu-singlenode", platform=platform)

    assert set(found) == {key}
    assert there in found[key]
    assert f"remove {key} or platform.values." in found[key]


def test_a_key_and_a_value_may_say_the_same() -> None:
    platform = {"etcd": {"replicas": 3}, "values": {"etcd": {"replicaCount": 3, "persistence": {"size": "2Gi"}}}}

    assert broken("lab-16gpu-singlenode", platform=platform) == {}


def test_a_password_among_the_values_is_refused_and_not_shown() -> None:
    secret = {"dynamo": {"dockerRegistry": {"password": "hunter2", "existingSecretName": "regcred"}}}

    found = broken("lab-16gpu-singlenode", platform={"values": {"dynamo-operator": secret}})

    (key,) = found
    assert key == "platform.values.dynamo-operator.dynamo.dockerRegistry.password"
    assert "hunter2" not in found[key]


@pytest.mark.parametrize("store", ["etcd", "nats"])
def test_an_even_number_of_a_store_buys_nothing(store: str) -> None:
    message = broken("lab-16gpu-singlenode", platform={store: {"replicas": 4}})[f"platform.{store}.replicas"]

    assert "4 survive the loss of 1, as 3 do" in message
    assert "set 3 or 5" in message


def test_a_size_without_a_volume_is_a_contradiction() -> None:
    found = broken("lab-16gpu-singlenode", platform={"nats": {"persistence": False, "size": "1Gi"}})

    assert "there is no volume" in found["platform.nats.size"]
