"""The platform's two releases, from wherever the charts come, and the key that the operator wants."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from components.dynamic.operator_check import PlatformError, find_operator
from components.dynamic.platform_ready import PlatformReadyProvider
from components.platform import Platform, PlatformArgs
from tests.support.engine import OWN, Engine, Secret, run
from tests.support.feeds import Feed, Feeds
from tests.support.plans import on_release, plan_of
from wideep_cluster.dynamo.operator import OPERATOR, OPERATOR_KINDS, OperatorStatus
from wideep_cluster.kinds import Kind
from wideep_cluster.listing import Change, Listing
from wideep_cluster.objects import Deployment, Meta


def _deployed(**platform: Any) -> Engine:
    keys = on_release(**platform) if "version" in platform else {"platform": platform}
    plan = plan_of(**keys).platform
    return run(lambda: Platform("platform", PlatformArgs("dynamo-workshop", plan)))


def test_it_is_two_releases_a_key_and_its_seed() -> None:
    assert _deployed().types() == {
        "platform-crds": "kubernetes:helm.sh/v3:Release",
        "platform-platform": "kubernetes:helm.sh/v3:Release",
        "platform-mpi-seed": "random:index/randomPassword:RandomPassword",
        "platform-mpi-secret": "kubernetes:core/v1:Secret",
    }


def test_the_operator_is_installed_when_its_crds_and_its_key_are_there() -> None:
    assert _deployed().before("platform-platform") == {"platform-crds", "platform-mpi-secret", "platform-mpi-seed"}


def test_a_key_that_exists_is_used_and_not_drawn() -> None:
    engine = _deployed(sshKeySecret="lab-key")
    assert set(engine.types()) == {"platform-crds", "platform-platform"}
    operator = engine.resources["platform-platform"].inputs["values"]["dynamo-operator"]
    assert operator["dynamo"]["mpiRun"]["secretName"] == "lab-key"


def test_the_crds_wait_for_nothing_of_the_platform() -> None:
    assert _deployed().resources["platform-crds"].after == frozenset()


def test_a_fresh_cluster_gets_the_values_that_it_needs_today() -> None:
    operator = _deployed().resources["platform-platform"].inputs["values"]["dynamo-operator"]
    assert operator["dynamo"]["mpiRun"]["sshKeygen"] == {"enabled": False}
    assert operator["controllerManager"]["kubeRbacProxy"]["image"]["repository"] == "quay.io/brancz/kube-rbac-proxy"


def test_the_stacks_own_values_come_on_top() -> None:
    values = _deployed(values={"etcd": {"replicaCount": 3}}).resources["platform-platform"].inputs["values"]
    assert values["etcd"]["replicaCount"] == 3
    assert values["dynamo-operator"]["dynamo"]["mpiRun"]["sshKeygen"] == {"enabled": False}


@pytest.mark.parametrize(
    ("charts", "chart", "repository", "version"),
    [
        (None, "dynamo-platform", "https://helm.ngc.nvidia.com/nvidia/ai-dynamo", "0.6.0"),
        ("https://mirror.example.com/charts", "dynamo-platform", "https://mirror.example.com/charts", "0.6.0"),
        ("oci://r.example.com/charts", "oci://r.example.com/charts/dynamo-platform", None, "0.6.0"),
        ("sim/charts", "sim/charts/dynamo-platform", None, None),
    ],
)
def test_charts_come_from_a_repository_a_registry_or_a_folder(
    charts: str | None, chart: str, repository: str | None, version: str | None
) -> None:
    inputs = (_deployed(charts=charts) if charts else _deployed()).resources["platform-platform"].inputs
    assert inputs["chart"] == chart
    assert inputs.get("repositoryOpts", {}).get("repo") == repository
    assert inputs.get("version") == version


def test_a_folder_may_hold_the_charts_as_they_are_pulled(tmp_path: Path) -> None:
    archive = tmp_path / "dynamo-crds-0.6.0.tgz"
    archive.touch()
    assert _deployed(charts=str(tmp_path)).resources["platform-crds"].inputs["chart"] == str(archive)


def test_the_key_pair_is_a_secret() -> None:
    secret = _deployed().resources["platform-mpi-secret"]
    place = {"name": "mpi-run-ssh-secret", "namespace": "dynamo-workshop"}
    assert secret.inputs["metadata"] == place | {"annotations": OWN}
    assert isinstance(secret.inputs["stringData"], Secret)


def test_a_platform_that_is_there_is_looked_for_and_not_installed() -> None:
    engine = _deployed(install=False)
    assert engine.types() == {"platform-operator": "pulumi-python:dynamic/dynamo-wideep:OperatorCheck"}
    crd = "kubernetes:apiextensions.k8s.io/v1:CustomResourceDefinition"
    assert engine.reads == {"platform-crd": (crd, "dynamographdeployments.nvidia.com")}
    assert engine.resources["platform-operator"].inputs["version"] == "0.6.0"


@dataclass
class _Cluster:
    """A namespace of which only the operator is asked; each answer but the last is given once."""

    answers: list[OperatorStatus]
    name: str = "ns"
    news: Feeds = field(default_factory=Feeds)

    def operator(self) -> OperatorStatus:
        return self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]

    @property
    def cluster(self) -> "_Cluster":
        return self

    def list(self, kind: Kind[Deployment], namespace: str) -> Listing[Deployment]:
        return Listing((), "7")

    def watch(self, kind: Kind[Deployment], namespace: str, version: str, seconds: int) -> Feed:
        return self.news.feed(kind)


def _not_said(text: str) -> None:
    pytest.fail(f"nothing is to be said: {text}")


NONE = OperatorStatus(False, "there is no Dynamo operator on the cluster")
FITS = OperatorStatus(True, "the Dynamo operator runs", "0.6.0")


@pytest.mark.parametrize("operator", [FITS, OperatorStatus(True, "runs"), OperatorStatus(None, "Forbidden")])
def test_an_operator_that_fits_or_does_not_say_is_taken(operator: OperatorStatus) -> None:
    find_operator(_Cluster([operator]), "0.6.0", 0, _not_said)


def test_an_operator_that_is_just_starting_is_waited_for() -> None:
    cluster = _Cluster([NONE, FITS])
    cluster.news.put(OPERATOR_KINDS[0], Change(Deployment(metadata=Meta(name=f"x{OPERATOR}"))))
    said: list[str] = []
    find_operator(cluster, "0.6.0", 60, said.append)
    assert cluster.answers == [FITS]
    assert said == [f"{NONE.message}: waiting for it, up to 60 s"]


def test_no_operator_is_said_before_a_graph_waits_for_it_for_hours() -> None:
    with pytest.raises(PlatformError, match=r"platform\.install is false, and there is no Dynamo operator"):
        find_operator(_Cluster([NONE]), "0.6.0", 0, [].append)


def test_another_version_of_the_operator_is_refused() -> None:
    with pytest.raises(PlatformError, match=r"version 0\.7\.0, and platform\.version is 0\.6\.0"):
        find_operator(_Cluster([OperatorStatus(True, "runs", "0.7.0")]), "0.6.0", 0, _not_said)


NEWEST = {"version": "1.6.1", "sshKeySecret": "k"}


def test_from_1_0_on_the_operator_brings_the_crds_and_is_waited_for_until_it_admits_graphs() -> None:
    engine = _deployed(**NEWEST)
    assert engine.types() == {
        "platform-platform": "kubernetes:helm.sh/v3:Release",
        "platform-ready": "pulumi-python:dynamic/dynamo-wideep:PlatformReady",
    }
    ready = engine.resources["platform-ready"]
    assert ready.after == {"platform-platform"}
    assert (ready.inputs["api"], ready.inputs["version"], ready.inputs["grove"]) == ("v1beta1", "1.6.1", False)


def test_other_values_of_the_release_are_waited_for_too() -> None:
    before, after = (_deployed(**NEWEST, **more).resources["platform-ready"] for more in ({}, {"values": {"a": 1}}))
    assert before.inputs["values"] != after.inputs["values"]
    assert {**before.inputs, "values": ""} == {**after.inputs, "values": ""}


def test_a_platform_of_somebody_else_is_waited_for_after_its_operator_is_found() -> None:
    engine = _deployed(version="1.6.1", install=False)
    assert engine.resources["platform-ready"].after == {"platform-operator"}
    assert engine.reads["platform-crd"][1] == "dynamographdeployments.nvidia.com"


def test_a_0_x_platform_waits_for_nobody_but_helm() -> None:
    assert "platform-ready" not in _deployed().resources
    assert "platform-ready" not in _deployed(install=False).resources


def test_the_wait_is_made_again_for_another_release_and_updated_for_other_values() -> None:
    old = {"namespace": "n", "version": "1.5.1", "api": "v1beta1", "values": "a"}
    provider = PlatformReadyProvider()
    assert provider.diff("", old, {**old, "version": "1.6.1"}).replaces == ["version"]
    changed = provider.diff("", old, {**old, "values": "b"})
    assert (changed.changes, changed.replaces) == (True, [])
