"""What lets connections in: the frontend's Service and Ingress, and the NetworkPolicies."""

import base64
import json
from typing import Any

import pytest

from components.frontend import FrontendAccess, FrontendAccessArgs
from components.network_policies import NetworkPolicies, NetworkPoliciesArgs
from components.registry import PullSecret, PullSecretArgs, RegistryLogin, docker_config
from tests.support.engine import OWN, Engine, Secret, run
from tests.support.plans import plan_of
from wideep.plan import RegistryPlan

PASSWORD = "SyntheticPassword"


def _frontend(**frontend: Any) -> Engine:
    plan = plan_of(frontend=frontend, access={"allowFrom": ["10.0.0.0/8"]}).frontend
    return run(lambda: FrontendAccess("access", FrontendAccessArgs("dynamo-workshop", plan)))


def _policies(**access: Any) -> dict[str, Any]:
    policies = plan_of(access=access).network_policies
    engine = run(lambda: NetworkPolicies("policies", NetworkPoliciesArgs("dynamo-workshop", policies)))
    return {name.removeprefix("policies-"): engine.resources[name].inputs["spec"] for name in engine.types()}


def test_the_public_service_leads_to_the_frontends_pods_as_the_operator_labels_them() -> None:
    engine = _frontend(service={"type": "LoadBalancer", "port": 443, "annotations": {"cloud/internal": "true"}})
    service = engine.resources["access-service"].inputs
    assert service["metadata"]["annotations"] == {"cloud/internal": "true"} | OWN
    assert service["spec"]["type"] == "LoadBalancer"
    assert service["spec"]["ports"] == [{"name": "http", "port": 443, "targetPort": 8000}]
    assert service["spec"]["selector"]["nvidia.com/dynamo-component-type"] == "frontend"


def test_a_load_balancer_keeps_the_callers_address_and_lets_the_ranges_through() -> None:
    balanced = {"type": "LoadBalancer", "sourceRanges": ["10.1.0.0/16"]}
    spec = _frontend(service=balanced).resources["access-service"].inputs["spec"]
    assert (spec["loadBalancerSourceRanges"], spec["externalTrafficPolicy"]) == (["10.1.0.0/16"], "Local")
    ported = _frontend(service={"type": "NodePort"}).resources["access-service"].inputs["spec"]
    assert ported.keys().isdisjoint({"loadBalancerSourceRanges", "externalTrafficPolicy"})


def test_the_ingress_ends_tls_for_its_host_and_leads_to_the_operators_service() -> None:
    ingress = {"host": "chat.example.com", "className": "nginx", "tlsSecret": "chat-tls"}
    spec = _frontend(ingress=ingress).resources["access-ingress"].inputs["spec"]
    assert spec["ingressClassName"] == "nginx"
    assert spec["tls"] == [{"hosts": ["chat.example.com"], "secretName": "chat-tls"}]
    (rule,) = spec["rules"]
    (path,) = rule["http"]["paths"]
    assert (rule["host"], path["path"], path["pathType"]) == ("chat.example.com", "/", "Prefix")
    service = {"name": plan_of().frontend.service, "port": {"number": 8000}}
    assert path["backend"] == {"service": service}


def test_without_tls_the_ingress_names_no_secret() -> None:
    ingress = {"host": "chat.example.com", "className": "nginx"}
    assert "tls" not in _frontend(ingress=ingress).resources["access-ingress"].inputs["spec"]


def test_workers_are_reached_from_their_namespace_alone() -> None:
    workers = _policies(allowFrom=["ingress-nginx"])["workers"]
    assert workers["policyTypes"] == ["Ingress"]
    assert workers["ingress"] == [{"from": [{"podSelector": {}}]}]


def test_the_frontend_is_reached_on_its_port_from_where_the_config_says() -> None:
    inside, outside = _policies(allowFrom=["ingress-nginx", "10.0.0.0/8"])["frontend"]["ingress"]
    assert inside == {"from": [{"podSelector": {}}]}
    namespace = {"matchLabels": {"kubernetes.io/metadata.name": "ingress-nginx"}}
    assert outside == {
        "from": [{"podSelector": {}, "namespaceSelector": namespace}, {"ipBlock": {"cidr": "10.0.0.0/8"}}],
        "ports": [{"port": 8000, "protocol": "TCP"}],
    }


@pytest.mark.parametrize(("store", "port"), [("etcd-clients", 2379), ("nats-clients", 4222)])
def test_etcd_and_nats_are_reached_from_the_platforms_namespace_and_by_graphs_of_those_that_are_named(
    store: str, port: int
) -> None:
    """A label says nothing: anybody may put it on a pod of any namespace."""
    assert _policies()[store]["ingress"] == [{"from": [{"podSelector": {}}]}]

    neighbours, graphs = _policies(graphsFrom=["team-b"])[store]["ingress"]
    of_graphs = {"matchExpressions": [{"key": "nvidia.com/dynamo-graph-deployment-name", "operator": "Exists"}]}
    namespace = {"matchLabels": {"kubernetes.io/metadata.name": "team-b"}}
    assert neighbours == {"from": [{"podSelector": {}}]}
    assert graphs["from"] == [{"podSelector": of_graphs, "namespaceSelector": namespace}]
    assert [each["port"] for each in graphs["ports"]] == [port]


def test_the_pull_secret_holds_the_login_as_a_secret() -> None:
    login = RegistryLogin(RegistryPlan(server="r.example.com", username="robot"), PASSWORD)
    secret = run(lambda: PullSecret("pull", PullSecretArgs("ns", "registry", login))).resources["pull-secret"].inputs
    assert secret["type"] == "kubernetes.io/dockerconfigjson"
    assert isinstance(secret["stringData"], Secret)


@pytest.mark.parametrize(("server", "key"), [("docker.io", "https://index.docker.io/v1/"), ("r.io:5000", "r.io:5000")])
def test_a_login_stands_under_the_name_that_a_kubelet_looks_for(server: str, key: str) -> None:
    auths = json.loads(docker_config(RegistryPlan(server=server, username="robot"), PASSWORD))["auths"]
    assert list(auths) == [key]
    assert base64.b64decode(auths[key]["auth"]).decode() == f"robot:{PASSWORD}"
