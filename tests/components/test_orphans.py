"""An object that exists when it is about to be made: this stack's orphan goes first, announced by a preview; a graph
that serves and an object of somebody else stay."""

from __future__ import annotations

import base64
import gzip
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pulumi
import pytest

from components.hf_token import HfToken, HfTokenArgs
from components.lifecycle.error_context import ErrorContext
from components.lifecycle.helm_releases import release_note
from components.lifecycle.orphan_hooks import OrphanError, Run, TakenError, clear_the_way
from tests.support.api import api_server, listed, namespace
from tests.support.engine import run
from tests.support.site import Site
from wideep.plan import TokenPlan
from wideep.resource_names import ANY_CLUSTER, CRDS_RELEASE, GRAPH, GRAPH_TYPE, RELEASE_TYPE, SWEEP

NS = "dynamo-workshop"
STACK = "organization/dynamo-wideep/test"
OURS = {"dynamo-wideep/stack": STACK}
THEIRS = {"dynamo-wideep/stack": "organization/dynamo-wideep/another"}
KNOWN: dict[str, Any] = {SWEEP.name: {}}
"""The state of a stack of which an earlier run has begun."""
OBJECTS = {
    "kubernetes:core/v1:Secret": ("/api/v1", "secrets", "hf-token-secret", "hfTokenSecret: hf-token-secret"),
    "kubernetes:core/v1:ConfigMap": ("/api/v1", "configmaps", "c", "another `namespace`"),
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
    "kubernetes:monitoring.coreos.com/v1:PodMonitor": (
        "/apis/monitoring.coreos.com/v1",
        "podmonitors",
        "m",
        "monitoring.enabled: false",
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


@pytest.fixture
def deleted(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The names of what is deleted on the cluster."""
    names: list[str] = []
    delete = "wideep_cluster.client.Cluster.delete"
    monkeypatch.setattr(delete, lambda _, kind, name, *__, **___: names.append(name))
    monkeypatch.setattr("components.lifecycle.orphans.GONE_SECONDS", 0)
    monkeypatch.setattr("components.lifecycle.orphan_hooks.drain", lambda _, name, *__: names.append(name))
    return names


def _clear(
    cluster: tuple[Site, Path],
    kind: str,
    annotations: dict[str, str] | None,
    *,
    known: dict[str, Any] | None = KNOWN,
    preview: bool = False,
    **metadata: Any,
) -> list[str]:
    """Makes an object of which the cluster has one with these annotations, or none; what a preview announces."""
    site, kubeconfig = cluster
    root, plural, name, _ = OBJECTS[kind]
    inputs = {"metadata": {"name": name, "namespace": NS}}
    if annotations is not None:
        body = {"metadata": inputs["metadata"] | {"annotations": annotations} | metadata}
        site.says(f"{root}/namespaces/{NS}/{plural}/{name}", 200, body, Content_Type="application/json")

    def program() -> None:
        pulumi.runtime.set_all_config({"kubernetes:kubeconfig": str(kubeconfig)})
        resource = GRAPH.name if kind == GRAPH_TYPE else "one"
        run_now = Run(STACK, preview, known)
        clear_the_way(kind, resource, inputs, run_now, ErrorContext(use_instead="hfTokenSecret: {name}"))

    return [line for line in run(program, preview=preview).log if "`pulumi up` will" in line]


@pytest.mark.parametrize("preview", [True, False], ids=["preview", "up"])
@pytest.mark.parametrize("kind", OBJECTS)
def test_one_of_somebody_else_is_not_written_over_and_the_message_says_how_it_is_used(
    cluster: tuple[Site, Path], deleted: list[str], kind: str, preview: bool
) -> None:
    with pytest.raises(TakenError) as refused:
        _clear(cluster, kind, THEIRS, preview=preview)
    said = str(refused.value)
    assert "already exists" in said
    assert "not owned by this stack" in said
    assert OBJECTS[kind][3] in said
    assert deleted == []


def test_the_preview_that_adopt_runs_goes_past_objects_of_others(
    cluster: tuple[Site, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(ANY_CLUSTER, "1")
    assert _clear(cluster, GRAPH_TYPE, THEIRS, preview=True) == []


@pytest.mark.parametrize("kind", sorted(set(OBJECTS) - {"kubernetes:core/v1:PersistentVolumeClaim"}))
def test_an_orphan_of_this_stack_goes_first_and_a_preview_only_says_so(
    cluster: tuple[Site, Path], deleted: list[str], kind: str
) -> None:
    cluster[0].says(f"/api/v1/namespaces/{NS}/pods", 200, listed(), Content_Type="application/json")
    name = OBJECTS[kind][2]
    (said,) = _clear(cluster, kind, OURS, preview=True)
    assert deleted == []
    assert f"{kind.rpartition(':')[2]} {name}: orphaned by an interrupted run" in said
    assert "`pulumi up` will first delete and recreate it" in said
    _clear(cluster, kind, OURS)
    assert deleted == [name]


@pytest.mark.parametrize("known", [None, {"one": {}, GRAPH.name: {}}], ids=["unreadable", "known"])
@pytest.mark.parametrize("kind", OBJECTS)
def test_what_the_state_knows_or_may_know_is_never_deleted(
    cluster: tuple[Site, Path], deleted: list[str], kind: str, known: dict[str, Any] | None
) -> None:
    """While it is replaced, the state has it."""
    _clear(cluster, kind, OURS, known=known)
    assert deleted == []


@pytest.mark.parametrize("kind", OBJECTS)
def test_none_stops_nothing(cluster: tuple[Site, Path], deleted: list[str], kind: str) -> None:
    _clear(cluster, kind, None)
    assert deleted == []


def _ready_pod(site: Site, role: str = "decode") -> None:
    labels = {"nvidia.com/dynamo-component-type": role}
    pod = {
        "metadata": {"name": f"{role}-0", "labels": labels},
        "status": {"conditions": [{"type": "Ready", "status": "True"}]},
    }
    site.says(f"/api/v1/namespaces/{NS}/pods", 200, listed(pod), Content_Type="application/json")


def test_a_graph_that_serves_is_never_deleted_and_the_command_takes_it_over(
    cluster: tuple[Site, Path], deleted: list[str]
) -> None:
    _ready_pod(cluster[0])
    (said,) = _clear(cluster, GRAPH_TYPE, OURS, preview=True)
    with pytest.raises(OrphanError) as refused:
        _clear(cluster, GRAPH_TYPE, OURS)
    for text in (said, str(refused.value)):
        assert "pod decode-0 is ready" in text
        assert "wideep adopt --stack test" in text
    assert deleted == []


def test_a_frontend_without_workers_serves_nothing(cluster: tuple[Site, Path], deleted: list[str]) -> None:
    _ready_pod(cluster[0], "frontend")
    _clear(cluster, GRAPH_TYPE, OURS)
    assert deleted == ["g"]


def test_a_graph_whose_pods_may_not_be_seen_is_not_deleted(cluster: tuple[Site, Path], deleted: list[str]) -> None:
    cluster[0].says(f"/api/v1/namespaces/{NS}/pods", 403)
    with pytest.raises(OrphanError, match="cannot be listed"):
        _clear(cluster, GRAPH_TYPE, OURS)
    assert deleted == []


def test_a_graph_that_goes_already_is_left_to_the_wait(cluster: tuple[Site, Path], deleted: list[str]) -> None:
    _ready_pod(cluster[0])
    assert _clear(cluster, GRAPH_TYPE, OURS, deletionTimestamp="2026-11-27T17:00:00Z") == []
    assert deleted == []


def test_a_component_of_any_program_clears_its_own_way(
    cluster: tuple[Site, Path], deleted: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    site, kubeconfig = cluster
    monkeypatch.setenv("PULUMI_CONFIG", json.dumps({"kubernetes:kubeconfig": str(kubeconfig)}))
    root, plural, name, _ = OBJECTS["kubernetes:core/v1:Secret"]
    body = {"metadata": {"name": name, "namespace": NS, "annotations": OURS}}
    site.says(f"{root}/namespaces/{NS}/{plural}/{name}", 200, body, Content_Type="application/json")

    def program() -> None:
        HfToken("mine", HfTokenArgs(NS, TokenPlan(secret=name, key="HF_TOKEN", create=True), "t"))

    made = run(program).resources["mine-secret"]
    assert deleted == [name]
    assert made.inputs["metadata"]["annotations"]["dynamo-wideep/stack"] == STACK


def test_the_cluster_is_asked_once_about_an_object_that_is_made(
    cluster: tuple[Site, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    site, kubeconfig = cluster
    monkeypatch.setenv("PULUMI_CONFIG", json.dumps({"kubernetes:kubeconfig": str(kubeconfig)}))
    token = TokenPlan(secret="hf-token-secret", key="HF_TOKEN", create=True)
    run(lambda: HfToken("token", HfTokenArgs(NS, token, "t")))
    assert [path for path, _ in site.asked] == [f"/api/v1/namespaces/{NS}/secrets/hf-token-secret"]


RECORDS = "/api/v1/namespaces/default/secrets"


def _record(status: str, description: str = "Initial install underway") -> dict[str, Any]:
    packed = gzip.compress(json.dumps({"info": {"description": description}}).encode())
    data = base64.b64encode(base64.b64encode(packed)).decode()
    return {"metadata": {"name": f"r.{status}", "labels": {"status": status}}, "data": {"release": data}}


@pytest.mark.parametrize(
    "case",
    [
        (_record("deployed", release_note(STACK)), [], {}, True),
        (_record("deployed", release_note("another")), [], KNOWN, False),
        (_record("pending-install"), [namespace("n", annotations=OURS)], KNOWN, True),
        (_record("pending-install"), [], {}, False),
        (_record("pending-install"), [namespace("n", annotations=THEIRS)], KNOWN, False),
    ],
    ids=["ours", "another stack's", "pending, begun by us", "pending, not begun", "pending, another stack is there"],
)
def test_helms_record_is_touched_only_where_it_is_this_stacks(
    cluster: tuple[Site, Path],
    deleted: list[str],
    case: tuple[dict[str, Any], list[dict[str, Any]], dict[str, Any], bool],
) -> None:
    site, kubeconfig = cluster
    record, others, known, gone = case
    site.says(RECORDS, 200, listed(record), Content_Type="application/json")
    site.says("/api/v1/namespaces", 200, listed(*others), Content_Type="application/json")

    def program() -> None:
        pulumi.runtime.set_all_config({"kubernetes:kubeconfig": str(kubeconfig)})
        inputs = {"namespace": "default", "name": "dynamo-crds"}
        run_now = Run(STACK, pulumi.runtime.is_dry_run(), known)
        clear_the_way(RELEASE_TYPE, CRDS_RELEASE.name, inputs, run_now, ErrorContext())

    assert any("will first delete its Helm record" in line for line in run(program, preview=True).log) == gone
    assert deleted == []
    run(program)
    assert deleted == ([record["metadata"]["name"]] if gone else [])
