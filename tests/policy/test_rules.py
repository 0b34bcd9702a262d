"""Each rule of the policy pack: what it refuses, what it lets through, and that its sentence says what to write."""

from __future__ import annotations

from pathlib import Path

import pytest
from rules import (
    RESOURCE_RULES,
    STACK_RULES,
    balancers_have_sources,
    cache_protected_in_production,
    digests_in_production,
    gpus_within_the_limit,
    namespaces_allowed,
    no_mutable_tags,
    open_to_everyone,
    requests_equal_limits,
)
from subject import CLAIM, GRAPHS, RELEASE, RETAINED, SERVICE, UNKNOWN, Limits, Resource, Value, read_limits

from wideep.resource_names import OWNER_LABEL as LABEL

LIMITS = Limits(
    production=("prod",),
    gpus={"default": 16, "prod": 32},
    namespaces=("dynamo-*",),
    releases_elsewhere=("dynamo-crds",),
)
DIGEST = "registry.example.com/dynamo@sha256:" + "0" * 64
POD = "kubernetes:core/v1:Pod"


def graph(image: str = DIGEST, stack: str = "prod", **service: Value) -> Resource:
    """A graph of one service."""
    inputs: dict[str, Value] = {
        "metadata": {"name": "g", "namespace": "dynamo-prod"},
        "spec": {"services": {"decode": {"extraPodSpec": {"mainContainer": {"image": image}}, **service}}},
    }
    return Resource(GRAPHS[0], "graph-graph", stack, inputs)


def graph_of_components(gpus: str, nodes: int) -> Resource:
    """A graph of v1beta1 with one worker of several pods."""
    limits: dict[str, Value] = {"nvidia.com/gpu": gpus}
    main: dict[str, Value] = {"name": "main", "image": DIGEST, "resources": {"limits": limits}}
    worker: dict[str, Value] = {"name": "decode", "replicas": 1, "multinode": {"nodeCount": nodes}}
    component: dict[str, Value] = {**worker, "podTemplate": {"spec": {"containers": [main]}}}
    inputs: dict[str, Value] = {
        "metadata": {"name": "g", "namespace": "dynamo-prod"},
        "spec": {"components": [component]},
    }
    return Resource(GRAPHS[1], "graph-graph", "prod", inputs)


def pod(image: str) -> Resource:
    return Resource(POD, "pod", "dev", {"spec": {"containers": [{"image": image}]}})


@pytest.mark.parametrize(
    "image", ["nginx", "nginx:latest", "localhost:5000/nginx", "a/b:main", "a/b:Stable", "a/b:lts"]
)
def test_a_tag_that_moves_is_refused(image: str) -> None:
    (message,) = no_mutable_tags(pod(image), LIMITS)
    assert message.startswith(f"spec.containers[0].image: {image} ")
    assert message.endswith("name a version's tag, or a digest")


@pytest.mark.parametrize(
    "image", ["nginx:1.29", "localhost:5000/a:v2", "python:3.12-slim", DIGEST, f"a:latest@{DIGEST}", UNKNOWN]
)
def test_a_version_a_digest_and_what_is_not_known_yet_are_let_through(image: str) -> None:
    assert list(no_mutable_tags(pod(image), LIMITS)) == []


def test_images_in_a_charts_values_are_the_charts_business() -> None:
    release = Resource(RELEASE, "r", "prod", {"values": {"image": "nginx:latest"}})
    assert list(no_mutable_tags(release, LIMITS)) == []


def test_production_serves_digests_only() -> None:
    (message,) = digests_in_production(graph("registry.example.com/dynamo:0.6.0"), LIMITS)
    assert "spec.services.decode.extraPodSpec.mainContainer.image: registry.example.com/dynamo:0.6.0" in message
    assert "image.resolveDigest: true" in message
    assert list(digests_in_production(graph(DIGEST), LIMITS)) == []
    assert list(digests_in_production(graph(UNKNOWN), LIMITS)) == []


def test_other_stacks_may_serve_a_tag() -> None:
    assert list(digests_in_production(graph("registry.example.com/dynamo:0.6.0", stack="dev"), LIMITS)) == []


