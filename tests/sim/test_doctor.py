"""wideep doctor on the simulated cluster: before and after deploying, with the fault that each verdict is for, and as a
user who may only look.

The whole outputs are in expected/. After a change that is meant: UPDATE_EXPECTED=1, and read the diff.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import yaml

from sim import paths
from sim.env import environment
from sim.state import Cluster
from tests.sim.conftest import sim
from tests.sim.pulumi import Pulumi
from tests.support.project import copy_project

pytestmark = pytest.mark.cluster

EXPECTED = Path(__file__).parent / "expected"
NAMESPACE = "dynamo-workshop"
OPERATOR = "dynamo-platform-dynamo-operator-controller-manager"
LONGEST = 40
"""Seconds from a fault until the doctor names it."""
Answer = dict[str, Any]


@dataclass(frozen=True)
class Doctor:
    """``wideep doctor --offline`` on a stack of a project's copy."""

    stack: Pulumi

    def run(
        self, *options: str, kubeconfig: str | None = None, verb: str = "doctor"
    ) -> subprocess.CompletedProcess[str]:
        env = os.environ | environment(self.stack.cluster) | {"PYTHONPATH": str(paths.PROJECT), "COLUMNS": "120"}
        return subprocess.run(
            [sys.executable, "-m", "ops.cli", verb, "--stack", self.stack.stack, *options],
            cwd=self.stack.folder,
            env=env | ({"KUBECONFIG": kubeconfig} if kubeconfig else {}),
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )

    def answer(self, **how: Any) -> Answer:
        """Its JSON, which stands alone on stdout."""
        done = self.run("--offline", "--output", "json", **how)
        assert done.returncode in (0, 1), done.stderr
        assert not done.stderr
        return json.loads(done.stdout)

    def failing(self) -> dict[str, Answer]:
        """What does not hold, by check."""
        return {each["check"]: each for each in self.answer()["findings"] if each["verdict"] == "does not hold"}

    def waits_for(self, wanted: Callable[[dict[str, Answer]], bool]) -> dict[str, Answer]:
        """Asks until what does not hold is as wanted."""
        end = time.monotonic() + LONGEST
        while not wanted(found := self.failing()) and time.monotonic() < end:
            time.sleep(0.5)
        assert wanted(found), json.dumps(found, indent=2)
        return found

    def finds(self, check: str) -> Answer:
        return self.waits_for(lambda found: check in found)[check]

    def is_content(self) -> None:
        self.waits_for(lambda found: not found)

    def restart(self, role: str) -> None:
        label = f"nvidia.com/dynamo-sub-component-type={role}"
        self.stack.kubectl("-n", NAMESPACE, "delete", "pod", "-l", label, "--wait=false")


@pytest.fixture(scope="module")
def doctor(cluster: Cluster, tmp_path_factory: pytest.TempPathFactory) -> Doctor:
    folder = copy_project(tmp_path_factory.mktemp("project"))
    return Doctor(Pulumi(cluster, folder, "sim").create())


@pytest.fixture(scope="module")
def before(doctor: Doctor) -> subprocess.CompletedProcess[str]:
    """What it says of the empty cluster."""
    return doctor.run("--offline")


@pytest.fixture(scope="module")
def deployed(doctor: Doctor, before: subprocess.CompletedProcess[str]) -> Iterator[Doctor]:
    doctor.stack("up", "--yes", "--skip-preview")
    yield doctor
    doctor.stack("destroy", "--yes", "--skip-preview")


@pytest.fixture
def fault(deployed: Doctor) -> Iterator[Callable[..., None]]:
    """Sets a fault of the simulation; it is cleared after the test, and the workers start anew."""

    def set_fault(name: str, on: str = "") -> None:
        sim(deployed.stack.cluster.id, "fault", name, *(("--on", on) if on else ()))

    yield set_fault
    sim(deployed.stack.cluster.id, "fault", "clear")
    for role in ("prefill", "decode"):
        deployed.restart(role)
    deployed.is_content()


