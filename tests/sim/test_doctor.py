"""wideep doctor on the simulated cluster: before deploying, on a healthy graph, and with one thing wrong at a time.

The whole outputs, and what is told of each fault, are in expected/. After a change that is meant: UPDATE_EXPECTED=1,
and read the diff.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator

import pytest
import yaml

from sim.state import Cluster
from tests.sim.doctor import Doctor, same_as_expected, until
from tests.sim.graph import DECODE, GRAPH, NAMESPACE
from tests.sim.pulumi import Pulumi

pytestmark = [pytest.mark.cluster, pytest.mark.long]


@pytest.fixture(scope="module")
def doctor(cluster: Cluster, tmp_path_factory: pytest.TempPathFactory) -> Doctor:
    """On a cluster that has never had Dynamo: the CRDs of an earlier module's stack are taken away."""
    pulumi = Pulumi.new(cluster, tmp_path_factory.mktemp("project"), "sim")
    pulumi.kubectl("delete", "crd", "--ignore-not-found", *(f"dynamo{kind}deployments.nvidia.com" for kind in KINDS))
    return Doctor(pulumi)


# Before deploying


def test_before_deploying_it_tells_that_everything_is_there(doctor: Doctor) -> None:
    said = doctor(columns=120)

    assert said.code == 0, said.out
    same_as_expected("doctor-before.txt", said.out)


KINDS = ("graph", "component")
NODES = {"gpu": "H200", "nodes": 2, "gpusPerNode": 8, "interconnect": "infiniband"}
POOL = {"nodeSelector": {"pool": "moe"}}
LUSTRE = {"size": "1Ti", "storageClass": "lustre"}
GROVE_IS_THERE = {"version": "0.6.0", "charts": "sim/charts", "grove": "existing"}