def test_a_namespace_that_is_not_the_stacks_is_refused_wherever_it_is_written() -> None:
    made = Resource("kubernetes:core/v1:Namespace", "n", "dev", {"metadata": {"name": "kube-system"}})
    used = Resource(POD, "p", "dev", {"metadata": {"namespace": "kube-system"}})
    released = Resource(RELEASE, "r", "dev", {"name": "x", "namespace": "kube-system"})
    for resource in (made, used, released):
        (message,) = namespaces_allowed(resource, LIMITS)
        assert message.startswith("namespace kube-system is not one that a stack may write to: choose one of dynamo-*")


def test_own_namespaces_the_crds_release_and_other_clouds_are_let_through() -> None:
    crds = Resource(RELEASE, "r", "dev", {"name": "dynamo-crds", "namespace": "default"})
    unknown = Resource(POD, "p", "dev", {"metadata": {"namespace": UNKNOWN}})
    image = Resource("docker-build:index:Image", "i", "dev", {"namespace": "elsewhere"})
    for resource in (graph(), crds, unknown, image):
        assert list(namespaces_allowed(resource, LIMITS)) == []


def test_productions_cache_is_protected() -> None:
    (message,) = cache_protected_in_production(Resource(CLAIM, "cache-claim", "prod"), LIMITS)
    assert "set modelCache.retain: true (destroy leaves the volume) or modelCache.protect: true" in message
    assert RETAINED == LABEL
    retained = {"metadata": {"labels": {RETAINED: "dynamo-wideep.prod"}}}
    assert list(cache_protected_in_production(Resource(CLAIM, "c", "prod", retained), LIMITS)) == []
    assert list(cache_protected_in_production(Resource(CLAIM, "c", "prod", protected=True), LIMITS)) == []
    assert list(cache_protected_in_production(Resource(CLAIM, "c", "dev"), LIMITS)) == []


def test_requests_and_limits_that_differ_are_refused_one_by_one() -> None:
    resources: Value = {
        "requests": {"cpu": "4", "gpu": "8", "custom": {"rdma/ib": "4"}},
        "limits": {"gpu": "8", "custom": {"rdma/ib": "8"}},
    }
    assert list(requests_equal_limits(graph(resources=resources), LIMITS)) == [
        "spec.services.decode.resources: requests cpu 4 without a limit: write limits cpu 4",
        "spec.services.decode.resources: requests rdma/ib 4, limits rdma/ib 8: use the same for both",
    ]


def test_limits_alone_are_requests_too_and_a_volumes_size_is_none() -> None:
    claim = Resource(CLAIM, "c", "dev", {"spec": {"resources": {"requests": {"storage": "1Ti"}}}})
    for resource in (graph(resources={"limits": {"gpu": "8"}}), claim):
        assert list(requests_equal_limits(resource, LIMITS)) == []


def test_a_load_balancer_for_everybody_is_refused_in_a_service_and_in_a_charts_values() -> None:
    service = Resource(SERVICE, "s", "dev", {"spec": {"type": "LoadBalancer"}})
    release = Resource(RELEASE, "r", "dev", {"values": {"grafana": {"service": {"type": "LoadBalancer"}}}})
    assert [message.partition(":")[0] for message in balancers_have_sources(service, LIMITS)] == ["spec"]
    assert [message.partition(":")[0] for message in balancers_have_sources(release, LIMITS)] == [
        "values.grafana.service"
    ]


def test_a_load_balancer_with_sources_and_another_kind_of_service_are_let_through() -> None:
    spec: Value = {"type": "LoadBalancer", "loadBalancerSourceRanges": ["10.0.0.0/8"]}
    for resource in (Resource(SERVICE, "s", "dev", {"spec": spec}), Resource(SERVICE, "s", "dev", {"spec": {}})):
        assert list(balancers_have_sources(resource, LIMITS)) == []


def test_gpus_of_components_are_counted_as_those_of_services() -> None:
    (message,) = gpus_within_the_limit([graph_of_components("8", 5)], LIMITS)

    assert "takes 40 GPUs" in message
    assert list(gpus_within_the_limit([graph_of_components("8", 2)], LIMITS)) == []
    assert list(requests_equal_limits(graph_of_components("8", 2), LIMITS)) == []


