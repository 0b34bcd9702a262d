"""What `wideep adopt` makes of a cluster's objects: a state that says what is there, and commands for the rest."""

from __future__ import annotations

import base64
import gzip
import json
import shlex
import stat
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from pulumi.runtime.rpc import _special_secret_sig, _special_sig_key  # pyright: ignore[reportPrivateUsage]

from tests.support.configs import settings
from tests.support.plans import ROOT
from wideep.errors import WideepError
from wideep.settings import Settings
from wideep_cli.adopt.command import adopt
from wideep_cli.adopt.keys import version_keys
from wideep_cli.adopt.preview import Wanted, wanted_resources
from wideep_cli.adopt.resources import Adoption, adoption
from wideep_cli.adopt.state import release_entry
from wideep_cli.errors import CallError
from wideep_cluster.kinds import Kind
from wideep_cluster.listing import Listing

GRAPH = "kubernetes:nvidia.com/v1alpha1:DynamoGraphDeployment"
POLICY = "kubernetes:networking.k8s.io/v1:NetworkPolicy"
WAIT = "pulumi-python:dynamic/dynamo-wideep:"
RELEASE = "kubernetes:helm.sh/v3:Release"
SECRET = "kubernetes:core/v1:Secret"
BUILT = {"source": "build", "repository": "r.example.com/d", "tag": "1", "builder": "big", "pullSecret": "pull"}
Json = dict[str, Any]


class Cluster:
    """Objects by their paths."""

    def __init__(self, *objects: Json) -> None:
        self.objects = {self._path(each): each for each in objects}

    @staticmethod
    def _path(live: Mapping[str, Any]) -> str:
        place = {"DynamoGraphDeployment": "/apis/nvidia.com/v1alpha1/namespaces/{}/dynamographdeployments/{}"}
        path = place.get(live["kind"], "/api/v1/namespaces/{}/" + f"{live['kind'].lower()}s" + "/{}")
        return path.format(live["metadata"]["namespace"], live["metadata"]["name"])

    def find(self, kind: Kind[Any], name: str, namespace: str | None = None) -> Any:
        body = self.objects.get(kind.path(namespace, name))
        return kind.model.model_validate(body) if body else None

    def list(self, kind: Kind[Any], namespace: str | None = None, *, labels: str = "") -> Any:
        wanted = dict(pair.split("=") for pair in labels.split(","))
        there = [each for path, each in self.objects.items() if path.startswith(kind.path(namespace))]
        found = [each for each in there if wanted.items() <= each["metadata"].get("labels", {}).items()]
        return Listing(tuple(kind.model.model_validate(each) for each in found), "1")


def wanted(type_: str, name: str, component: bool = False, /, **inputs: Any) -> Wanted:
    return Wanted({"type": type_, "name": name, "component": component, "parent": "p"}, inputs)


def a_graph(*, annotations: Mapping[str, str] | None = None, **main: Any) -> Json:
    return {
        "apiVersion": "nvidia.com/v1alpha1",
        "kind": "DynamoGraphDeployment",
        "metadata": {"name": "g", "namespace": "lab", "annotations": dict(annotations or {})},
        "spec": {"services": {"decode": {"replicas": 1, "extraPodSpec": {"mainContainer": main}}}},
    }


def adopted(*resources: Wanted, cluster: Cluster, config: Settings | None = None) -> Adoption:
    return adoption(config or settings(image=BUILT), resources, cluster)  # pyright: ignore[reportArgumentType]


def the_graph(asked: Json, live: Json) -> Adoption:
    inputs = {key: asked[key] for key in ("apiVersion", "kind", "metadata", "spec")}
    return adopted(wanted(GRAPH, "graph-graph", **inputs), cluster=Cluster(live))


def test_the_state_has_the_programs_fields_with_the_clusters_values() -> None:
    live = a_graph(image="i", args=["a", "b"], tty=True)
    live["metadata"] |= {"uid": "u", "resourceVersion": "7"}
    found = the_graph(a_graph(image="j", args=["a"]), live)

    (entry,) = found.resources
    assert (entry["id"], found.ids) == ("lab/g", ["DynamoGraphDeployment lab/g"])
    container = entry["inputs"]["spec"]["services"]["decode"]["extraPodSpec"]["mainContainer"]
    assert container == {"image": "i", "args": ["a", "b"]}
    assert entry["inputs"]["metadata"] == {"name": "g", "namespace": "lab", "annotations": {}}
    assert entry["outputs"]["__inputs"] == entry["inputs"]
    assert entry["outputs"]["metadata"]["uid"] == "u"


