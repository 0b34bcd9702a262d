"""A cluster on which the lab was done by hand becomes a stack's: nothing that is there is made anew."""

from __future__ import annotations

import json
import shlex
import tarfile
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest

from sim.sandbox import write_stack
from sim.state import Cluster
from tests.sim.pulumi import Pulumi
from tests.support.wideep import Wideep

pytestmark = [pytest.mark.cluster, pytest.mark.long]

NAMESPACE = "dynamo-workshop"
CLAIM = {
    "apiVersion": "v1",
    "kind": "PersistentVolumeClaim",
    "metadata": {"name": "model-cache-pvc", "namespace": NAMESPACE},
    "spec": {"accessModes": ["ReadWriteMany"], "resources": {"requests": {"storage": "1Ti"}}},
}


UNDO = (
    f"kubectl -n {NAMESPACE} delete dgd --all --ignore-not-found --timeout=60s",
    f"helm uninstall dynamo-platform -n {NAMESPACE} --ignore-not-found --wait",
    "helm uninstall dynamo-crds -n default --ignore-not-found",
    f"kubectl delete namespace {NAMESPACE} --ignore-not-found --timeout=60s",
    "pulumi stack rm sim --force --yes --preserve-config",
)


@pytest.fixture(scope="module")
def stack(cluster: Cluster, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Pulumi]:
    """The sim stack, and a cluster on which it never ran; where a test fails, that is left as it was found."""
    stack = Pulumi.new(cluster, tmp_path_factory.mktemp("project"), "sim")
    yield stack
    for line in UNDO:
        stack.run(*shlex.split(line), fails=None)


def wideep(stack: Pulumi, *words: str) -> str:
    said = Wideep(stack.cluster, stack.folder, stack.stack)(*words)
    assert said.code == 0, said.err
    return said.out


def by_hand(stack: Pulumi) -> None:
    """The lab's commands: image, CRDs, platform, token, volume, graph; no network policies."""
    write_stack(stack.folder, "lab", access={"networkPolicies": False})
    plan = json.loads(wideep(replace(stack, stack="lab"), "plan", "--output", "json"))
    files = {"values.json": plan["platform"]["values"], "graph.json": plan["manifests"][0], "claim.json": CLAIM}
    for name, content in files.items():
        (stack.folder / name).write_text(json.dumps(content))
    with tarfile.open(stack.folder / "layer.tar", "w"):
        pass
    for line in (
        f"crane append --insecure -f layer.tar -t {stack.cluster.registry}/dynamo-wideep:0.6.0",
        "helm upgrade --install dynamo-crds sim/charts/dynamo-crds -n default",
        f"kubectl create namespace {NAMESPACE}",
        f"kubectl -n {NAMESPACE} create secret generic mpi-run-ssh-secret --from-literal=private.key=none",
        f"kubectl -n {NAMESPACE} create secret generic hf-token-secret --from-literal=HF_TOKEN=hf_none",
        "kubectl apply -f claim.json",
        f"helm install dynamo-platform sim/charts/dynamo-platform -n {NAMESPACE} -f values.json --wait",
        "kubectl apply -f graph.json",
        f"kubectl -n {NAMESPACE} wait dgd --all --for=condition=Ready --timeout=180s",
    ):
        stack.run(*shlex.split(line))


def identities(stack: Pulumi) -> str:
    """What would be another one if it were made anew, or changed."""
    columns = "custom-columns=:.metadata.name,:.metadata.uid,:.metadata.generation,:.data"
    return stack.kubectl("-n", NAMESPACE, "get", "dgd,pvc,ns,secrets,deployments,statefulsets", "-o", columns)


def pods(stack: Pulumi) -> str:
    return stack.kubectl("-n", NAMESPACE, "get", "pods", "-o", "name")


@pytest.fixture(scope="module")
def told(stack: Pulumi) -> dict[str, Any]:
    """What `wideep adopt` says at last, when its config commands have been typed."""
    by_hand(stack)
    first = json.loads(wideep(stack, "adopt", "--output", "json"))
    for command in first["keys"]:
        stack(*shlex.split(command)[1:])
    return json.loads(wideep(stack, "adopt", "--output", "json")) | {"first": first["keys"]}


def test_the_stack_is_told_to_use_what_is_there(told: dict[str, Any]) -> None:
    reference = "registry.sim/dynamo-wideep:0.6.0"
    assert told["first"] == [
        "pulumi config set --path modelCache.existingClaim model-cache-pvc",
        "pulumi config set --path --plaintext platform.sshKeySecret mpi-run-ssh-secret",
        "pulumi config set --plaintext hfTokenSecret hf-token-secret",
        "pulumi config rm hfToken",
        "pulumi config set --path image.source existing",
        f"pulumi config set --path image.reference {reference}",
        "pulumi config rm --path image.repository",
        "pulumi config rm --path image.tag",
        "pulumi config set --path modelCache.download false",
        "pulumi config set --path access.networkPolicies false",
    ]
    assert told["keys"] == []
    assert told["left"] == []
    assert set(told["adopted"]) == {
        "Release default/dynamo-crds",
        f"Release {NAMESPACE}/dynamo-platform",
        f"DynamoGraphDeployment {NAMESPACE}/deepseek-r1-wideep",
    }


def test_after_the_printed_lines_nothing_is_to_change_and_nothing_has(stack: Pulumi, told: dict[str, Any]) -> None:
    before = identities(stack), pods(stack)

    stack("import", *shlex.split(told["command"])[4:])
    stack("preview", "--expect-no-changes")
    for note in told["notes"]:
        stack.kubectl(*shlex.split(note)[1:])
    stack("preview", "--expect-no-changes", "--refresh")
    stack("up", "--yes", "--skip-preview", "--expect-no-changes")

    assert (identities(stack), pods(stack)) == before


def test_what_was_taken_over_is_changed_and_destroyed_like_any_other(stack: Pulumi) -> None:
    stack("config", "set", "--path", "workers.env.SGLANG_LOG_LEVEL", "debug")
    stack("up", "--yes", "--skip-preview")
    assert "SGLANG_LOG_LEVEL" in stack.kubectl("-n", NAMESPACE, "get", "dgd", "-o", "yaml")

    stack("destroy", "--yes", "--skip-preview")

    left = stack.kubectl("-n", NAMESPACE, "get", "dgd,pvc,secrets,deployments", "-o", "name").split()
    assert "persistentvolumeclaim/model-cache-pvc" in left
    assert "secret/hf-token-secret" in left
    assert not [each for each in left if "dynamographdeployment" in each or each.startswith("deployment")]
    stack.kubectl("delete", "namespace", NAMESPACE)
