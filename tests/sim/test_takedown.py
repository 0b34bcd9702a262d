"""What the drain and the takedown see of a live cluster."""

import secrets
from collections.abc import Iterator
from pathlib import Path

import pytest

from sim.state import Cluster
from tests.sim.conftest import Run
from wideep_cluster.dynamo.drain import KINDS, POD
from wideep_cluster.informer import Informer
from wideep_cluster.kube import KubeNamespace
from wideep_cluster.kube_objects import Kind

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
    (pod,) = place.list(POD).items
    assert (pod.name, pod.labels) == (POD_NAME, (("nvidia.com/x", "y"),))
    assert place.list(Kind("Nothing", "nothings", "nowhere.example.com")).items == ()
    assert all(place.list(kind).items == () for kind in KINDS if kind is not POD)


def test_a_deletion_ends_the_wait_and_silence_does_too(place: KubeNamespace, run: Run) -> None:
    with Informer(place, (POD,), lambda _, item: item.name == POD_NAME) as watched:
        while watched.wait(1):  # the pod may still be starting
            pass
        run("kubectl", "delete", "pod", POD_NAME, "-n", place.name, "--wait=false")
        while watched.items(POD):
            assert watched.wait(60) == {POD}
    assert place.list(POD).items == ()


def test_a_kubeconfig_may_be_given_by_its_content(place: KubeNamespace, cluster: Cluster) -> None:
    content = Path(cluster.kubeconfig).read_text(encoding="utf-8")
    assert KubeNamespace.connect(place.name, content, None).list(POD).items == place.list(POD).items


def test_it_can_tell_whether_an_operator_runs(place: KubeNamespace) -> None:
    operator = place.operator()
    assert operator.ready in (True, False)
    assert "Dynamo operator" in operator.message