def test_what_the_provider_keeps_of_a_releases_inputs_is_a_secret() -> None:
    """It ends with a panic at the next preview where that is none."""
    asked = wanted("kubernetes:helm.sh/v3:Release", "platform-platform", chart="c", values={"a": 1})
    chart = {"metadata": {"name": "c", "version": "1"}}
    record = {"name": "c", "namespace": "lab", "version": 3, "info": {"status": "deployed"}, "config": {"b": 2}}
    kept = release_entry(asked, {**record, "chart": chart})["outputs"]["__inputs"]
    assert (kept[_special_sig_key], json.loads(kept["plaintext"])["values"]) == (_special_secret_sig, {"b": 2})


def test_the_stacks_notes_to_itself_are_in_the_state_and_their_commands_are_told() -> None:
    notes = {"pulumi.com/waitFor": "condition=Ready", "dynamo-wideep/stack": "o/p/s", "theirs": "asked"}
    found = the_graph(a_graph(annotations=notes), a_graph(annotations={"theirs": "there", "more": "x"}))

    annotations = found.resources[0]["inputs"]["metadata"]["annotations"]
    assert annotations == {"pulumi.com/waitFor": "condition=Ready", "dynamo-wideep/stack": "o/p/s", "theirs": "there"}
    assert found.notes == [
        "kubectl annotate --overwrite -n lab dynamographdeployments.nvidia.com g "
        "pulumi.com/waitFor=condition=Ready dynamo-wideep/stack=o/p/s"
    ]


def test_a_release_is_taken_over_with_its_own_values_and_version() -> None:
    record = {
        "name": "r",
        "namespace": "lab",
        "version": 3,
        "info": {"status": "deployed"},
        "chart": {"metadata": {"name": "c", "version": "0.5.0"}},
        "config": {"a": 1},
    }
    packed = base64.b64encode(base64.b64encode(gzip.compress(json.dumps(record).encode()))).decode()
    records = [
        {
            "kind": "Secret",
            "metadata": {"name": f"sh.helm.release.v1.r.v{n}", "namespace": "lab", "labels": labels},
            "data": {"release": packed},
        }
        for n in (9, 10)
        for labels in [{"owner": "helm", "name": "r", "status": "deployed"}]
    ]
    release = wanted(RELEASE, "platform-platform", name="r", namespace="lab", values={"a": 2}, version="0.6.0")
    (entry,) = adopted(release, cluster=Cluster(*records)).resources

    assert (entry["id"], entry["inputs"]["values"], entry["inputs"]["version"]) == ("lab/r", {"a": 1}, "0.5.0")
    assert entry["outputs"]["status"]["revision"] == 3


def test_what_looks_at_a_graph_is_taken_over_with_it() -> None:
    live = a_graph(image="i")
    live["metadata"] |= {"uid": "u", "generation": 4}
    ready = wanted(f"{WAIT}GraphReady", "graph-ready", __provider="p", namespace="lab", graph="g", revision="?")
    found = adopted(
        wanted("x:index:Drain", "drain", True), wanted(GRAPH, "graph-graph", **live), ready, cluster=Cluster(live)
    )

    assert [entry["name"] for entry in found.resources] == ["drain", "graph-graph", "graph-ready"]
    entry = found.resources[-1]
    assert (entry["id"], entry["outputs"]) == ("lab/g", {**ready.inputs, "revision": "u/4"})
    assert entry["inputs"] == entry["outputs"]


def test_without_a_graph_what_looks_at_it_is_left() -> None:
    drain = wanted(f"{WAIT}GraphDrain", "drain-graph", namespace="lab", graph="g")
    found = adopted(wanted(GRAPH, "graph-graph", **a_graph()), drain, cluster=Cluster())
    assert found.resources == []
    assert found.left == ["drain-graph: it is not on the cluster", "graph-graph: it is not on the cluster"]


