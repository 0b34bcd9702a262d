"""What the drain and the takedown see of a live cluster."""

import secrets
from collections.abc import Iterator
from pathlib import Path

import pytest

from sim.state import Cluster
from tests.sim.conftest import Run
from wideep_cluster.dynamo.drain import KINDS
from wideep_cluster.informer import Informer
from wideep_cluster.kinds import PODS, Kind
from wideep_cluster.kube import KubeNamespace
from wideep_cluster.kubeconfig import connect
from wideep_cluster.objects import KubeObject

pytestmark = pytest.mark.cluster

POD_NAME = "left-over"


@pytest.fixture
def place(cluster: Cluster, run: Run) -> Iterator[KubeNamespace]:
    """A namespace of the test's own, with one pod."""
    name = f"takedown-{secrets.token_hex(4)}"
    run("kubectl", "create", "namespace", name)
    run("kubectl", "wait", "--for=create", "serviceaccount/default", "-n", name, "--timeout=30s")
    run("kubectl", "run", POD_NAME, "-n", name, "--image=pause", "--labels=nvidia.com/x=y")
    yield KubeNamespace.connect(name, str(cluster.kubeconfig), None)
    run("kubectl", "delete", "namespace", name, "--wait=false")


def test_it_lists_what_is_there_and_kinds_that_the_cluster_does_not_know_are_not(place: KubeNamespace) -> None:
    (pod,) = place.cluster.list(PODS, place.name).items
    assert (pod.name, pod.labels) == (POD_NAME, {"nvidia.com/x": "y"})
    nothings = Kind(KubeObject, "/apis/nowhere.example.com/v1alpha1", "nothings")
    assert place.cluster.list(nothings, place.name).items == ()
    assert all(place.cluster.list(kind, place.name).items == () for kind in KINDS if kind is not PODS)


def test_a_deletion_ends_the_wait_and_silence_does_too(place: KubeNamespace, run: Run) -> None:
    with Informer(place, (PODS,), lambda _, item: item.name == POD_NAME) as watched:
        while watched.wait(1):  # the pod may still be starting
            pass
        run("kubectl", "delete", "pod", POD_NAME, "-n", place.name, "--wait=false")
        while watched.items(PODS):
            assert watched.wait(60) == {PODS}
    assert place.cluster.list(PODS, place.name).items == ()


def test_a_kubeconfig_may_be_given_by_its_content(place: KubeNamespace, cluster: Cluster) -> None:
    content = Path(cluster.kubeconfig).read_text(encoding="utf-8")
    pods = connect(content, None).list(PODS, place.name).items
    assert [pod.name for pod in pods] == [POD_NAME]


def test_it_can_tell_whether_an_operator_runs(place: KubeNamespace) -> None:
    operator = place.operator()
    assert operator.ready in (True, False)
    assert "Dynamo operator" in operator.message
