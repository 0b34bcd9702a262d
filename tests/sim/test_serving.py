"""Behind a graph's frontend Service stands the real Dynamo frontend, and workers that answer in words."""

from __future__ import annotations

import json
import signal
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from urllib.error import HTTPError
from urllib.request import Request, urlopen

import psutil
import pytest

from sim.chat import port_forward
from sim.operator.contract import Manifest
from sim.state import Cluster
from tests.support.platform import Platform, a_graph, installed
from tests.support.process import env_on

pytestmark = pytest.mark.cluster

MODEL = "deepseek-ai/DeepSeek-R1"


@pytest.fixture(scope="module")
def platform(cluster: Cluster) -> Iterator[Platform]:
    with installed(cluster, "serving") as there:
        there.apply(a_graph(engine="sglang"))
        there.wait_for_state("successful")
        yield there
        there.delete_graphs()


@contextmanager
def frontend(platform: Platform) -> Iterator[str]:
    """The frontend's address while the block runs, through `kubectl port-forward`."""
    env = env_on(platform.cluster)
    with port_forward(platform.namespace, "sgl-frontend", env) as port:
        yield f"http://127.0.0.1:{port}"


def get(url: str, body: Manifest | None = None) -> str:
    request = Request(url, json.dumps(body).encode() if body else None, {"Content-Type": "application/json"})  # noqa: S310
    with urlopen(request, timeout=30) as response:  # noqa: S310
        return response.read().decode()


def chat(url: str, question: str, **more: object) -> Manifest:
    body = {"model": MODEL, "messages": [{"role": "user", "content": question}], **more}
    return json.loads(get(f"{url}/v1/chat/completions", body))


def test_a_chat_completion_is_answered_in_words_with_all_their_spaces(platform: Platform) -> None:
    with frontend(platform) as url:
        choice = chat(url, "Explain MoE models in one sentence", max_tokens=100)["choices"][0]
    assert choice["finish_reason"] == "stop"
    assert choice["message"]["content"] == (
        f"This is the simulated cluster speaking for {MODEL} (graph sgl, decode 1 \u00d7 TP8 EP8, "
        "prefill 1 \u00d7 TP8 EP8). Mixture-of-Experts models activate only a few experts for each token, so a model "
        "with hundreds of billions of parameters costs the compute of a much smaller one."
    )


def test_any_text_comes_back_as_it_went_in(platform: Platform) -> None:
    question = "Was hei\u00dft \u00e9tage, (42) {x: 1} & \u201cso on\u201d? #5 ~ @home"
    with frontend(platform) as url:
        said = chat(url, question)["choices"][0]["message"]["content"]
    assert said.endswith(f"\u201c{question}\u201d")


def test_an_answer_ends_after_max_tokens(platform: Platform) -> None:
    with frontend(platform) as url:
        choice = chat(url, "Explain MoE", max_tokens=5)["choices"][0]
    assert choice["finish_reason"] == "length"
    assert choice["message"]["content"] == "This is the simulated cluster"


def test_a_stream_brings_the_same_words_token_by_token(platform: Platform) -> None:
    body = {"model": MODEL, "messages": [{"role": "user", "content": "EPLB"}], "stream": True}
    with frontend(platform) as url:
        whole = chat(url, "EPLB")["choices"][0]["message"]["content"]
        lines = get(f"{url}/v1/chat/completions", body).splitlines()
    chunks = [json.loads(line[6:]) for line in lines if line.startswith("data: {")]
    assert lines[-1] == "data: [DONE]" or "data: [DONE]" in lines
    assert len(chunks) > 20
    assert "".join(chunk["choices"][0]["delta"]["content"] or "" for chunk in chunks) == whole


def test_health_names_prefill_and_decode_and_models_the_served_name(platform: Platform) -> None:
    with frontend(platform) as url:
        health, models = json.loads(get(f"{url}/health")), json.loads(get(f"{url}/v1/models"))
        metrics = get(f"{url}/metrics")
    assert sorted(health["endpoints"]) == [
        "dyn://serving-dynamo-sgl.backend.generate",
        "dyn://serving-dynamo-sgl.prefill.generate",
    ]
    assert len(health["instances"]) == 2
    assert [one["id"] for one in models["data"]] == [MODEL]
    assert "dynamo_frontend_requests_total" in metrics


def test_logs_of_a_worker_are_those_of_its_engine(platform: Platform) -> None:
    said = platform.kubectl("logs", "-l", "nvidia.com/dynamo-sub-component-type=prefill", "--tail=-1")
    assert "disaggregation_mode='prefill'" in said
    assert "The server is fired up and ready to roll!" in said
    assert "EPLBManager" not in said


def processes(cluster: Cluster, word: str) -> list[psutil.Process]:
    """The agent's Dynamo processes whose command line holds a word."""
    agent = psutil.Process(cluster.processes["agent"].pid)
    return [one for one in agent.children() if word in command_line(one)]


def command_line(process: psutil.Process) -> list[str]:
    """Nothing for one that has just ended."""
    try:
        return process.cmdline()
    except (psutil.NoSuchProcess, psutil.ZombieProcess):
        return []


def kill_decode(cluster: Cluster) -> None:
    (worker,) = [one for one in processes(cluster, "decode") if "serving-dynamo-sgl" in command_line(one)]
    worker.send_signal(signal.SIGKILL)


def test_a_worker_that_is_killed_is_restarted_and_counted(platform: Platform, cluster: Cluster) -> None:
    def restarts() -> int:
        (live,) = platform.pods_of("decode")
        return live["status"]["containerStatuses"][0]["restartCount"]

    before = restarts()
    kill_decode(cluster)
    platform.wait(lambda: restarts() == before + 1, "one more restart")
    platform.wait(lambda: len(platform.ready_pods("decode")) == 1, "decode ready again")


def answers_steadily(url: str) -> bool:
    """Every worker that is listed answers: none of an earlier test's is among them any more."""
    try:
        return all(chat(url, "MoE") for _ in range(4))
    except HTTPError:
        return False


def test_calls_to_a_dead_worker_fail_until_its_lease_ends(platform: Platform, cluster: Cluster) -> None:
    """As with the real one, "no responders": what a smoke test has to survive."""
    answers: list[int] = []
    with frontend(platform) as url:
        platform.wait(lambda: answers_steadily(url), "an answer from every worker")
        kill_decode(cluster)
        until = time.monotonic() + 60
        while answers[-4:] != [200] * 4 and time.monotonic() < until:
            try:
                chat(url, "MoE")
            except HTTPError as error:
                answers.append(error.code)
                time.sleep(0.5)
            else:
                answers.append(200)
    assert answers[0] == 500
    assert answers[-4:] == [200] * 4


def told(platform: Platform) -> list[str]:
    """Whose logs and ports the kubelet knows."""
    return [file.stem for file in (platform.cluster.pods_dir / platform.namespace).glob("*.json")]


def test_the_processes_end_with_their_pods(platform: Platform, cluster: Cluster) -> None:
    assert processes(cluster, "serving-dynamo-sgl")
    platform.delete_graphs()
    platform.wait(lambda: not processes(cluster, "serving-dynamo-sgl"), "no process left of the graph")
    platform.wait(lambda: not told(platform), "no log or port of the graph told to the kubelet")


def test_a_child_ends_when_its_parent_is_gone(cluster: Cluster) -> None:
    command = [str(cluster.tools["dynamo"]), "sim/serving/child.py", "-m", "http.server", "0", "--bind", "127.0.0.1"]
    child = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    time.sleep(0.5)
    assert child.poll() is None
    assert child.stdin
    child.stdin.close()
    assert child.wait(timeout=5) == 1