@pytest.mark.parametrize(
    ("name", "config", "check", "key"),
    [
        ("no-platform", {"platform": {"version": "0.6.0", "install": False}}, "api operator", "platform.install"),
        ("no-grove", {"layout": "lab-16gpu-multinode", "platform": GROVE_IS_THERE}, "multi-node", "platform.grove"),
        ("no-such-class", {"modelCache": LUSTRE}, "storage-class", "modelCache.storageClass"),
        ("too-few-gpus", {"layout": "lab-32gpu", "hardware": NODES | {"nodes": 4}}, "placement", "layout"),
        ("another-gpu", {"hardware": NODES | {"gpu": "B200"}}, "product", "hardware.gpu"),
        ("no-such-label", {"hardware": NODES | POOL}, "placement", "hardware.nodeSelector"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_before_deploying_it_names_the_key_that_does_not_fit_the_cluster(
    doctor: Doctor, name: str, config: dict[str, object], check: str, key: str
) -> None:
    stack = yaml.safe_load((doctor.pulumi.folder / "Pulumi.sim.yaml").read_text())
    stack["config"] |= {f"dynamo-wideep:{key}": value for key, value in config.items()}
    (doctor.pulumi.folder / f"Pulumi.{name}.yaml").write_text(yaml.safe_dump(stack))

    doctor.tells(name, dict.fromkeys(check.split(), key), stack=name)


# Deployed


@pytest.fixture(scope="module")
def deployed(doctor: Doctor) -> Iterator[Doctor]:
    doctor.pulumi("up", "--yes", "--skip-preview")
    yield doctor
    doctor.pulumi("destroy", "--yes", "--skip-preview")


@pytest.fixture
def mended(deployed: Doctor) -> Iterator[Doctor]:
    """The graph, which is well again after the test."""
    yield deployed
    deployed.fault("clear")
    deployed.restart("prefill", "decode")
    deployed.is_content()


def test_a_healthy_graph_is_told_as_such(deployed: Doctor) -> None:
    deployed.is_content()
    said = until(lambda: deployed(columns=120).out, lambda said: "The frontend lists" in said)

    same_as_expected("doctor-healthy.txt", re.sub(r"(?m)(?<=: )gpu-\d (prefill|decode), .*", "NODES", said))


def test_its_json_is_for_scripts(deployed: Doctor) -> None:
    said = deployed("--output", "json")
    answer = said.json

    assert (said.code, said.err) == (0, "")
    assert answer["holds"] is True
    assert (answer["namespace"], answer["graph"]) == (NAMESPACE, GRAPH)
    assert [node["node"] for node in answer["nodes"]] == ["gpu-0", "gpu-1"]
    assert {each["check"] for each in answer["findings"]} >= {
        "placement",
        "model-cache",
        "operator",
        "graph",
        "frontend",
    }


BOTH = ("prefill", "decode")


@pytest.mark.parametrize(
    ("faults", "keys", "restarted"),
    [
        (["operator-down"], {"operator": ""}, BOTH),
        (["etcd-down"], {"operator": ""}, BOTH),
        (["webhook-down"], {"graph": ""}, BOTH),
        (["quota"], {"quota": "layout", "refused": "layout"}, BOTH),
        (["node-down --on DECODE"], {"node": "hardware.nodes"}, ()),
        (["node-cordoned --on gpu-0", "node-cordoned --on gpu-1"], {"placement": "hardware"}, ("decode",)),
        (["image-lost"], {"image": "image.tag"}, BOTH),
        (["out-of-memory --on *decode*"], {"memory": "layout.decode.memFractionStatic"}, BOTH),
        (["argument-refused --on *prefill*"], {"arguments": "image.gitRef"}, BOTH),
        (["nccl-fails --on *decode*"], {"communication": "hardware.nodeSelector"}, BOTH),
        (["nvshmem-fails --on *decode*"], {"communication": "layout.decode.moeA2aBackend"}, BOTH),
        (["never-registers"], {"frontend": ""}, BOTH),
    ],
    ids=lambda value: value[0].split()[0] if isinstance(value, list) else "",
)
def test_it_names_the_cause_and_the_key(
    mended: Doctor, faults: list[str], keys: dict[str, str], restarted: tuple[str, ...]
) -> None:
    node = mended.kubectl("get", "pods", "-l", DECODE, "-o", "jsonpath={.items[0].spec.nodeName}")
    for fault in faults:
        mended.fault(*fault.replace("DECODE", node).split())
    mended.restart(*restarted)

    mended.tells(faults[0].split()[0], keys)


def test_a_graph_that_was_edited_by_hand_is_told_with_what_differs(mended: Doctor) -> None:
    def patch(replicas: int) -> None:
        value = [{"op": "replace", "path": "/spec/services/Frontend/replicas", "value": replicas}]
        mended.kubectl("patch", "dgd", GRAPH, "--type", "json", "-p", json.dumps(value))

    patch(2)
    try:
        mended.tells("edited-by-hand", {"drift": ""})
    finally:
        patch(1)


def test_a_release_that_an_interrupted_helm_has_left_is_told(mended: Doctor) -> None:
    record = mended.kubectl("get", "secret", "-l", "owner=helm,name=dynamo-platform", "-o", "name").split()[-1]
    mended.kubectl("label", "--overwrite", record, "status=pending-upgrade")
    try:
        mended.tells("pending-release", {"release": ""})
    finally:
        mended.kubectl("label", "--overwrite", record, "status=deployed")


@pytest.mark.parametrize(
    ("fault", "key"), [("model-gated", "hfToken"), ("token-refused", "hfToken"), ("volume-full", "modelCache.size")]
)
def test_a_download_that_fails_is_told_by_its_log(mended: Doctor, fault: str, key: str) -> None:
    job = json.loads(mended.kubectl("get", "job", "deepseek-r1-model-download", "-o", "json"))
    metadata = {key: job["metadata"][key] for key in ("name", "annotations")}  # it stays this stack's, by its mark
    anew = {key: job[key] for key in ("apiVersion", "kind")} | {"metadata": metadata}
    file = mended.pulumi.folder / "job.json"
    file.write_text(json.dumps({**anew, "spec": {"template": {"spec": job["spec"]["template"]["spec"]}}}))

    mended.fault(fault)
    mended.kubectl("replace", "--force", "-f", str(file))
    try:
        mended.tells(fault, {"download": key})
    finally:
        mended.fault("clear")
        mended.kubectl("replace", "--force", "-f", str(file))