def test_what_is_not_there_is_left_with_the_reason() -> None:
    seed = wanted("random:index/randomPassword:RandomPassword", "platform-mpi-seed")
    job = wanted("kubernetes:batch/v1:Job", "download-job", metadata={"name": "j", "namespace": "lab"})
    found = adopted(seed, job, cluster=Cluster())
    assert found.left == ["download-job: it is not on the cluster", "platform-mpi-seed: its value is drawn anew"]
    assert found.resources == []


def test_secrets_are_used_and_not_read() -> None:
    token = wanted(SECRET, "token-secret", metadata={"name": "hf", "namespace": "lab"})
    key = wanted(SECRET, "platform-mpi-secret", metadata={"name": "mpi", "namespace": "lab"})
    there = [{"kind": "Secret", "metadata": {"name": name, "namespace": "lab"}} for name in ("hf", "mpi")]
    found = adopted(token, key, cluster=Cluster(*there))
    assert found.keys == [
        "pulumi config set --path --plaintext platform.sshKeySecret mpi",
        "pulumi config set --plaintext hfTokenSecret hf",
        "pulumi config rm hfToken",
    ]
    assert (found.resources, found.left) == ([], [])


def test_of_a_graph_that_runs_nothing_is_built_downloaded_or_closed_off() -> None:
    live = a_graph(image="r.example.com/d:lab", args=["--model-path", "/model-cache/r1", "--tp-size", "8"])
    place = {"name": "n", "namespace": "lab"}
    found = adopted(
        wanted(GRAPH, "graph-graph", **live),
        wanted("docker-build:index:Image", "image-build"),
        wanted("kubernetes:batch/v1:Job", "download-job", metadata=place),
        wanted(POLICY, "policies-workers", metadata=place),
        cluster=Cluster(live),
    )
    assert found.keys == [
        "pulumi config set --path image.source existing",
        "pulumi config set --path image.reference r.example.com/d:lab",
        "pulumi config rm --path image.builder",
        "pulumi config rm --path image.repository",
        "pulumi config rm --path image.tag",
        "pulumi config set --path modelCache.path r1",
        "pulumi config set --path modelCache.download false",
        "pulumi config set --path access.networkPolicies false",
    ]


@pytest.mark.parametrize("odd", ["r.example.com/d:1;id", "/model-cache/$(id)", "r.example.com/d 1"])
def test_words_of_the_cluster_are_quoted_in_what_is_to_be_pasted(odd: str) -> None:
    live = a_graph(image=odd, args=["--model-path", f"/model-cache/{odd}"])
    found = adopted(wanted(GRAPH, "graph-graph", **live), cluster=Cluster(live))
    said = [shlex.split(each) for each in found.keys]
    assert ["pulumi", "config", "set", "--path", "image.reference", odd] in said
    assert ["pulumi", "config", "set", "--path", "modelCache.path", odd.strip("/")] in said


def _pulumi(folder: Path, monkeypatch: pytest.MonkeyPatch, script: str) -> None:
    tool = folder / "pulumi"
    tool.write_text(f"#!/bin/sh\n{script}\n")
    tool.chmod(tool.stat().st_mode | stat.S_IXUSR)
    monkeypatch.setenv("PATH", str(folder), prepend=":")


def test_the_previews_resources_come_with_their_inputs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    steps = {"steps": [{"newState": {"urn": "urn:pulumi:s::p::a:b:C::n", "type": "a:b:C", "inputs": {"x": 1}}}]}
    (tmp_path / "steps.json").write_text(json.dumps(steps))
    (tmp_path / "file.json").write_text(
        json.dumps({"resources": [{"type": "a:b:C", "name": "nC", "logicalName": "n"}]})
    )
    script = f"""[ "$1" = version ] && echo v3.254.0 && exit
cp {tmp_path}/file.json "$5"; cat {tmp_path}/steps.json"""
    _pulumi(tmp_path, monkeypatch, script)
    (found,) = wanted_resources(tmp_path, "s")
    assert (found.name, found.inputs) == ("n", {"x": 1})


