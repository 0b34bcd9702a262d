"""A cluster on which the lab was done by hand becomes a stack's: nothing that is there is made anew."""

from __future__ import annotations

import json
import os
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

from sim import paths
from sim.env import environment
from sim.state import Cluster
from tests.sim.pulumi import Pulumi
from tests.support.project import copy_project

pytestmark = pytest.mark.cluster

NAMESPACE = "dynamo-workshop"
CLAIM = {
    "apiVersion": "v1",
    "kind": "PersistentVolumeClaim",
    "metadata": {"name": "model-cache-pvc", "namespace": NAMESPACE},
    "spec": {"accessModes": ["ReadWriteMany"], "resources": {"requests": {"storage": "1Ti"}}},
}


@pytest.fixture(scope="module")
def stack(cluster: Cluster, tmp_path_factory: pytest.TempPathFactory) -> Pulumi:
    folder = copy_project(tmp_path_factory.mktemp("project"))
    return Pulumi(cluster, folder, "sim").create()


def wideep(stack: Pulumi, *words: str) -> str:
    env = os.environ | environment(stack.cluster) | {"PYTHONPATH": str(paths.PROJECT)}
    command = [sys.executable, "-m", "ops.cli", *words, "--stack", stack.stack]
    done = subprocess.run(command, cwd=stack.folder, env=env, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


def by_hand(stack: Pulumi) -> None:
    """The lab's commands: CRDs, platform, token, volume, graph."""
    plan = json.loads(wideep(stack, "plan", "--output", "json"))
    env = os.environ | environment(stack.cluster)
    files = {"values.json": plan["platform"]["values"], "graph.json": plan["manifests"][0], "claim.json": CLAIM}
    for name, content in files.items():
        (stack.folder / name).write_text(json.dumps(content))
    for line in (
        "helm upgrade --install dynamo-crds sim/charts/dynamo-crds -n default",
        f"kubectl create namespace {NAMESPACE}",
        f"kubectl -n {NAMESPACE} create secret generic mpi-run-ssh-secret --from-literal=private.key=none",
        f"kubectl -n {NAMESPACE} create secret generic hf-token-secret --from-literal=HF_TOKEN=hf_none",
        "kubectl apply -f claim.json",
        f"helm install dynamo-platform sim/charts/dynamo-platform -n {NAMESPACE} -f values.json --wait",
        "kubectl apply -f graph.json",
    ):
        subprocess.run(shlex.split(line), cwd=stack.folder, env=env, check=True, capture_output=True, timeout=120)


def identities(stack: Pulumi) -> str:
    """What would be another one if it were made anew."""
    return stack.kubectl("-n", NAMESPACE, "get", "dgd,pvc,ns", "-o", "custom-columns=:.metadata.name,:.metadata.uid")


def test_what_was_made_by_hand_is_taken_over_and_stays_what_it_is(stack: Pulumi) -> None:
    by_hand(stack)
    before = identities(stack)

    told = json.loads(wideep(stack, "adopt", "--write", "adopt.json", "--output", "json"))
    for command in told["keys"]:
        stack(*shlex.split(command)[1:])
    answer = json.loads(wideep(stack, "adopt", "--write", "adopt.json", "--output", "json"))
    stack("import", *shlex.split(answer["command"])[4:])
    stack("up", "--yes", "--skip-preview")

    assert told["keys"][0] == "pulumi config set --path modelCache.existingClaim model-cache-pvc"
    assert answer["keys"] == []
    assert set(answer["adopted"]) == {
        f"Namespace {NAMESPACE}",
        "Release default/dynamo-crds",
        f"Release {NAMESPACE}/dynamo-platform",
        f"Secret {NAMESPACE}/mpi-run-ssh-secret",
        f"DynamoGraphDeployment {NAMESPACE}/deepseek-r1-wideep",
    }
    assert Path(stack.folder / answer["file"]).is_file()
    assert identities(stack) == before
    preview = stack("preview")
    assert " to update" not in preview
    assert " to replace" not in preview
    assert " to create" not in preview
    stack("destroy", "--yes", "--skip-preview")
