"""Who reaches the pods: policies, public Service, Ingress, and what of it a stack may not say."""

from __future__ import annotations

import pytest

from tests.support.configs import broken, settings
from wideep.plan import NetworkPolicyPlan, PeersPlan, Plan, RulePlan, make_plan
from wideep.rules import accept_settings

GRAPH = "nvidia.com/dynamo-graph-deployment-name"
NEIGHBOURS = RulePlan(peers=(PeersPlan(),), ports=())
OPTION_A = "lab-16gpu-singlenode"
INGRESS = {"host": "chat.example.com", "className": "nginx", "tlsSecret": "chat-tls"}


def plan(**changed: object) -> Plan:
    """The Plan of option A with top-level keys changed."""
    return make_plan(accept_settings(settings(**changed)))


def policies(**changed: object) -> dict[str, NetworkPolicyPlan]:
    """Its policies by name."""
    return {policy.name: policy for policy in plan(**changed).network_policies}


def test_without_further_words_only_the_namespace_reaches_frontend_and_workers() -> None:
    found = policies()

    assert found["deepseek-r1-wideep-frontend"].rules == (NEIGHBOURS,)
    assert found["deepseek-r1-wideep-workers"].rules == (NEIGHBOURS,)


def test_policies_select_by_the_labels_that_the_operator_and_the_charts_set() -> None:
    found = {name: policy.pods for name, policy in policies().items()}

    graph = {GRAPH: "deepseek-r1-wideep"}
    assert found == {
        "deepseek-r1-wideep-frontend": graph | {"nvidia.com/dynamo-component-type": "frontend"},
        "deepseek-r1-wideep-workers": graph | {"nvidia.com/dynamo-component-type": "worker"},
        "dynamo-platform-etcd-clients": {
            "app.kubernetes.io/name": "etcd",
            "app.kubernetes.io/instance": "dynamo-platform",
        },
        "dynamo-platform-nats-clients": {
            "app.kubernetes.io/name": "nats",
            "app.kubernetes.io/instance": "dynamo-platform",
        },
    }


def test_namespaces_and_address_ranges_reach_the_frontends_port_and_no_worker() -> None:
    found = policies(access={"allowFrom": ["ingress-nginx", "10.0.0.0/8"]})

    _, outside = found["deepseek-r1-wideep-frontend"].rules
    assert outside.ports == (8000,)
    assert outside.peers == (
        PeersPlan(namespaces={"kubernetes.io/metadata.name": "ingress-nginx"}),
        PeersPlan(cidr="10.0.0.0/8"),
    )
    assert found["deepseek-r1-wideep-workers"].rules == (NEIGHBOURS,)


def test_prometheus_reads_metrics_of_frontend_and_workers() -> None:
    found = policies(access={"metricsFrom": ["monitoring"]})

    assert [rule.ports for rule in found["deepseek-r1-wideep-frontend"].rules] == [(), (8000,)]
    assert [rule.ports for rule in found["deepseek-r1-wideep-workers"].rules] == [(), (9090,)]


def test_graphs_of_other_namespaces_reach_the_stores_of_the_platform_that_they_share() -> None:
    (rule,) = policies()["dynamo-platform-etcd-clients"].rules

    assert rule.peers == (PeersPlan(),)


def test_the_stores_belong_to_the_stack_that_installs_them() -> None:
    assert set(policies(platform={"install": False})) == {"deepseek-r1-wideep-frontend", "deepseek-r1-wideep-workers"}


def test_policies_can_be_left_out() -> None:
    assert policies(access={"networkPolicies": False}) == {}


def test_an_ingress_leads_to_the_operators_service() -> None:
    ingress = plan(frontend={"ingress": INGRESS}, access={"allowFrom": ["ingress-nginx"]}).frontend.ingress

    assert ingress is not None
    assert (ingress.host, ingress.class_name, ingress.tls_secret) == ("chat.example.com", "nginx", "chat-tls")
    assert (ingress.service, ingress.port) == ("deepseek-r1-wideep-frontend", 8000)


