"""The chart stand-ins have the names, values keys, schema and failures of NVIDIA's 0.6.0 charts."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from sim.operator.contract import Manifest
from sim.state import Cluster
from tests.golden.cases import IMAGES, ON_SGLANG, manifest
from tests.support.platform import WORKS_TODAY, Platform, a_graph, installed

pytestmark = [pytest.mark.cluster, pytest.mark.late(1)]

PLATFORM = "sim/charts/dynamo-platform"
CRDS = "sim/charts/dynamo-crds"


@pytest.fixture(scope="module")
def platform(cluster: Cluster) -> Iterator[Platform]:
    with installed(cluster, "charts-contract") as there:
        yield there


@pytest.fixture
def bare(cluster: Cluster) -> Iterator[Platform]:
    """A namespace with nothing in it."""
    there = Platform(cluster, "charts-bare")
    there.run("kubectl", "create", "namespace", there.namespace)
    yield there
    there.run("helm", "uninstall", "fresh", "-n", there.namespace, "--ignore-not-found", "--no-hooks")
    there.run("kubectl", "delete", "namespace", there.namespace, "--timeout=60s")


def render(platform: Platform, chart: str, release: str, namespace: str, *arguments: str) -> list[Manifest]:
    said = platform.run("helm", "template", release, chart, "-n", namespace, "--no-hooks", *arguments).out
    return [one for one in yaml.safe_load_all(said) if one]


def recorded_names(reference: Path, chart: str) -> set[tuple[str, str]]:
    """Kind and name of every object that the real chart installed, as the real provider reported them."""
    for line in (reference / "data" / "provider-calls" / "up-create.jsonl").read_text().splitlines():
        call = json.loads(line)
        inputs = (call.get("request") or {}).get("properties") or {}
        if call["method"] == "Create" and inputs.get("chart", "").startswith(f"charts/{chart}-"):
            names = call["response"]["properties"]["resourceNames"]
            return {
                (kind.split("/")[0].split(".")[0], one.split("/")[-1]) for kind, all_ in names.items() for one in all_
            }
    raise AssertionError(f"no recorded install of {chart}")


@pytest.mark.parametrize(
    ("chart", "release", "namespace"),
    [("dynamo-crds", "dynamo-crds", "default"), ("dynamo-platform", "dynamo-platform", "dw")],
)
def test_a_chart_makes_the_objects_that_the_real_one_makes(
    platform: Platform, reference: Path, chart: str, release: str, namespace: str
) -> None:
    made = render(platform, f"sim/charts/{chart}", release, namespace)
    assert {(one["kind"], one["metadata"]["name"]) for one in made} == recorded_names(reference, chart)


def differences(ours: Any, real: Any, at: str) -> list[str]:
    """Where our schema allows what the real one does not have; our open objects are not looked into."""
    if ours.get("x-kubernetes-preserve-unknown-fields"):
        return []
    wrong = [
        f"{at}.{key}: not in the real schema" for key in ours.get("properties", {}) if key not in real["properties"]
    ]
    if ours.get("type") != real.get("type"):
        wrong.append(f"{at}: {ours.get('type')}, in the real schema {real.get('type')}")
    for key, value in ours.get("properties", {}).items():
        if key in real.get("properties", {}):
            wrong += differences(value, real["properties"][key], f"{at}.{key}")
    for inner in ("items", "additionalProperties"):
        if inner in ours:
            wrong += differences(ours[inner], real[inner], f"{at}[]")
    return wrong


@pytest.mark.parametrize("plural", ["dynamographdeployments", "dynamocomponentdeployments"])
def test_our_schema_has_only_fields_of_the_real_one_with_their_types(
    platform: Platform, reference: Path, plural: str
) -> None:
    real = yaml.safe_load((reference / "data" / "crds" / f"nvidia.com_{plural}.yaml").read_text())
    made = render(platform, CRDS, "dynamo-crds", "default")
    ours = next(one for one in made if one["spec"]["names"]["plural"] == plural)
    assert ours["spec"]["names"] == real["spec"]["names"]
    schemas = [one["spec"]["versions"][0]["schema"]["openAPIV3Schema"] for one in (ours, real)]
    assert differences(schemas[0]["properties"]["spec"], schemas[1]["properties"]["spec"], "spec") == []
    assert differences(schemas[0]["properties"]["status"], schemas[1]["properties"]["status"], "status") == []


def test_uninstalling_the_crds_keeps_them_and_a_new_install_takes_them_over(platform: Platform) -> None:
    assert "were kept" in platform.run("helm", "uninstall", "dynamo-crds", "-n", "default").out
    platform.kubectl("get", "crd", "dynamographdeployments.nvidia.com")
    platform.run("helm", "install", "dynamo-crds", CRDS, "-n", "default")


def test_an_unknown_field_of_a_graph_is_rejected(platform: Platform) -> None:
    graph = a_graph()
    graph["spec"]["services"]["decode"]["replica"] = 2
    said = platform.run(
        "kubectl", "-n", platform.namespace, "create", "-f", "-", given=json.dumps(graph), fails=True
    ).err
    assert 'unknown field "spec.services.decode.replica"' in said


def test_the_graph_of_every_preset_is_accepted(platform: Platform) -> None:
    graphs: list[Any] = [manifest(preset, image) for preset in ON_SGLANG for image in IMAGES]
    for graph in graphs:
        graph["metadata"]["namespace"] = platform.namespace
    said = platform.kubectl(
        "create", "--dry-run=server", "--validate=strict", "-f", "-", given=yaml.safe_dump_all(graphs)
    )
    assert said.count("created (server dry run)") == len(graphs)


@pytest.mark.parametrize(
    ("field", "value", "says"),
    [
        ("multinode", {"nodeCount": 1}, "should be greater than or equal to 2"),
        (
            "resources",
            {"limits": {"gpu": 8}},
            "spec.services.decode.resources.limits.gpu in body must be of type string",
        ),
        ("replicas", "1", "must be of type integer"),
    ],
)
def test_a_wrong_value_of_a_graph_is_rejected(platform: Platform, field: str, value: object, says: str) -> None:
    graph = a_graph()
    graph["spec"]["services"]["decode"][field] = value
    said = platform.run(
        "kubectl", "-n", platform.namespace, "create", "-f", "-", given=json.dumps(graph), fails=True
    ).err
    assert says in said


def test_the_stock_install_fails_in_its_ssh_keygen_hook(bare: Platform) -> None:
    arguments = (PLATFORM, "-n", bare.namespace, "--set=dynamo-operator.namespaceRestriction.enabled=true")
    done = bare.run("helm", "install", "fresh", *arguments, "--timeout=5s", fails=True)
    assert "failed pre-install: 1 error occurred" in done.err or "timed out" in done.err
    (pod,) = bare.find("pods", "batch.kubernetes.io/job-name=fresh-dynamo-operator-ssh-keygen")
    assert pod["status"]["containerStatuses"][0]["state"]["waiting"]["reason"] == "ImagePullBackOff"


def test_without_the_hook_the_stock_operator_waits_for_an_image_that_is_gone(bare: Platform) -> None:
    arguments = (PLATFORM, "-n", bare.namespace, "--set=dynamo-operator.namespaceRestriction.enabled=true")
    bare.run("helm", "install", "fresh", *arguments, WORKS_TODAY[0])

    def reasons() -> set[str]:
        pods = bare.find("pods", "control-plane=controller-manager")
        states = [one["state"] for pod in pods for one in pod["status"].get("containerStatuses", [])]
        return {state["waiting"]["reason"] for state in states if "waiting" in state}

    bare.wait(lambda: reasons() == {"ImagePullBackOff"}, "the operator's pod in ImagePullBackOff")


def test_a_cluster_wide_operator_is_refused_beside_a_restricted_one(platform: Platform, bare: Platform) -> None:
    done = bare.run("helm", "install", "fresh", PLATFORM, "-n", bare.namespace, *WORKS_TODAY, fails=True)
    assert "Found existing namespace-restricted Dynamo operators" in done.err
    assert platform.namespace in done.err


def test_pod_monitors_are_rendered_only_where_their_api_is_served(platform: Platform) -> None:
    without = render(platform, PLATFORM, "dynamo-platform", "dw")
    served = render(platform, PLATFORM, "dynamo-platform", "dw", "--api-versions=monitoring.coreos.com/v1")
    assert not [one for one in without if one["kind"] == "PodMonitor"]
    assert len([one for one in served if one["kind"] == "PodMonitor"]) == 3


def test_a_release_name_that_holds_nats_or_etcd_loses_the_operators_addresses(platform: Platform) -> None:
    made = render(platform, PLATFORM, "my-etcd", "dw")
    services = {one["metadata"]["name"] for one in made if one["kind"] == "Service"}
    (operator,) = [one for one in made if one["kind"] == "Deployment"]
    args = operator["spec"]["template"]["spec"]["containers"][1]["args"]
    assert "--etcdAddr=my-etcd-etcd.dw:2379" in args
    assert "my-etcd" in services
    assert "my-etcd-etcd" not in services