def test_gpus_of_a_stack_are_replicas_times_pods_times_gpus_of_a_pod() -> None:
    resources: Value = {"limits": {"gpu": "8"}}
    of_32 = graph(resources=resources, replicas=2, multinode={"nodeCount": 2})
    of_8 = graph(resources=resources)
    assert list(gpus_within_the_limit([of_32], LIMITS)) == []
    (message,) = gpus_within_the_limit([of_32, Resource(POD, "p", "prod"), of_8], LIMITS)
    assert message.startswith("stack prod takes 40 GPUs and may take 32: ")


def test_a_stack_that_is_not_named_has_the_default_limit() -> None:
    resources: Value = {"limits": {"gpu": "8"}}
    (message,) = gpus_within_the_limit([graph(stack="try", resources=resources, replicas=3)], LIMITS)
    assert message.startswith("stack try takes 24 GPUs and may take 16: ")


def test_a_stack_without_a_graph_takes_none() -> None:
    assert list(gpus_within_the_limit([], LIMITS)) == []


def test_every_rule_has_a_name_of_its_own_and_says_what_it_wants() -> None:
    rules = [*RESOURCE_RULES, *STACK_RULES]
    assert len({rule.name for rule in rules}) == len(rules) == 8
    assert all(rule.description for rule in rules)


def test_the_limits_file_says_which_key_is_missing_or_odd(tmp_path: Path, root: Path) -> None:
    assert read_limits(root / "policy" / "limits.yaml").gpus_of("prod") == 104
    file = tmp_path / "limits.yaml"
    file.write_text("production: []\ngpu: {default: 8}\nnamespaces: []\nreleasesElsewhere: []\n")
    with pytest.raises(ValueError, match="gpu, gpus"):
        read_limits(file)
    file.write_text("production: []\ngpus: {prod: 8}\nnamespaces: []\nreleasesElsewhere: []\n")
    with pytest.raises(ValueError, match="default"):
        read_limits(file)


OPEN = {"metadata": {"annotations": {"dynamo-wideep/open-to-everyone": "true"}}}
EVERYONE = (
    Resource("kubernetes:core/v1:Service", "access-public", "prod", {"spec": {"type": "NodePort"}}),
    Resource("kubernetes:networking.k8s.io/v1:Ingress", "access-ingress", "prod", {"spec": {"rules": []}}),
    Resource(
        "kubernetes:networking.k8s.io/v1:NetworkPolicy",
        "policies-frontend",
        "prod",
        {"spec": {"ingress": [{"from": [{"podSelector": {}}, {"ipBlock": {"cidr": "0.0.0.0/0"}}]}]}},
    ),
)


@pytest.mark.parametrize("resource", EVERYONE, ids=lambda each: each.name)
def test_what_everyone_may_reach_is_refused_unless_the_stack_says_that_it_is_meant(resource: Resource) -> None:
    (message,) = open_to_everyone([resource], LIMITS)
    assert message.startswith(resource.name)
    meant = Resource("kubernetes:core/v1:Service", "other", "prod", OPEN)
    assert list(open_to_everyone([resource, meant], LIMITS)) == []


def test_ranges_tls_and_load_balancers_are_let_through() -> None:
    spec = {"tls": [{"secretName": "t"}], "ingress": [{"from": [{"ipBlock": {"cidr": "10.0.0.0/8"}}]}]}
    tight = [Resource(each.type, each.name, "prod", {"spec": spec}) for each in EVERYONE]
    assert list(open_to_everyone(tight, LIMITS)) == []


def test_a_load_balancer_for_all_addresses_has_no_sources() -> None:
    spec = {"type": "LoadBalancer", "loadBalancerSourceRanges": ["0.0.0.0/0"]}
    service = Resource("kubernetes:core/v1:Service", "public", "prod", {"spec": spec})
    assert len(list(balancers_have_sources(service, LIMITS))) == 1


@pytest.mark.parametrize("kind", ["batch/v1:Job", "apps/v1:Deployment", "nvidia.com/v1alpha1:DynamoGraphDeployment"])
@pytest.mark.parametrize("where", ["containers", "initContainers"])
def test_production_names_every_container_of_every_kind_by_digest(kind: str, where: str) -> None:
    spec = {"template": {"spec": {where: [{"image": "python:3.12-slim"}]}}}
    (message,) = digests_in_production(Resource(f"kubernetes:{kind}", "x", "prod", {"spec": spec}), LIMITS)
    assert "python:3.12-slim has no digest" in message
