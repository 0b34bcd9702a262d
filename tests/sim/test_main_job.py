"""The main job, end to end on the simulated cluster: preview, up, chat, nothing to do, destroy, nothing left."""

import json
import shlex
from collections.abc import Iterator
from pathlib import Path

import pytest

from sim.chat import port_forward
from sim.state import Cluster
from tests.sim.pulumi import Pulumi
from tests.support.process import env_on, run

pytestmark = pytest.mark.cluster

PREVIEW, UP = "preview", "up"


@pytest.fixture(scope="module")
def stack(cluster: Cluster, tmp_path_factory: pytest.TempPathFactory) -> Pulumi:
    return Pulumi.new(cluster, tmp_path_factory.mktemp("project"), "sim")


@pytest.fixture(scope="module")
def said(stack: Pulumi) -> Iterator[dict[str, str]]:
    """The stack is up; what preview and up printed."""
    printed = {PREVIEW: stack("preview", "--diff", "--save-plan", "plan.json")}
    printed[UP] = stack("up", "--yes", "--skip-preview")
    yield printed
    if stack.outputs():
        stack("destroy", "--yes", "--skip-preview")


@pytest.fixture(scope="module")
def token(stack: Pulumi, said: dict[str, str]) -> str:
    return stack("config", "get", "hfToken").strip()


def test_a_chat_completion_comes_back_in_words(stack: Pulumi, said: dict[str, str]) -> None:
    answer = stack.answer()

    assert stack.outputs()["model"] in answer
    assert len(answer.split()) > 10


def test_the_commands_that_up_prints_work_when_pasted(stack: Pulumi, said: dict[str, str]) -> None:
    outputs = stack.outputs()
    env = env_on(stack.cluster)
    namespace, service = outputs["namespace"], outputs["frontendService"]
    assert shlex.split(outputs["portForward"])[-2:] == [f"svc/{service}", "8000:8000"]

    with port_forward(namespace, service, env) as port:  # port 8000 may be another program's on this machine
        command = outputs["curl"].replace("localhost:8000", f"127.0.0.1:{port}")
        answer = run(*shlex.split(command), env=env, seconds=60).json

    assert answer["model"] == outputs["model"]
    assert answer["choices"][0]["finish_reason"] == "stop"
    assert answer["choices"][0]["message"]["content"].strip()


def test_the_image_is_real_and_the_graph_runs_its_digest(stack: Pulumi, said: dict[str, str]) -> None:
    outputs = stack.outputs()
    digest = outputs["image"].partition("@")[2]
    image = f"{stack.cluster.registry}/dynamo-wideep@{digest}"

    manifest = run(stack.cluster.tools["crane"], "manifest", "--insecure", image, env=env_on(stack.cluster)).json
    graph = json.loads(stack.kubectl("get", "dgd", "-A", "-o", "json"))["items"][0]

    assert manifest["layers"]
    images = {service["extraPodSpec"]["mainContainer"]["image"] for service in graph["spec"]["services"].values()}
    assert images == {outputs["image"]}


def test_a_second_up_and_a_second_preview_have_nothing_to_do(stack: Pulumi, said: dict[str, str]) -> None:
    stack("preview", "--expect-no-changes")
    stack("up", "--yes", "--skip-preview", "--expect-no-changes")


def test_the_tokens_value_is_nowhere_in_clear(stack: Pulumi, said: dict[str, str], token: str) -> None:
    assert token.startswith("hf_")
    seen = {
        **said,
        "outputs": json.dumps(stack.outputs()),
        "state": stack("stack", "export"),
        "plan": (stack.folder / "plan.json").read_text(),
        "events": stack.kubectl("get", "events", "-A", "-o", "json"),
        "pods": stack.kubectl("get", "pods,jobs,dgd,dcd", "-A", "-o", "json"),
    }
    for folder in (stack.cluster.logs, stack.cluster.pulumi_state, stack.cluster.agent_dir):
        seen |= {str(file): file.read_text(errors="replace") for file in folder.rglob("*") if file.is_file()}

    assert [place for place, text in seen.items() if token in text] == []
    assert "[secret]" in said[PREVIEW]


def test_the_operators_key_is_nowhere_in_clear(stack: Pulumi, said: dict[str, str]) -> None:
    named = "metadata.name=mpi-run-ssh-secret"
    secret = json.loads(stack.kubectl("get", "secret", "-A", f"--field-selector={named}", "-o", "json"))["items"][0]
    shown = json.loads(stack("stack", "export", "--show-secrets"))["deployment"]["resources"]
    seed = next(resource["outputs"]["result"] for resource in shown if "RandomPassword" in resource["type"])

    state = stack("stack", "export")

    assert secret["data"]["private.key"] not in state
    assert json.loads(seed["plaintext"]) not in state


def test_destroy_leaves_nothing_in_the_cluster_but_the_crds(stack: Pulumi, said: dict[str, str]) -> None:
    namespace = stack.outputs()["namespace"]

    stack("destroy", "--yes", "--skip-preview")

    assert stack.kubectl("get", "namespace", namespace, "--ignore-not-found", "-o", "name") == ""
    assert stack.kubectl("get", "dgd,dcd,pods,pvc", "-A", "-o", "name") == ""
    assert stack.kubectl("get", "crd", "-o", "name").count("nvidia.com") == 2
    assert json.loads(stack("stack", "export"))["deployment"].get("resources", []) == []


@pytest.mark.parametrize(
    ("name", "changed"),
    [
        ("dev", {"platform.charts": "sim/charts"}),
        ("prod", {"platform.charts": "sim/charts/1.6.1", "image.resolveDigest": "false"}),
    ],
)
def test_dev_and_prod_preview_on_an_empty_cluster(
    cluster: Cluster, tmp_path: Path, name: str, changed: dict[str, str]
) -> None:
    stack = Pulumi.new(cluster, tmp_path, name)
    stack("config", "set", "--secret", "hfToken", given="hf_standin")
    for key, value in {**changed, "modelCache.storageClass": "kwok-volume"}.items():
        stack("config", "set", "--path", key, value)

    printed = stack("preview", "--diff")

    assert "to create" in printed
    assert "hf_standin" not in printed
    assert "error:" not in printed


def test_a_config_that_cannot_run_fails_the_preview_with_all_its_mistakes_and_no_traceback(
    cluster: Cluster, tmp_path: Path
) -> None:
    stack = Pulumi.new(cluster, tmp_path, "dev")
    stack("config", "set", "layout", "lab-32gpus")
    stack("config", "set", "colour", "green")
    stack("config", "rm", "model")

    printed = stack("preview", fails=True)

    for words in ("model", "this key is missing", "lab-32gpu", "colour", "there is no such key", "hfToken"):
        assert words in printed
    assert "Traceback" not in printed
    assert stack.kubectl("get", "namespace", "dynamo-dev", "--ignore-not-found", "-o", "name") == ""
