"""An object that is there when it is about to be made: this stack's own goes first, one of somebody else stays."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pulumi
import pulumi_kubernetes as k8s
import pytest

from components.lifecycle.unrecorded import TakenError, refuse_taken, remake_unfinished
from tests.support.api import api_server
from tests.support.engine import PROJECT, run
from tests.support.plans import plan_of
from tests.support.site import Site

NS = "dynamo-workshop"
OURS = {"dynamo-wideep/stack": "organization/dynamo-wideep/test"}
OBJECTS = {
    "kubernetes:core/v1:Secret": ("/api/v1", "secrets", "hf-token-secret", "hfTokenSecret: hf-token-secret"),
    "kubernetes:core/v1:Service": ("/api/v1", "services", "s", "another `namespace`"),
    "kubernetes:core/v1:PersistentVolumeClaim": (
        "/api/v1",
        "persistentvolumeclaims",
        "weights",
        "modelCache.existingClaim: weights",
    ),
    "kubernetes:batch/v1:Job": ("/apis/batch/v1", "jobs", "j", "another `namespace`"),
    "kubernetes:networking.k8s.io/v1:Ingress": ("/apis/networking.k8s.io/v1", "ingresses", "i", "another `namespace`"),
    "kubernetes:networking.k8s.io/v1:NetworkPolicy": (
        "/apis/networking.k8s.io/v1",
        "networkpolicies",
        "p",
        "access.networkPolicies: false",
    ),
    "kubernetes:nvidia.com/v1alpha1:DynamoGraphDeployment": (
        "/apis/nvidia.com/v1alpha1",
        "dynamographdeployments",
        "g",
        "another `name`",
    ),
}


@pytest.fixture
def cluster(tmp_path: Path) -> Iterator[tuple[Site, Path]]:
    with api_server(tmp_path) as found:
        yield found


def _refuse(cluster: tuple[Site, Path], kind: str, annotations: dict[str, str] | None) -> None:
    site, kubeconfig = cluster
    root, plural, name, _ = OBJECTS[kind]
    metadata: dict[str, Any] = {"name": name, "namespace": NS}
    if annotations is not None:
        body = {"metadata": metadata | {"annotations": annotations}}
        site.says(f"{root}/namespaces/{NS}/{plural}/{name}", 200, body, Content_Type="application/json")

    def program() -> None:
        pulumi.runtime.set_all_config({f"{PROJECT}:namespace": NS, "kubernetes:kubeconfig": str(kubeconfig)})
        refuse_taken(kind, {"metadata": metadata}, plan_of())

    run(program)


@pytest.mark.parametrize("kind", OBJECTS)
def test_one_of_somebody_else_is_not_written_over_and_the_message_says_how_it_is_used(
    cluster: tuple[Site, Path], kind: str
) -> None:
    with pytest.raises(TakenError) as refused:
        _refuse(cluster, kind, {"dynamo-wideep/stack": "organization/dynamo-wideep/another"})
    said = str(refused.value)
    assert "already exists" in said
    assert "this stack did not make it" in said
    assert OBJECTS[kind][3] in said


@pytest.mark.parametrize("annotations", [None, OURS], ids=["none", "this stack's"])
@pytest.mark.parametrize("kind", OBJECTS)
def test_none_and_one_of_this_stack_stop_nothing(
    cluster: tuple[Site, Path], kind: str, annotations: dict[str, str] | None
) -> None:
    _refuse(cluster, kind, annotations)


def test_the_cluster_is_asked_once_about_an_object_that_is_made(
    cluster: tuple[Site, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    site, kubeconfig = cluster
    config = {f"{PROJECT}:namespace": NS, "kubernetes:kubeconfig": str(kubeconfig)}
    monkeypatch.setenv("PULUMI_CONFIG", json.dumps(config))

    def program() -> None:
        pulumi.runtime.set_all_config(config)
        remake_unfinished(plan_of())
        k8s.core.v1.Secret("token", metadata={"name": "hf-token-secret", "namespace": NS})

    run(program)

    assert [path for path, _ in site.asked] == [f"/api/v1/namespaces/{NS}/secrets/hf-token-secret"]
