"""The kubernetes stand-in's rules that need no cluster: diffs, replacements, spelling, readiness."""

import threading
from pathlib import Path
from typing import Any

import pytest
from pulumi.runtime.proto import provider_pb2

from sim.plugins import values
from sim.plugins.kubernetes import annotations, jsonpath, pods, ready, release
from sim.plugins.kubernetes.api import Api
from sim.plugins.kubernetes.checkpoint import INPUTS, checkpoint, normalize, parse, prune, quantity
from sim.plugins.kubernetes.diff import merge_patch, three_way_patch
from sim.plugins.kubernetes.helm import Helm, resource_names
from sim.plugins.kubernetes.kubeconfig import BadKubeconfigError, Connection, connect
from sim.plugins.kubernetes.reading import Comparison, diff
from sim.plugins.server import Engine, PluginError
from sim.plugins.values import UNKNOWN, Secret

Object = dict[str, Any]


def job(**spec: Any) -> Object:
    return {"apiVersion": "batch/v1", "kind": "Job", "metadata": {"name": "j", "namespace": "n"}, "spec": spec}


def compare(old: Object, new: Object, ignored: tuple[str, ...] = (), mutable: frozenset[str] = frozenset()) -> Any:
    """The diff between an object in the state, as its inputs made it, and new inputs."""
    state = checkpoint(old, old, old, old["apiVersion"], "pulumi-kubernetes-00000000")
    return diff(Comparison("urn", None, Engine(None), ignored, mutable), state, new)


def kinds(answer: Any) -> dict[str, str]:
    return {path: provider_pb2.PropertyDiff.Kind.Name(field.kind) for path, field in answer.detailedDiff.items()}


def test_a_changed_added_and_removed_field_are_told_apart() -> None:
    old, new = job(backoffLimit=1, suspend=True), job(backoffLimit=2, ttlSecondsAfterFinished=5)
    assert kinds(compare(old, new)) == {
        "spec.backoffLimit": "UPDATE",
        "spec.suspend": "DELETE",
        "spec.ttlSecondsAfterFinished": "ADD",
    }


def test_a_jobs_template_cannot_change_so_the_job_is_replaced_and_deleted_first() -> None:
    old = job(template={"spec": {"containers": [{"name": "c", "image": "a"}]}})
    answer = compare(old, job(template={"spec": {"containers": [{"name": "c", "image": "b"}]}}))
    assert kinds(answer) == {"spec.template.spec.containers[0].image": "UPDATE_REPLACE"}
    assert answer.deleteBeforeReplace


def test_another_name_is_another_object_and_both_can_be_there() -> None:
    renamed = {**job(), "metadata": {"name": "k", "namespace": "n"}}
    answer = compare(job(), renamed)
    assert kinds(answer) == {"metadata.name": "UPDATE_REPLACE"}
    assert not answer.deleteBeforeReplace


@pytest.mark.parametrize(
    ("mutable", "kind"),
    [(frozenset(), "UPDATE_REPLACE"), (frozenset({"Secret"}), "UPDATE")],
    ids=["default", "mutable"],
)
def test_a_secrets_data_replaces_it_unless_the_provider_may_change_it(mutable: frozenset[str], kind: str) -> None:
    old = {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "s", "namespace": "n"}, "data": {"k": "YQ=="}}
    answer = compare(old, {**old, "data": {"k": "Yg=="}}, mutable=mutable)
    assert kinds(answer) == {"data.k": kind}


def test_an_ignored_path_is_no_change() -> None:
    answer = compare(job(backoffLimit=1), job(backoffLimit=2), ignored=("spec.backoffLimit",))
    assert answer.changes == answer.DIFF_NONE


def test_a_value_known_only_after_the_update_is_a_change() -> None:
    assert kinds(compare(job(backoffLimit=1), job(backoffLimit=UNKNOWN))) == {"spec.backoffLimit": "UPDATE"}