def test_a_public_service_selects_the_frontends_pods() -> None:
    exposed = {"type": "LoadBalancer", "annotations": {"cloud/internal": "true"}}
    public = plan(frontend={"service": exposed}, access={"allowFrom": ["10.0.0.0/8"]}).frontend.public

    assert public is not None
    assert (public.name, public.type, public.port, public.target_port) == (
        "deepseek-r1-wideep-frontend-public", "LoadBalancer", 80, 8000,
    )  # fmt: skip
    assert public.selector == policies()["deepseek-r1-wideep-frontend"].pods


def test_the_frontend_is_reached_inside_the_cluster_only_unless_the_stack_says_so() -> None:
    frontend = plan().frontend

    assert (frontend.public, frontend.ingress) == (None, None)


@pytest.mark.parametrize("frontend", [{"ingress": INGRESS}, {"service": {"type": "NodePort"}}])
def test_a_way_in_that_nobody_may_take_is_refused(frontend: dict[str, object]) -> None:
    assert "nobody there may connect" in broken(OPTION_A, frontend=frontend)["access.allowFrom"]
    assert broken(OPTION_A, frontend=frontend, access={"networkPolicies": False}) == {}
    assert broken(OPTION_A, frontend=frontend, access={"allowFrom": ["10.0.0.0/8"]}) == {}


@pytest.mark.parametrize("source", ["10.0.0.1/8", "10.0.0.0/33", "1.2.3/8", "fd00::1/8"])
def test_what_is_no_address_range_is_refused(source: str) -> None:
    assert "not an address range" in broken(OPTION_A, access={"allowFrom": [source]})["access.allowFrom"]


def test_who_may_connect_says_nothing_where_everyone_may() -> None:
    access = {"networkPolicies": False, "metricsFrom": ["monitoring"]}

    assert "everyone may connect" in broken(OPTION_A, access=access)["access.metricsFrom"]


def test_a_token_among_the_workers_variables_is_refused_and_not_shown() -> None:
    found = broken(OPTION_A, workers={"env": {"HF_TOKEN": "hunter2"}})

    assert set(found) == {"workers.env.HF_TOKEN"}
    assert "hunter2" not in found["workers.env.HF_TOKEN"]


def test_shared_memory_fits_into_the_pods_memory() -> None:
    small = {"resources": {"memory": "64Gi"}}

    assert "counts towards" in broken(OPTION_A, workers=small)["workers.sharedMemory"]
    assert broken(OPTION_A, workers=small | {"sharedMemory": "16Gi"}) == {}


def exposed(*ranges: str, kind: str = "LoadBalancer", **access: object) -> dict[str, str]:
    """The broken rules of a public Service that lets these ranges through, where 10.0.0.0/8 may connect."""
    service = {"type": kind, "sourceRanges": list(ranges)}
    return broken(OPTION_A, frontend={"service": service}, access={"allowFrom": ["10.0.0.0/8"], **access})


def test_a_load_balancer_lets_ranges_through_that_may_connect() -> None:
    assert exposed("10.1.0.0/16", "10.0.0.0/8") == {}
    assert exposed("2001:db8::/32", allowFrom=["2001:db8::/32"]) == {}
    assert exposed("203.0.113.0/24", networkPolicies=False, allowFrom=[]) == {}


@pytest.mark.parametrize("source", ["203.0.113.0/24", "0.0.0.0/0", "2001:db8::/32"])
def test_a_range_that_the_pods_do_not_let_in_is_refused(source: str) -> None:
    assert f"set access.allowFrom: [{source}] too" in exposed(source)["frontend.service.sourceRanges"]


def test_ranges_are_ranges_and_only_a_load_balancer_has_them() -> None:
    assert "not an address range" in exposed("10.1.0.1/16")["frontend.service.sourceRanges"]
    assert "type is NodePort" in exposed("10.1.0.0/16", kind="NodePort")["frontend.service.sourceRanges"]


def test_graphs_of_other_namespaces_reach_etcd_and_nats_only_where_the_stack_names_them() -> None:
    found = policies(access={"graphsFrom": ["team-b"]})

    for store, port in (("etcd", 2379), ("nats", 4222)):
        own, others = found[f"dynamo-platform-{store}-clients"].rules
        assert own == NEIGHBOURS
        assert others.ports == (port,)
        assert others.peers == (PeersPlan(with_label=GRAPH, namespaces={"kubernetes.io/metadata.name": "team-b"}),)
