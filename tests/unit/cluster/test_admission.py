"""Whether the API server takes a graph: its CRD, who converts it, and the webhooks that are asked about it."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.support.api import api_server, listed
from tests.support.site import Site
from wideep.dynamo import release
from wideep.dynamo.api import V1ALPHA1, V1BETA1
from wideep_cluster.client import Cluster
from wideep_cluster.dynamo.admission import (
    AdmissionError,
    GraphAdmission,
    await_admission,
    graph_admission,
    obstacles,
)
from wideep_cluster.dynamo.graph_api import served_api
from wideep_cluster.kinds import GRAPHS
from wideep_cluster.kubeconfig import connect

CRD = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions/dynamographdeployments.nvidia.com"
ADMISSION = "/apis/admissionregistration.k8s.io/v1"
SLICES = "/apis/discovery.k8s.io/v1/namespaces/dynamo/endpointslices"
SERVICE = {"service": {"name": "webhook", "namespace": "dynamo"}, "caBundle": "Q0E="}
BOTH = ("v1beta1", "v1alpha1")
Json = dict[str, Any]


def crd(*versions: str, converts: Json | None = None, established: str = "True") -> Json:
    conversion = {"strategy": "Webhook", "webhook": {"clientConfig": converts}} if converts else {"strategy": "None"}
    served = [{"name": version, "served": True, "storage": version == "v1beta1"} for version in versions]
    status = {"conditions": [{"type": "Established", "status": established}]}
    name = {"name": "dynamographdeployments.nvidia.com"}
    return {"metadata": name, "spec": {"versions": served, "conversion": conversion}, "status": status}


def webhooks(client: Json, group: str = "nvidia.com", *plurals: str, policy: str = "Fail") -> Json:
    rules = [{"apiGroups": [group], "resources": list(plurals or ("dynamographdeployments",))}]
    one = {"name": f"v.{group}", "clientConfig": client, "failurePolicy": policy, "rules": rules}
    return {"metadata": {"name": "c"}, "webhooks": [one]}


class Server:
    """A cluster on which Dynamo 1.6 is installed and answers, until a test says otherwise."""

    def __init__(self, site: Site, cluster: Cluster) -> None:
        self.site, self.cluster = site, cluster
        self.serves(*BOTH)
        site.says(CRD, 200, crd(*BOTH, converts=SERVICE))
        site.says(f"{ADMISSION}/validatingwebhookconfigurations", 200, listed(webhooks(SERVICE)))
        site.says(f"{ADMISSION}/mutatingwebhookconfigurations", 200, listed())
        self.pods(True)

    def serves(self, *versions: str) -> None:
        for version in BOTH:
            names = [{"name": "dynamographdeployments"}] if version in versions else [{"name": "others"}]
            self.site.says(f"/apis/nvidia.com/{version}", 200, {"resources": names})

    def pods(self, *ready: bool) -> None:
        ends = [{"conditions": {"ready": each}} for each in ready]
        self.site.says(SLICES, 200, listed({"metadata": {"name": "s"}, "endpoints": ends}))

    def refuses(self, *, grove: bool = False) -> list[str]:
        return list(obstacles(self.cluster, GraphAdmission(V1BETA1, grove)))


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Server]:
    with api_server(tmp_path) as (site, kubeconfig):
        yield Server(site, connect(str(kubeconfig), None))


def test_nothing_stands_in_the_way_of_a_graph_where_all_of_it_answers(server: Server) -> None:
    assert server.refuses() == []


def test_a_webhook_without_a_ready_pod_refuses_and_so_does_the_conversion_behind_the_same_service(
    server: Server,
) -> None:
    server.pods(False)
    conversion, webhook = server.refuses()
    assert "conversion webhook of dynamographdeployments.nvidia.com has no pod that is ready" in conversion
    assert webhook == "webhook v.nvidia.com has no pod that is ready (Service dynamo/webhook)"


def test_a_webhook_whose_certificate_is_not_written_yet_refuses(server: Server) -> None:
    fresh = {**SERVICE, "caBundle": ""}
    server.site.says(f"{ADMISSION}/mutatingwebhookconfigurations", 200, listed(webhooks(fresh)))
    assert server.refuses() == ["webhook v.nvidia.com has no certificate authority yet (caBundle is empty)"]


@pytest.mark.parametrize(
    "other",
    [
        webhooks({**SERVICE, "caBundle": ""}, policy="Ignore"),
        webhooks({**SERVICE, "caBundle": ""}, "nvidia.com", "clusterpolicies"),
        webhooks({**SERVICE, "caBundle": ""}, "apps", "deployments"),
        webhooks({"url": "https://127.0.0.1:9443/validate", "caBundle": "Q0E="}),
    ],
)
def test_what_lets_a_graph_pass_or_is_not_asked_about_it_is_not_waited_for(server: Server, other: Json) -> None:
    server.site.says(f"{ADMISSION}/validatingwebhookconfigurations", 200, listed(other))
    assert server.refuses() == []


def test_groves_webhooks_count_only_where_grove_makes_the_pods(server: Server) -> None:
    grove = webhooks({**SERVICE, "caBundle": ""}, "grove.io", "podcliquesets")
    server.site.says(f"{ADMISSION}/validatingwebhookconfigurations", 200, listed(grove))
    assert server.refuses() == []
    assert server.refuses(grove=True) == ["webhook v.grove.io has no certificate authority yet (caBundle is empty)"]


@pytest.mark.parametrize(
    ("there", "words"),
    [
        (None, "is not there"),
        (crd("v1alpha1"), "has no v1beta1: it is of another release"),
        (crd(*BOTH, established="False"), "is not established"),
    ],
)
def test_a_crd_that_is_missing_old_or_new_is_named(server: Server, there: Json | None, words: str) -> None:
    server.site.says(CRD, 404 if there is None else 200, there or "")
    (only,) = server.refuses()
    assert only.endswith(words)
    assert "dynamographdeployments.nvidia.com" in only


def test_a_version_that_discovery_does_not_have_yet_is_waited_for(server: Server) -> None:
    server.serves("v1alpha1")
    assert server.refuses() == ["nvidia.com/v1beta1 is not served yet"]


def test_the_wait_says_what_it_waits_for_and_goes_on_when_it_answers(
    server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("wideep_cluster.dynamo.admission.PAUSE_SECONDS", 0)
    server.site.says(f"{ADMISSION}/validatingwebhookconfigurations", 200, listed())
    server.site.says(CRD, 200, crd(*BOTH, converts={**SERVICE, "caBundle": ""}))
    said: list[str] = []

    def say(text: str) -> None:
        said.append(text)
        server.site.says(CRD, 200, crd(*BOTH, converts=SERVICE))

    await_admission(server.cluster, GraphAdmission(V1BETA1, False), 60, say, threading.Event())
    assert len(said) == 1
    assert said[0].endswith("(caBundle is empty): waiting")


def test_when_the_time_is_over_it_names_what_is_in_the_way_and_the_key(server: Server) -> None:
    server.pods(False)
    with pytest.raises(AdmissionError, match="has no pod that is ready") as refused:
        await_admission(server.cluster, GraphAdmission(V1BETA1, False), -1, print, threading.Event())
    assert "platform.readyTimeoutMinutes" in str(refused.value)


def test_ctrl_c_ends_the_wait(server: Server) -> None:
    server.pods(False)
    pressed = threading.Event()
    pressed.set()
    with pytest.raises(AdmissionError, match="interrupted"):
        await_admission(server.cluster, GraphAdmission(V1BETA1, False), 60, print, pressed)


def test_who_may_not_see_webhooks_does_not_wait_for_them(server: Server) -> None:
    server.site.says(f"{ADMISSION}/validatingwebhookconfigurations", 403)
    await_admission(server.cluster, GraphAdmission(V1BETA1, False), 60, pytest.fail, threading.Event())


def test_up_to_0_9_nobody_but_the_api_server_is_asked() -> None:
    assert graph_admission(release("0.6.0"), grove=True) is None
    assert graph_admission(release("1.6.1"), grove=True) == GraphAdmission(V1BETA1, True)


@pytest.mark.parametrize(
    ("served", "found"), [(BOTH, V1BETA1), (("v1alpha1",), V1ALPHA1), (("v1beta1",), V1BETA1), ((), None)]
)
def test_graphs_are_read_in_the_newest_version_that_the_cluster_serves(
    server: Server, served: tuple[str, ...], found: object
) -> None:
    server.serves(*served)
    assert served_api(server.cluster) == found


def test_the_release_of_the_stack_says_which_where_the_cluster_has_it(server: Server) -> None:
    assert served_api(server.cluster, V1ALPHA1) == V1ALPHA1
    server.serves("v1beta1")
    assert served_api(server.cluster, V1ALPHA1) == V1BETA1


def test_a_wait_without_a_stack_finds_the_graphs_by_itself(server: Server) -> None:
    graphs = "/apis/nvidia.com/{}/namespaces/ns/dynamographdeployments"
    server.site.says(graphs.format("v1beta1"), 200, listed({"metadata": {"name": "new"}}))
    server.site.says(graphs.format("v1alpha1"), 200, listed({"metadata": {"name": "old"}}))
    assert [item.name for item in server.cluster.list(GRAPHS, "ns").items] == ["new"]
    server.serves("v1alpha1")
    assert [item.name for item in Cluster(server.cluster.api, None).list(GRAPHS, "ns").items] == ["old"]