def test_the_default_namespace_may_be_left_out() -> None:
    inside = {**job(), "metadata": {"name": "j", "namespace": "default"}}
    answer = compare(inside, {**job(), "metadata": {"name": "j"}})
    assert answer.changes == answer.DIFF_NONE


def test_what_the_server_added_is_no_change() -> None:
    state = checkpoint(job(), job(parallelism=1), job(), "batch/v1", "m")
    answer = diff(Comparison("urn", None, Engine(None)), state, job())
    assert answer.changes == answer.DIFF_NONE


def test_a_merge_patch_has_only_what_differs() -> None:
    assert merge_patch({"a": 1, "b": {"c": 1, "d": 2}, "e": 1}, {"a": 1, "b": {"c": 2, "d": 2}, "f": True}) == {
        "b": {"c": 2},
        "e": None,
        "f": True,
    }


def test_a_three_way_patch_leaves_alone_what_only_the_state_has() -> None:
    assert three_way_patch({"a": 1, "gone": 1}, {"a": 2}, {"a": 1, "gone": 1, "status": "x"}) == {"a": 2, "gone": None}


@pytest.mark.parametrize(
    ("given", "canonical"),
    [("1024Gi", "1Ti"), ("1Ti", "1Ti"), ("1000m", "1"), ("0.5", "500m"), (8, "8"), ("1.5Gi", "1536Mi"), ("1000k", "1M"),
     ("1e3", "1e3"), ("words", "words"), (True, True)],
)  # fmt: skip
def test_a_quantity_gets_the_spelling_of_the_server(given: Any, canonical: Any) -> None:
    assert quantity(given) == canonical


def test_string_data_becomes_data_in_base64_and_wins_over_it() -> None:
    secret = {"apiVersion": "v1", "kind": "Secret", "data": {"a": "eA=="}, "stringData": {"a": "y", "b": "z"}}
    assert normalize(secret) == {"apiVersion": "v1", "kind": "Secret", "data": {"a": "eQ==", "b": "eg=="}}


def test_a_custom_resource_keeps_its_spelling() -> None:
    graph = {"apiVersion": "nvidia.com/v1alpha1", "kind": "Graph", "spec": {"resources": {"limits": {"gpu": 8}}}}
    assert normalize(graph) == graph


def test_pruning_keeps_the_shape_of_the_inputs() -> None:
    live = {"spec": {"a": 1, "list": [{"x": 1, "y": 2}, {"x": 3}]}, "status": {}}
    assert prune(live, {"spec": {"list": [{"x": 0}]}}) == {"spec": {"list": [{"x": 1}]}}


def test_a_state_gives_back_its_inputs_and_its_object() -> None:
    inputs, live = job(suspend=True), job(suspend=True, parallelism=1)
    state = checkpoint(inputs, live, {**inputs, "spec": Secret(inputs["spec"])}, "batch/v1", "m")
    assert state[INPUTS]["spec"] == Secret({"suspend": True})
    found, kept = parse(state)
    assert (found, kept["spec"]) == (inputs, live["spec"])


def test_a_crds_dashed_fields_have_other_names_in_pulumi() -> None:
    crd = {"apiVersion": "apiextensions.k8s.io/v1", "kind": "X", "spec": {"x-kubernetes-map-type": "atomic"}}
    state = checkpoint(crd, crd, crd, "v", "m")
    assert state["spec"] == {"x_kubernetes_map_type": "atomic"}
    assert parse(state)[1]["spec"] == crd["spec"]


@pytest.mark.parametrize(
    ("policy", "sent"), [("background", "Background"), ("Orphan", "Orphan"), ("", "Foreground"), ("x", "Foreground")]
)
def test_deletion_is_foreground_unless_the_annotation_says_otherwise(policy: str, sent: str) -> None:
    obj = {"metadata": {"annotations": {"pulumi.com/deletionPropagationPolicy": policy}}}
    assert annotations.propagation(obj) == sent


