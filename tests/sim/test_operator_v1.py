"""Dynamo 1.6.1 on the simulated cluster: its chart, CRDs and webhooks, graphs of v1beta1, and the real frontend."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from urllib.request import urlopen

import pytest

from sim.chat import ask, port_forward
from sim.operator.contract import Manifest
from sim.state import Cluster
from tests.support import stranger
from tests.support.platform import Platform
from tests.support.platform_v1 import CHART, GROVE, a_graph, installed, worker
from tests.support.process import env_on

pytestmark = [pytest.mark.cluster, pytest.mark.late(1)]

MODEL = "deepseek-ai/DeepSeek-R1"


@pytest.fixture(scope="module")
def platform(cluster: Cluster) -> Iterator[Platform]:
    with installed(cluster, "operator-v1") as there:
        there.wait(lambda: accepts(there), "the webhooks answer")
        yield there


@pytest.fixture(autouse=True)
def no_graphs_left(platform: Platform) -> Iterator[None]:
    yield
    platform.scale_operator(1)
    platform.wait(lambda: accepts(platform), "the webhooks answer")
    platform.delete_graphs()


def refused(platform: Platform, graph: Manifest, *options: str) -> str:
    """What the API server says against a graph; empty where it takes it."""
    command = ("kubectl", "-n", platform.namespace, "apply", "--server-side", "-f", "-", *options)
    return platform.run(*command, given=json.dumps(graph), fails=None).err


def accepts(platform: Platform) -> bool:
    return not refused(platform, a_graph(), "--dry-run=server")


def test_a_graph_becomes_ready_and_answers_without_etcd_and_without_nats(platform: Platform) -> None:
    platform.apply(a_graph())
    platform.wait_for_state("successful")
    env = env_on(platform.cluster)
    said = ask(platform.namespace, "sgl-frontend", MODEL, "Explain MoE models", env)
    assert said.startswith(f"This is the simulated cluster speaking for {MODEL} (graph sgl, prefill 1 × TP8")
    with port_forward(platform.namespace, "sgl-frontend", env) as port:
        health = json.loads(urlopen(f"http://127.0.0.1:{port}/health", timeout=30).read())
    assert sorted(health["endpoints"]) == [f"dyn://operator-v1-sgl.{role}.generate" for role in ("backend", "prefill")]
    assert platform.find("statefulsets") == []
    live = platform.graph()
    assert live["status"]["observedGeneration"] == live["metadata"]["generation"]
    assert live["status"]["components"]["decode"]["readyReplicas"] == 1
    assert live["metadata"]["annotations"]["nvidia.com/dynamo-operator-origin-version"] == "1.6.1"
    accounts = {one["spec"]["serviceAccountName"] for one in platform.pods_of("decode")}
    assert accounts == {"sgl-k8s-service-discovery"}


def test_a_graph_that_cannot_run_is_refused_by_the_webhook_with_every_error(platform: Platform) -> None:
    image = "registry.example.com/sglang-runtime:latest"
    said = refused(platform, a_graph(worker("prefill", image=image), worker("decode", image=image)))
    assert 'admission webhook "vdynamographdeployment.kb.io" denied the request' in said
    assert said.count("is no semantic version: set runtimeVersionOverride") == 2


def test_the_webhooks_answer_nobody_but_the_api_server(platform: Platform) -> None:
    assert stranger.let_in(platform.cluster.ports.webhooks) == []


def test_a_change_of_what_is_immutable_is_refused(platform: Platform) -> None:
    platform.apply(a_graph())
    said = refused(platform, a_graph(worker("prefill") | {"type": "worker"}, worker("decode")), "--force-conflicts")
    assert "spec.components[prefill].type: is immutable after it is set" in said


def test_a_field_that_kubernetes_does_not_know_is_refused_in_a_pod_template(platform: Platform) -> None:
    graph = a_graph()
    graph["spec"]["components"][1]["podTemplate"]["spec"]["containers"][0]["argz"] = []
    assert "field not declared in schema" in refused(platform, graph)


def test_a_graph_of_v1alpha1_is_not_served(platform: Platform) -> None:
    said = refused(platform, {**a_graph(), "apiVersion": "nvidia.com/v1alpha1"})
    assert 'no matches for kind "DynamoGraphDeployment" in version "nvidia.com/v1alpha1"' in said


def test_pods_without_a_token_are_never_discovered_and_say_why(platform: Platform) -> None:
    blind = worker("decode")
    blind["podTemplate"]["spec"]["automountServiceAccountToken"] = False
    platform.apply(a_graph(worker("prefill"), blind))
    platform.wait(lambda: platform.waiting_reasons("decode") == {"CrashLoopBackOff"}, "decode in CrashLoopBackOff")
    said = platform.kubectl("logs", "-l", "nvidia.com/dynamo-component=decode", "--tail=-1")
    assert "serviceaccount/token: No such file or directory" in said


def test_while_the_operator_is_down_graphs_are_refused_and_one_in_deletion_stays(platform: Platform) -> None:
    platform.apply(a_graph())
    platform.wait_for_state("successful")
    platform.scale_operator(0)
    platform.wait(lambda: "connection refused" in refused(platform, a_graph(name="other")), "no webhook")
    platform.kubectl("delete", "dgd", "sgl", "--wait=false")
    assert platform.graph()["metadata"]["finalizers"] == ["nvidia.com/finalizer"]
    platform.scale_operator(1)
    platform.wait(platform.is_empty, "nothing left of the graph")


@pytest.mark.parametrize("cascade", ["background", "foreground"])
def test_deletion_ends_and_leaves_nothing(platform: Platform, cascade: str) -> None:
    platform.apply(a_graph())
    platform.wait_for_state("successful")
    platform.kubectl("delete", "dgd", "sgl", f"--cascade={cascade}", "--timeout=60s")
    platform.wait(platform.is_empty, "nothing left of the graph")
    platform.wait(lambda: not platform.find("roles"), "no role for discovery left")


@pytest.mark.parametrize(
    ("values", "says"),
    [
        (["grove.enabled=true"], "'grove.enabled' has been removed. Use 'global.grove.install'"),
        (["etcd.enabled=true"], "'etcd.enabled' has been removed. Use 'global.etcd.install'"),
        ([GROVE[0].removeprefix("--set=")], "bundled KAI Scheduler must disable stale PodGroup eviction"),
        (["dynamo-operator.namespaceRestriction.enabled=true"], "Set dynamo-operator.upgradeCRD=false"),
    ],
)
def test_the_chart_refuses_values_of_the_charts_before_it(platform: Platform, values: list[str], says: str) -> None:
    given = [f"--set={value}" for value in values]
    assert says in platform.run("helm", "template", "x", CHART, *given, fails=True).err


def test_the_chart_brings_neither_etcd_nor_nats_unless_asked(platform: Platform) -> None:
    def kinds(*values: str) -> Callable[[str], int]:
        return platform.run("helm", "template", "x", CHART, *values).out.count

    assert kinds()("kind: StatefulSet") == 0
    assert kinds("--set=global.etcd.install=true,global.nats.install=true")("kind: StatefulSet") == 2
