"""The whole program, hooks and marks included, in every mode of the config: each kind of resource that it makes or only
reads, in a preview and in an `up`."""

from __future__ import annotations

import json
import re
import runpy
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pulumi
import pytest
import yaml

from tests.support.api import api_server, listed, namespace
from tests.support.engine import DIGEST, PROJECT, Engine, run
from tests.support.plans import ROOT, config_of
from tests.support.site import Site

NAMESPACE = "dynamo-workshop"
STACK = "organization/dynamo-wideep/test"
BUILT = {"source": "build", "repository": "127.0.0.1:1/dynamo", "tag": "1"}
TAGGED = {"source": "existing", "reference": "127.0.0.1:1/dynamo:1"}
LOGIN = {"registry": {"username": "robot", "password": "SyntheticPassword"}}
WAYS = {"service": {"type": "LoadBalancer"}, "ingress": {"host": "chat.example.com", "className": "nginx"}}
FOUR_NODES = {"gpu": "H200", "nodes": 4, "gpusPerNode": 8, "interconnect": "infiniband"}
SEVERAL_PODS = {"hardware": FOUR_NODES, "layout": "lab-16gpu-multinode"}
SECRET = {"hfToken": None, "hfTokenSecret": "mine"}
MODES: dict[str, dict[str, Any]] = {
    "as the sim stack": {},
    "image: built, with a login": {"image": BUILT | LOGIN},
    "image: existing": {"image": TAGGED},
    "image: existing, by digest": {"image": {"source": "existing", "reference": f"127.0.0.1:1/dynamo@{DIGEST}"}},
    "image: existing, resolved": {"image": TAGGED | {"resolveDigest": True}},
    "image: existing, with a login": {"image": TAGGED | LOGIN},
    "image: existing, with a Secret": {"image": TAGGED | {"pullSecret": "mine"}},
    "token: a Secret that exists": SECRET,
    "token: none": {"hfToken": None, "modelCache": {"size": "1Ti", "anonymous": True}},
    "weights: a claim that exists": {"modelCache": {"size": "1Ti", "existingClaim": "mine"}},
    "weights: on each node": {"modelCache": {"size": "1Ti", "hostPath": "/models"}},
    "weights: kept": {"modelCache": {"size": "1Ti", "retain": True}},
    "weights: protected": {"modelCache": {"size": "1Ti", "protect": True}},
    "weights: there already": {"modelCache": {"size": "1Ti", "download": False}},
    "platform: there already": {"platform": {"install": False}},
    "platform: there already, with a Secret that exists": {"platform": {"install": False}, **SECRET},
    "platform: there already, several pods": {"platform": {"install": False}, **SEVERAL_PODS},
    "platform: NVIDIA's charts": {"platform": {}},
    "platform: charts of a repository": {"platform": {"charts": "https://127.0.0.1:1/charts"}},
    "platform: charts of a registry": {"platform": {"charts": "oci://127.0.0.1:1/charts"}},
    "platform: charts of a folder": {"platform": {"charts": "sim/charts"}},
    "platform: a key that exists": {"platform": {"sshKeySecret": "mine"}},
    "platform: of this namespace only": {"platform": {"namespaceRestriction": True}},
    "platform: with Grove": {"platform": {}, **SEVERAL_PODS},
    "platform: Grove exists": {"platform": {"grove": "existing"}, **SEVERAL_PODS},
    "frontend: in from outside": {"frontend": {"replicas": 2, **WAYS}, "access": {"allowFrom": ["10.0.0.0/8"]}},
    "access: open": {"access": {"networkPolicies": False}},
    "access: from somewhere": {"access": {"allowFrom": ["10.0.0.0/8"]}},
    "monitoring: installed": {"monitoring": {"enabled": True, "storage": "10Gi"}},
    "monitoring: there already": {
        "monitoring": {"enabled": True, "install": False, "namespace": "kps", "selectorLabels": {"release": "kps"}}
    },
    "teardown: unasked": {"teardown": {"evenIfShared": True}},
}
IN_OTHERS = ("as the sim stack", *(mode for mode in MODES if mode.startswith(("weights", "token", "platform: there"))))
"""Tried in a namespace of somebody else too."""
MADE = {
    "batch/v1:Job",
    "core/v1:ConfigMap",
    "core/v1:Namespace",
    "core/v1:PersistentVolumeClaim",
    "core/v1:Secret",
    "core/v1:Service",
    "helm.sh/v3:Release",
    "monitoring.coreos.com/v1:PodMonitor",
    "monitoring.coreos.com/v1:PrometheusRule",
    "networking.k8s.io/v1:Ingress",
    "networking.k8s.io/v1:NetworkPolicy",
    "nvidia.com/v1alpha1:DynamoGraphDeployment",
}
READ = {"apiextensions.k8s.io/v1:CustomResourceDefinition", "core/v1:Namespace"}