def test_the_resource_option_goes_before_the_annotation_and_that_before_ten_minutes() -> None:
    obj = {"metadata": {"annotations": {"pulumi.com/timeoutSeconds": "30"}}}
    assert [annotations.timeout(5, obj), annotations.timeout(0, obj), annotations.timeout(0, {})] == [5, 30, 600]


NO_API: Any = None


def judged(obj: Object, rule: ready.Rule | None = None, **look: Any) -> ready.Verdict:
    found = rule or ready.rule(obj)
    assert found is not None
    return found.judge(ready.Look(NO_API, obj, **look))


def waiting_for(text: str, status: Object, generation: int = 1) -> ready.Verdict:
    metadata = {"name": "g", "generation": generation, "annotations": {"pulumi.com/waitFor": text}}
    return judged({"metadata": metadata, "status": status}, ready.custom({"metadata": metadata}))


READY = {"conditions": [{"type": "Ready", "status": "True"}], "state": "successful", "replicas": 2}


@pytest.mark.parametrize(
    ("text", "is_ready"),
    [
        ("condition=Ready", True),
        ("condition=ready=true", True),
        ("condition=Ready=False", False),
        ("condition=Other", False),
        ("jsonpath={.status.state}=successful", True),
        ("jsonpath={.status.state}=failed", False),
        ("jsonpath={.status.replicas}=2", True),
        ("jsonpath={.status.missing}", False),
        ('jsonpath={.status.conditions[?(@.type=="Ready")].status}=True', True),
        ('["condition=Ready", "jsonpath={.status.state}=failed"]', False),
        ('["condition=Ready", "jsonpath={.status.state}=successful"]', True),
    ],
)
def test_wait_for_takes_conditions_and_paths_and_lists_of_them(text: str, is_ready: bool) -> None:
    assert waiting_for(text, READY).ready is is_ready


def test_a_condition_of_an_older_generation_does_not_count() -> None:
    assert not waiting_for("condition=Ready", {**READY, "observedGeneration": 1}, generation=2).ready


@pytest.mark.parametrize("text", ["Ready", "[]", "jsonpath=.status.state", "jsonpath={.a b}"])
def test_a_wait_for_that_is_no_expression_is_an_error(text: str) -> None:
    with pytest.raises(jsonpath.BadExpressionError):
        waiting_for(text, READY)


def test_a_job_is_ready_when_complete_and_fails_with_its_reason() -> None:
    running = {**job(), "status": {"startTime": "t", "active": 1}}
    assert judged(running).message == 'Waiting for Job "n/j" to succeed (Active: 1 | Succeeded: 0 | Failed: 0)'
    done = {**job(), "status": {"startTime": "t", "conditions": [{"type": "Complete", "status": "True"}]}}
    assert judged(done).ready
    failed = {"type": "Failed", "status": "True", "reason": "BackoffLimitExceeded", "message": "too often"}
    assert judged({**job(), "status": {"conditions": [failed]}}).failure == "[BackoffLimitExceeded] too often"


def test_a_deployment_is_ready_when_its_new_pods_are() -> None:
    conditions = [
        {"type": "Progressing", "status": "True", "reason": "NewReplicaSetAvailable"},
        {"type": "Available", "status": "True"},
    ]
    status = {"observedGeneration": 2, "updatedReplicas": 2, "readyReplicas": 2, "conditions": conditions}
    live = {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"generation": 2},
        "spec": {"replicas": 2},
        "status": status,
    }
    assert judged(live).ready
    assert not judged({**live, "status": {**status, "observedGeneration": 1}}).ready
    assert not judged({**live, "status": {**status, "updatedReplicas": 1}}).ready


def test_a_service_waits_for_an_endpoint_unless_it_has_no_selector() -> None:
    service = {"apiVersion": "v1", "kind": "Service", "metadata": {}, "spec": {"selector": {"a": "b"}}}
    assert not judged(service).ready
    assert judged(service, slices=[{"endpoints": [{"conditions": {"ready": True}}]}]).ready
    assert judged({**service, "spec": {}}).ready