def same_as_expected(name: str, said: str) -> None:
    """Compares a whole output; ports, and the letters that Kubernetes makes up, aside."""
    plain = re.sub(r"127\.0\.0\.1:\d+", "127.0.0.1:PORT", re.sub(r"v1\.\d+\.\d+", "v1.N", said))
    file = EXPECTED / name
    if os.environ.get("UPDATE_EXPECTED"):
        file.write_text(plain)
    assert plain == file.read_text()


def test_before_deploying_it_tells_that_everything_is_there(before: subprocess.CompletedProcess[str]) -> None:
    assert before.returncode == 0, before.stdout
    crds_stay = re.sub(
        "(dynamographdeployments.nvidia.com is|nvidia.com/v1alpha1 is not) served.*", "CRDS", before.stdout
    )
    same_as_expected("doctor-before.txt", crds_stay)


def test_a_healthy_graph_is_told_as_such(deployed: Doctor) -> None:
    deployed.is_content()
    done = deployed.run("--offline")

    assert done.returncode == 0
    assert not done.stderr
    placed = re.sub(r"gpu-[01] (prefill|decode), gpu-[01] (prefill|decode)", "NODE prefill, NODE decode", done.stdout)
    same_as_expected("doctor-healthy.txt", placed)


def test_its_json_is_for_scripts(deployed: Doctor) -> None:
    answer = deployed.answer()

    assert answer["holds"] is True
    assert (answer["namespace"], answer["graph"]) == (NAMESPACE, "deepseek-r1-wideep")
    assert [node["node"] for node in answer["nodes"]] == ["gpu-0", "gpu-1"]
    assert {each["check"] for each in answer["findings"]} >= {
        "placement",
        "model-cache",
        "operator",
        "graph",
        "frontend",
    }


# As somebody who may only look


@pytest.fixture(scope="module")
def looker(deployed: Doctor, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[[list[str]], str]]:
    """The kubeconfig of a service account with those kinds of the manifests that `wideep rbac` prints."""
    kubectl = deployed.stack.kubectl
    kubectl("-n", NAMESPACE, "create", "serviceaccount", "looker")
    token = kubectl("-n", NAMESPACE, "create", "token", "looker").strip()
    config = yaml.safe_load(Path(environment(deployed.stack.cluster)["KUBECONFIG"]).read_text())
    config["users"] = [{"name": user["name"], "user": {"token": token}} for user in config["users"]]
    folder = tmp_path_factory.mktemp("looker")
    printed = deployed.run("--service-account", "looker", "--output", "json", verb="rbac")
    manifests = json.loads(printed.stdout)["items"]
    (folder / "kubeconfig").write_text(yaml.safe_dump(config))

    def allow(kinds: list[str]) -> str:
        for manifest in manifests:
            file = folder / f"{manifest['kind']}.json"
            file.write_text(json.dumps(manifest))
            kubectl(*(["apply"] if manifest["kind"] in kinds else ["delete", "--ignore-not-found"]), "-f", str(file))
        return str(folder / "kubeconfig")

    yield allow
    allow([])


def test_the_printed_roles_are_enough_to_tell_all_but_helms_records(
    deployed: Doctor, looker: Callable[..., str]
) -> None:
    kubeconfig = looker(["ClusterRole", "Role", "ClusterRoleBinding", "RoleBinding"])

    theirs, ours = deployed.answer(kubeconfig=kubeconfig), deployed.answer()

    unknown = {each["check"] for each in theirs["findings"] if each["verdict"] == "could not be told"}
    assert unknown - {each["check"] for each in ours["findings"] if each["verdict"] == "could not be told"} == {
        "release"
    }
    assert theirs["holds"]


def test_without_rights_on_the_cluster_it_says_what_it_could_not_see(
    deployed: Doctor, looker: Callable[..., str]
) -> None:
    kubeconfig = looker(["Role", "RoleBinding"])

    findings = {each["check"]: each for each in deployed.answer(kubeconfig=kubeconfig)["findings"]}

    assert findings["gpus"]["verdict"] == "could not be told"
    assert findings["gpus"]["what"].startswith("This user may not list nodes on the cluster")
    assert findings["graph"]["verdict"] == "holds"


# With something wrong: two faults at a time, each of which has to be told


@dataclass(frozen=True)
class Wrong:
    """A fault of the simulation, what it strikes, and what the doctor has to say."""

    fault: str
    check: str
    words: str
    key: str = ""
    on: str = ""


