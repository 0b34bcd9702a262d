"""Who reaches a graph: a load balancer, an Ingress with TLS, NetworkPolicies, and a private registry's login.

All of it is asked for, found on the cluster, and taken away again piece by piece.
"""

from __future__ import annotations

import base64
import json
import threading
from collections.abc import Iterator
from typing import Any

import pytest

from sim.sandbox import write_stack
from sim.state import Cluster
from tests.sim.pulumi import Pulumi
from tests.support.stacks import SMALL

pytestmark = [pytest.mark.cluster, pytest.mark.long]

NAMESPACE, GRAPH = "access", "qwen3-30b-a3b-wideep"
PASSWORD = "SyntheticPassword"
CLIENTS = ["10.0.0.0/8", "ingress-nginx"]
IMAGE = {**SMALL["image"], "registry": {"username": "robot"}}
SERVICE = {"type": "LoadBalancer", "port": 443, "sourceRanges": ["10.1.0.0/16", "10.2.0.0/16"]}
INGRESS = {"host": "chat.example.com", "className": "nginx", "tlsSecret": "chat-tls"}
ADDRESS = "203.0.113.7"
POLICIES = {
    f"{GRAPH}-frontend": {"nvidia.com/dynamo-component-type": "frontend"},
    f"{GRAPH}-workers": {"nvidia.com/dynamo-component-type": "worker"},
    "dynamo-platform-etcd-clients": {"app.kubernetes.io/name": "etcd"},
    "dynamo-platform-nats-clients": {"app.kubernetes.io/name": "nats"},
}
"""The pods that each selects, by a label of theirs."""


class Balancer(threading.Thread):
    """What a cloud's load balancer and an ingress controller do: they give what they see an address."""

    def __init__(self, stack: Pulumi) -> None:
        super().__init__(daemon=True)
        self.stack, self.ending = stack, threading.Event()
        self.waiting = {"service": f"{GRAPH}-frontend-public", "ingress": f"{GRAPH}-frontend"}

    def run(self) -> None:
        status = json.dumps({"status": {"loadBalancer": {"ingress": [{"ip": ADDRESS}]}}})
        patch = ("--subresource=status", "--type=merge", "-p", status)
        while self.waiting and not self.ending.wait(0.5):
            for kind, name in list(self.waiting.items()):
                if self.stack.asks("get", kind, name, "-n", NAMESPACE, "-o", "name", "--ignore-not-found"):
                    self.stack.kubectl("patch", kind, name, "-n", NAMESPACE, *patch)
                    del self.waiting[kind]


class Site:
    """The stack, and what is asked for."""

    def __init__(self, stack: Pulumi) -> None:
        self.stack = stack
        self.said = ""
        self.config: dict[str, Any] = {
            **SMALL,
            "namespace": NAMESPACE,
            "image": IMAGE,
            "frontend": {"service": SERVICE, "ingress": INGRESS},
            "access": {"allowFrom": CLIENTS},
        }

    def writes(self, **changes: Any) -> None:
        self.config |= changes
        write_stack(self.stack.folder, self.stack.stack, **self.config)
        if "registry" in self.config["image"]:
            self.stack("config", "set", "--secret", "--path", "image.registry.password", given=PASSWORD)

    def applies(self) -> None:
        self.said += self.stack("up", "--yes", "--skip-preview")
        self.said += self.stack("preview", "--expect-no-changes")

    def finds(self, kind: str, labels: str = "") -> dict[str, Any]:
        selector = ["-l", labels] if labels else []
        listed = json.loads(self.stack.kubectl("get", kind, "-n", NAMESPACE, "-o", "json", *selector))
        return {item["metadata"]["name"]: item for item in listed["items"]}