def test_a_pods_problem_names_the_pod_and_the_containers_end() -> None:
    terminated = {"reason": "Error", "exitCode": 1, "message": "401 Unauthorized"}
    pod = {
        "metadata": {"name": "p", "namespace": "n"},
        "status": {
            "conditions": [
                {"type": "Initialized", "status": "True"},
                {"type": "Ready", "status": "False", "reason": "ContainersNotReady", "message": "unready: [c]"},
            ],
            "containerStatuses": [{"name": "c", "ready": False, "state": {"terminated": terminated}}],
        },
    }
    assert pods.problem(pod) == "[Pod n/p]: unready: [c][Error] 401 Unauthorized"


def test_a_releases_objects_are_told_by_kind() -> None:
    manifest = "kind: Deployment\napiVersion: apps/v1\nmetadata: {name: b, namespace: n}\n---\n---\n"
    manifest += "kind: Secret\napiVersion: v1\nmetadata: {name: s}\n---\n"
    manifest += "kind: Deployment\napiVersion: apps/v1\nmetadata: {name: a}\n"
    assert resource_names(manifest) == {"Deployment.apps/apps/v1": ["a", "n/b"], "Secret/v1": ["s"]}


def test_a_release_with_a_secret_value_keeps_it_secret_in_the_state() -> None:
    inputs = {"name": "r", "values": {"token": Secret("hf_x"), "replicas": 1}}
    state = release.checkpoint(inputs, release.decode(inputs), preview=True)
    assert state["values"] == {"token": Secret("hf_x"), "replicas": 1}
    assert isinstance(state[INPUTS], Secret)
    assert state["status"] is values.UNKNOWN


def test_a_password_for_a_chart_repository_is_refused_not_put_on_a_command_line() -> None:
    inputs = {"name": "r", "chart": "c", "repositoryOpts": {"repo": "https://charts.example.com", "password": "p"}}
    with pytest.raises(PluginError, match=r"repositoryOpts\.password"):
        Helm(None, threading.Event()).chart(release.decode(inputs))


KUBECONFIG = """
current-context: one
contexts: [{name: one, context: {cluster: c, user: u, namespace: team}}, {name: two, context: {cluster: d, user: u}}]
clusters: [{name: c, cluster: {server: "http://127.0.0.1:1"}}, {name: d, cluster: {server: "http://127.0.0.1:2/"}}]
users: [{name: u, user: {token: abc}}]
"""


def test_a_kubeconfig_comes_as_text_or_as_a_path(tmp_path: Path) -> None:
    (tmp_path / "config").write_text(KUBECONFIG)
    from_file = connect(str(tmp_path / "config"))
    from_text = connect(KUBECONFIG, context="two")
    assert (from_file.server, from_file.namespace) == ("http://127.0.0.1:1", "team")
    assert (from_text.server, from_text.namespace) == ("http://127.0.0.1:2", "default")


def test_a_kubeconfig_that_came_as_text_is_a_file_only_while_helm_runs() -> None:
    with connect(KUBECONFIG).file() as path:
        assert (path.read_text(), path.stat().st_mode & 0o077) == (KUBECONFIG, 0)
    assert not path.exists()


@pytest.mark.parametrize(
    ("source", "context", "says"),
    [
        ("/none/here", None, "cannot read"),
        (KUBECONFIG, "three", '"three" does not exist'),
        ("a: [\n", None, "not YAML"),
    ],
)
def test_a_kubeconfig_that_cannot_be_used_says_why(source: str, context: str | None, says: str) -> None:
    with pytest.raises(BadKubeconfigError, match=says):
        connect(source, context=context)


def test_an_api_server_that_does_not_answer_is_named() -> None:
    connection = Connection("http://127.0.0.1:1", "default", "", None, "", {}, None)
    with pytest.raises(Exception, match=r'Get "http://127.0.0.1:1/version": dial tcp 127.0.0.1:1: connect: '):
        Api(connection).call("GET", "/version")