@pytest.mark.parametrize(
    "wrongs",
    [
        (
            Wrong("operator-down", "operator", "is scaled to 0"),
            Wrong("quota", "refused", "A quota keeps pods from being made", "layout"),
        ),
        (
            Wrong("etcd-down", "operator", "No pod of StatefulSet dynamo-platform-etcd is ready"),
            Wrong("image-lost", "image", "the registry has no image registry.sim/dynamo-wideep", "image.tag"),
        ),
        (
            Wrong("out-of-memory", "memory", "ran out of memory", "layout.decode.memFractionStatic", "*decode*"),
            Wrong("argument-refused", "arguments", "arguments: --no-such-flag", "image.gitRef", "*prefill*"),
        ),
        (Wrong("nccl-fails", "communication", "NCCL does not connect", "hardware.nodeSelector", "*decode*"),),
        (Wrong("nvshmem-fails", "communication", "NVSHMEM does not", "layout.decode.moeA2aBackend", "*decode*"),),
        (Wrong("never-registers", "frontend", "no worker has registered deepseek-ai/DeepSeek-R1"),),
    ],
    ids=lambda wrongs: "+".join(wrong.fault for wrong in wrongs),
)
def test_it_names_the_cause_and_the_key(
    deployed: Doctor, fault: Callable[..., None], wrongs: tuple[Wrong, ...]
) -> None:
    for wrong in wrongs:
        fault(wrong.fault, wrong.on)
    for role in ("prefill", "decode"):
        deployed.restart(role)

    found = deployed.waits_for(lambda found: all(wrong.check in found for wrong in wrongs))

    for wrong in wrongs:
        told = found[wrong.check]
        assert wrong.words in told["what"]
        assert told["key"] == wrong.key
        assert told["fix"]


def test_nodes_that_take_no_pods_are_named_with_the_way_back(deployed: Doctor) -> None:
    kubectl = deployed.stack.kubectl
    kubectl("cordon", "gpu-0", "gpu-1")
    deployed.restart("decode")

    found = deployed.finds("placement")

    kubectl("uncordon", "gpu-0", "gpu-1")
    assert "No node has room for 1 × decode of 8 GPUs" in found["what"]
    assert found["fix"][0] == "gpu-0, gpu-1: cordoned. kubectl uncordon gpu-0 gpu-1"
    deployed.is_content()


def test_a_graph_that_was_edited_by_hand_is_told_with_what_differs(deployed: Doctor) -> None:
    kubectl = deployed.stack.kubectl
    path = "/spec/services/Frontend/replicas"
    patch = [{"op": "replace", "path": path, "value": 2}]
    kubectl("-n", NAMESPACE, "patch", "dgd", "deepseek-r1-wideep", "--type", "json", "-p", json.dumps(patch))

    found = deployed.finds("drift")

    patch[0]["value"] = 1
    kubectl("-n", NAMESPACE, "patch", "dgd", "deepseek-r1-wideep", "--type", "json", "-p", json.dumps(patch))
    assert "Frontend.replicas is 2, in the stack 1" in found["what"]
    deployed.is_content()


def test_a_download_that_fails_is_told_by_its_log(deployed: Doctor, fault: Callable[..., None]) -> None:
    """The other ways in which it fails are in the fast tests, with the same lines of its log."""
    kubectl = deployed.stack.kubectl
    job = json.loads(kubectl("-n", NAMESPACE, "get", "job", "deepseek-r1-model-download", "-o", "json"))
    fault("model-gated")

    anew = {key: job[key] for key in ("apiVersion", "kind")} | {"metadata": {"name": job["metadata"]["name"]}}
    file = deployed.stack.folder / "job.json"
    file.write_text(json.dumps({**anew, "spec": {"template": {"spec": job["spec"]["template"]["spec"]}}}))

    kubectl("-n", NAMESPACE, "replace", "--force", "-f", str(file))
    found = deployed.finds("download")

    sim(deployed.stack.cluster.id, "fault", "clear")
    kubectl("-n", NAMESPACE, "replace", "--force", "-f", str(file))
    assert "only to those who have accepted its terms (403)" in found["what"]
    assert found["key"] == "hfToken"