def test_an_older_pulumi_is_refused_with_what_it_lacks(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    _pulumi(tmp_path, monkeypatch, "echo v3.253.0")
    with pytest.raises(CallError, match=r"Pulumi v3\.253\.0 takes no state from an import file: that needs 3\.254"):
        wanted_resources(tmp_path, "s")


def test_a_preview_that_fails_is_told_with_its_last_lines(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    _pulumi(
        tmp_path, monkeypatch, '[ "$1" = version ] && echo v3.254.0 && exit; echo said; echo error: why >&2; exit 1'
    )
    with pytest.raises(WideepError, match=r"`pulumi preview --stack s` fails:\n  said\n  error: why"):
        wanted_resources(tmp_path, "s")


def test_what_to_type_is_told_in_the_order_in_which_it_is_typed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    asked = a_graph(annotations={"dynamo-wideep/stack": "o/p/sim"})
    claim = wanted("kubernetes:core/v1:PersistentVolumeClaim", "cache-claim", metadata=asked["metadata"])
    seed = wanted("random:index/randomPassword:RandomPassword", "platform-mpi-seed")
    there = Cluster(a_graph(), {"kind": "PersistentVolumeClaim", "metadata": {"name": "g", "namespace": "lab"}})
    monkeypatch.setattr(
        "wideep_cli.adopt.preview.wanted_resources", lambda *_: [wanted(GRAPH, "graph-graph", **asked), claim, seed]
    )
    monkeypatch.setattr("wideep_cli.connection.connect", lambda *_: there)
    monkeypatch.chdir(ROOT)
    file = tmp_path / "adopt.json"

    adopt(stack="sim", write=file)

    assert capsys.readouterr().out.splitlines() == [
        "The cluster has what the stack would make, or runs without it. Use what exists, then run this again:",
        "  pulumi config set --path modelCache.existingClaim g --stack sim",
        f"{file} imports 1 of the stack's resources, which the cluster has:",
        "  DynamoGraphDeployment lab/g",
        "`pulumi up` makes the others:",
        "  platform-mpi-seed: its value is drawn anew",
        "Then:",
        f"  pulumi import --stack sim --file {file} --yes --protect=false --generate-code=false",
        "  kubectl annotate --overwrite -n lab dynamographdeployments.nvidia.com g dynamo-wideep/stack=o/p/sim",
        "  pulumi preview --stack sim --refresh --diff",
    ]
    assert [entry["name"] for entry in json.loads(file.read_text())["resources"]] == ["graph-graph"]


NEW_GRAPH = "kubernetes:nvidia.com/v1beta1:DynamoGraphDeployment"


def test_a_graph_of_v1beta1_is_taken_over_with_its_image_and_its_weights() -> None:
    main = {"name": "main", "image": "r/d:1", "args": ["--model-path", "/model-cache/mine"]}
    part = {"name": "decode", "type": "decode", "replicas": 1, "podTemplate": {"spec": {"containers": [main]}}}
    live = {
        "apiVersion": "nvidia.com/v1beta1",
        "kind": "DynamoGraphDeployment",
        "metadata": {"name": "g", "namespace": "lab", "uid": "u", "generation": 1},
        "spec": {"components": [part]},
    }
    cluster = Cluster(live)
    cluster.objects = {"/apis/nvidia.com/v1beta1/namespaces/lab/dynamographdeployments/g": live}
    inputs = {key: live[key] for key in ("apiVersion", "kind", "metadata", "spec")}
    found = adopted(wanted(NEW_GRAPH, "graph-graph", **inputs), cluster=cluster)
    assert found.ids == ["DynamoGraphDeployment lab/g"]
    assert "pulumi config set --path image.reference r/d:1" in found.keys


def test_a_platform_of_another_release_is_written_into_the_config_first() -> None:
    chart = {"metadata": {"name": "dynamo-platform", "version": "0.9.1"}}
    record = {"chart": chart}
    assert list(version_keys(settings(image=BUILT), record)) == ["pulumi config set --path platform.version 0.9.1"]
    same = {"chart": {"metadata": {"version": settings(image=BUILT).platform.version}}}
    assert list(version_keys(settings(image=BUILT), same)) == []