@pytest.fixture(scope="module")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Site, Path]]:
    """An API server that has Grove and a default storage class, and of the stack nothing."""
    with api_server(tmp_path_factory.mktemp("kube")) as (site, kubeconfig):
        names = {"grove.io": "v1alpha1", "monitoring.coreos.com": "v1"}
        groups = [
            {"name": name, "versions": [{"groupVersion": f"{name}/{version}", "version": version}]}
            for name, version in names.items()
        ]
        site.says("/apis/", 200, {"kind": "APIGroupList", "apiVersion": "v1", "groups": groups})
        default = {"name": "fast", "annotations": {"storageclass.kubernetes.io/is-default-class": "true"}}
        classes = listed({"metadata": default, "provisioner": "p"})
        site.says("/apis/storage.k8s.io/v1/storageclasses", 200, classes, Content_Type="application/json")
        yield site, kubeconfig


def _run(
    monkeypatch: pytest.MonkeyPatch,
    cluster: tuple[Site, Path],
    there: dict[str, Any] | None,
    preview: bool,
    **mode: Any,
) -> Engine:
    """Runs `__main__` as the engine does; ``there``: the namespace on the cluster."""
    site, kubeconfig = cluster
    config = config_of("sim", **mode)
    path = f"/api/v1/namespaces/{config['namespace']}"
    site.answers.pop(path, None)
    if there is not None:
        site.says(path, 200, there, Content_Type="application/json")
    texts = {f"{PROJECT}:{key}": each if isinstance(each, str) else json.dumps(each) for key, each in config.items()}
    texts["kubernetes:kubeconfig"] = str(kubeconfig)
    monkeypatch.setenv("PULUMI_CONFIG", json.dumps(texts))
    monkeypatch.chdir(ROOT)

    def program() -> None:
        secret = ["hfToken", *(["image"] if "registry" in config["image"] else [])]
        pulumi.runtime.set_all_config(texts, [f"{PROJECT}:{key}" for key in secret])
        runpy.run_path(str(ROOT / "__main__.py"), run_name="__main__")

    return run(program, preview=preview)


def _kubernetes(types: Any) -> set[str]:
    return {each.removeprefix("kubernetes:") for each in types if each.startswith("kubernetes:")}


@pytest.mark.parametrize("preview", [True, False], ids=["preview", "up"])
@pytest.mark.parametrize(("mode", "others"), [*((m, False) for m in MODES), *((m, True) for m in IN_OTHERS)])
def test_every_mode_is_made_and_what_is_made_carries_its_mark_and_what_is_read_does_not(
    monkeypatch: pytest.MonkeyPatch,
    cluster: tuple[Site, Path],
    mode: str,
    others: bool,
    preview: bool,
) -> None:
    engine = _run(monkeypatch, cluster, namespace(NAMESPACE) if others else None, preview, **MODES[mode])

    assert ("namespace-existing" in engine.reads, "namespace-namespace" in engine.resources) == (others, not others)
    installs = MODES[mode].get("platform", {}).get("install", True)
    assert ("platform-crd" in engine.reads, "platform-platform" in engine.resources) == (not installs, installs)
    for each in engine.resources.values():
        if each.type.startswith("kubernetes:") and "helm.sh" not in each.type:
            notes = each.inputs["metadata"]["annotations"]
            assert (notes["dynamo-wideep/stack"], notes["pulumi.com/patchForce"]) == (STACK, "true")
    assert engine.resources["graph-graph"].inputs["metadata"]["namespace"] == NAMESPACE


def test_the_modes_have_each_kind_that_the_program_can_make_or_read(
    monkeypatch: pytest.MonkeyPatch, cluster: tuple[Site, Path]
) -> None:
    wide = {**SEVERAL_PODS, "frontend": WAYS, "access": {"allowFrom": ["10.0.0.0/8"]}, "image": BUILT | LOGIN}
    wide["monitoring"] = {"enabled": True}
    made = _run(monkeypatch, cluster, None, False, **wide)
    found = _run(monkeypatch, cluster, namespace(NAMESPACE), False, platform={"install": False})
    assert _kubernetes(made.types().values()) == MADE
    assert _kubernetes(kind for kind, _ in found.reads.values()) == READ
    source = "\n".join(file.read_text(encoding="utf-8") for file in (ROOT / "components").glob("*.py"))
    assert len(set(re.findall(r"(?:Namespace|CustomResourceDefinition)\.get\(", source))) == len(READ)


@pytest.mark.parametrize(
    ("case", "expected"),
    [
        ("g01-second-graph-on-shared-platform", {"platform-crd", "namespace-existing"}),
        ("g02-namespace-that-exists", {"namespace-existing"}),
    ],
)
def test_the_cases_of_the_field(
    monkeypatch: pytest.MonkeyPatch,
    cluster: tuple[Site, Path],
    reference: Path,
    case: str,
    expected: set[str],
) -> None:
    written = yaml.safe_load((reference / "cases" / f"{case}.yaml").read_text(encoding="utf-8"))["config"]
    own = {key.removeprefix(f"{PROJECT}:"): value for key, value in written.items() if key.startswith(PROJECT)}
    nothing_else = dict.fromkeys(config_of("sim"), None)
    for preview in (True, False):
        engine = _run(monkeypatch, cluster, namespace(own["namespace"]), preview, **nothing_else | own)
        assert set(engine.reads) == expected
        assert engine.resources["graph-graph"].inputs["metadata"]["namespace"] == own["namespace"]