@pytest.fixture(scope="module")
def site(cluster: Cluster, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    site = Site(Pulumi.new(cluster, tmp_path_factory.mktemp("project"), "access"))
    site.writes()
    balancer = Balancer(site.stack)
    balancer.start()
    try:
        site.applies()
        yield site
    finally:
        balancer.ending.set()
        balancer.join()
        site.stack("destroy", "--yes", "--skip-preview")


def test_the_load_balancer_leads_its_ranges_to_the_frontends_pods(site: Site) -> None:
    service = site.finds("services")[f"{GRAPH}-frontend-public"]
    spec = service["spec"]
    assert (spec["type"], spec["externalTrafficPolicy"]) == ("LoadBalancer", "Local")
    assert spec["loadBalancerSourceRanges"] == SERVICE["sourceRanges"]
    assert service["status"]["loadBalancer"]["ingress"][0]["ip"] == ADDRESS
    slices = site.finds("endpointslices", f"kubernetes.io/service-name={GRAPH}-frontend-public")
    reached = {end["targetRef"]["name"] for one in slices.values() for end in one["endpoints"]}
    assert reached == set(site.finds("pods", "nvidia.com/dynamo-component-type=frontend"))


def test_the_ingress_ends_tls_and_leads_to_the_operators_service(site: Site) -> None:
    (ingress,) = site.finds("ingresses").values()
    spec = ingress["spec"]
    assert spec["ingressClassName"] == "nginx"
    assert spec["tls"] == [{"hosts": ["chat.example.com"], "secretName": "chat-tls"}]
    (path,) = spec["rules"][0]["http"]["paths"]
    assert path["backend"]["service"]["name"] in site.finds("services")


def test_each_policy_selects_the_pods_that_it_is_for(site: Site) -> None:
    policies = site.finds("networkpolicies")
    assert set(policies) == set(POLICIES)
    for name, labels in POLICIES.items():
        selected = policies[name]["spec"]["podSelector"]["matchLabels"]
        meant = ",".join(f"{key}={value}" for key, value in labels.items())
        pods = site.finds("pods", ",".join(f"{key}={value}" for key, value in selected.items()))
        assert set(pods) == set(site.finds("pods", meant))
        assert pods


def test_the_frontend_lets_in_whom_the_config_names_and_workers_nobody_from_outside(site: Site) -> None:
    policies = site.finds("networkpolicies")
    _, outside = policies[f"{GRAPH}-frontend"]["spec"]["ingress"]
    assert outside["from"][0]["ipBlock"]["cidr"] == "10.0.0.0/8"
    assert outside["from"][1]["namespaceSelector"]["matchLabels"] == {"kubernetes.io/metadata.name": "ingress-nginx"}
    (inside,) = policies[f"{GRAPH}-workers"]["spec"]["ingress"]
    assert inside["from"] == [{"podSelector": {}}]


def test_the_pods_pull_with_the_login_which_is_a_secret_everywhere(site: Site) -> None:
    secret = site.finds("secrets")["registry-credentials"]
    login = json.loads(base64.b64decode(secret["data"][".dockerconfigjson"]))["auths"]["registry.example.com"]
    assert (secret["type"], login["username"], login["password"]) == (
        "kubernetes.io/dockerconfigjson", "robot", PASSWORD,
    )  # fmt: skip
    pods = site.finds("pods", f"nvidia.com/dynamo-graph-deployment-name={GRAPH}")
    assert {pod["spec"]["imagePullSecrets"][0]["name"] for pod in pods.values()} == {"registry-credentials"}
    assert PASSWORD not in site.said
    assert PASSWORD not in site.stack("stack", "export")


def test_no_pod_of_graph_and_download_has_a_token_of_the_api_or_is_privileged(site: Site) -> None:
    ours = {name: pod for name, pod in site.finds("pods").items() if not name.startswith("dynamo-platform")}
    assert len(ours) == 4  # frontend, prefill, decode, download
    for pod in ours.values():
        spec = pod["spec"]
        assert spec["automountServiceAccountToken"] is False
        mounts = [mount["name"] for container in spec["containers"] for mount in container.get("volumeMounts", [])]
        assert not [name for name in mounts if name.startswith("kube-api-access")]
        contexts = [container.get("securityContext") or {} for container in spec["containers"]]
        assert not any(context.get("privileged") for context in contexts)
        assert not any(spec.get(shared) for shared in ("hostNetwork", "hostPID", "hostIPC"))


@pytest.mark.parametrize(
    ("changes", "steps", "gone"),
    [
        ({"frontend": {"ingress": INGRESS}}, {"access-service": "delete"}, f"service/{GRAPH}-frontend-public"),
        (
            {"frontend": None, "access": None},
            {"access": "delete", "access-ingress": "delete", "policies-frontend": "update"},
            "ingress",
        ),
        (
            {"access": {"networkPolicies": False}},
            {
                "policies": "delete",
                **{f"policies-{name}": "delete" for name in ("frontend", "workers", "etcd-clients", "nats-clients")},
                "platform-platform": "update",  # the etcd chart's own policy comes back
            },
            "networkpolicy/dynamo-platform-etcd-clients",
        ),
        (
            {"image": SMALL["image"]},
            {"pull": "delete", "pull-secret": "delete", "graph-graph": "update", "graph-ready": "update"},
            "secret/registry-credentials",
        ),
    ],
    ids=["load balancer", "ingress", "policies", "login"],
)
def test_what_is_switched_off_goes_and_nothing_else(
    site: Site, changes: dict[str, Any], steps: dict[str, str], gone: str
) -> None:
    site.writes(**changes)

    assert site.stack.previews() == steps
    site.applies()

    kind, _, name = gone.partition("/")
    left = site.stack.asks("get", kind, *filter(None, [name]), "-n", NAMESPACE, "-o", "name", "--ignore-not-found")
    assert left == ""
    (graph,) = site.finds("dgd").values()
    assert graph["status"]["state"] == "successful"
