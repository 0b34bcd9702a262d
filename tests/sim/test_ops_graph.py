"""The commands that look at a graph, on the simulated cluster: healthy, then with what goes wrong on most days."""

from __future__ import annotations

import json
import signal
import time
from collections.abc import Iterator

import pexpect
import psutil
import pytest

from sim.state import Cluster
from tests.sim.pulumi import Pulumi
from tests.support.project import copy_project
from tests.support.wideep import Wideep, steady

pytestmark = pytest.mark.cluster

NAMESPACE = "dynamo-workshop"
OPERATOR = "deployment/dynamo-platform-dynamo-operator-controller-manager"
DECODE = "nvidia.com/dynamo-sub-component-type=decode"

STATUS = """\
deepseek-ai/DeepSeek-R1 · lab-16gpu-singlenode · 16 × H200 on 2 nodes
graph deepseek-r1-wideep in dynamo-workshop: ready, 3 of 3 pods ready. All services serve.

pod         node   GPUs  restarts  state  waits for
frontend-0  gpu-N     –         0  ready
prefill-0   gpu-N     8         0  ready
decode-0    gpu-N     8         0  ready

operator  dynamo-platform-dynamo-operator-controller-manager 0.6.0 runs
download  complete
frontend  1 prefill and 1 decode workers registered; it serves deepseek-ai/DeepSeek-R1
requests  N answered, N in flight
"""
NETWORK = """\
pod        node   RDMA ports                        reaches      NCCL uses
prefill-0  gpu-N  8 × 400 Gbit/s InfiniBand Active  1 of 1 pods  (not in the log)
decode-0   gpu-N  8 × 400 Gbit/s InfiniBand Active  1 of 1 pods  (not in the log)

Nothing is wrong with what can be seen.
"""
SMOKE = """\
This is the simulated cluster speaking for deepseek-ai/DeepSeek-R1 (graph deepseek-r1-wideep, decode 1 × TP8 DP8 EP8, \
prefill 1 × TP8 EP8). Mixture-of-Experts models activate only a few experts for each token, so a model with hundreds \
of billions of parameters costs the compute of a much smaller one.

deepseek-ai/DeepSeek-R1: 20 tokens in, 80 out, finish reason stop; first token after N s, all after N s, N tokens/s.
It works.
"""
EPLB = """\
decode-0: EPLB off, 0 redundant experts, 32 slots on each of 8 EP ranks
  cannot be told: The engine writes how even its load is only with --enable-expert-distribution-metrics.
    layout.decode.extraArgs: ["--enable-expert-distribution-metrics"]   costs a reduction of counters a forward pass
"""


@pytest.fixture(scope="module")
def stack(cluster: Cluster, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Pulumi]:
    """The sim stack, deployed: one graph for all tests here."""
    pulumi = Pulumi(cluster, copy_project(tmp_path_factory.mktemp("project")), "sim").create()
    pulumi("up", "--yes", "--skip-preview")
    yield pulumi
    pulumi("destroy", "--yes", "--skip-preview")


@pytest.fixture(scope="module")
def wideep(stack: Pulumi) -> Wideep:
    return Wideep(stack.cluster, stack.folder, stack.stack)


def pod_of(stack: Pulumi, labels: str) -> str:
    """The name of the one pod with these labels."""
    return stack.kubectl("get", "pods", "-n", NAMESPACE, "-l", labels, "-o", "name").split("/")[-1].strip()


def test_status_shows_pods_operator_download_and_frontend(wideep: Wideep) -> None:
    said = wideep("status")

    assert steady(said.out) == STATUS
    assert said.code == 0
    assert said.err == ""


def test_status_as_json_has_the_same(wideep: Wideep) -> None:
    body = wideep("status", "--output", "json").json

    assert (body["state"], body["pods_ready"], body["pods_expected"]) == ("ready", 3, 3)
    assert [(pod["place"], pod["gpus"], pod["phase"]) for pod in body["pods"]] == [
        ("frontend-0", 0, "ready"),
        ("prefill-0", 8, "ready"),
        ("decode-0", 8, "ready"),
    ]
    assert body["frontend"]["workers"] == {"prefill": 1, "decode": 1}
    assert body["frontend"]["models"] == ["deepseek-ai/DeepSeek-R1"]
    assert body["not_seen"] == []


def test_smoke_prints_the_answer_and_says_that_it_works(wideep: Wideep) -> None:
    said = wideep("smoke")

    assert steady(said.out) == SMOKE
    assert said.code == 0


def test_smoke_as_json_counts_the_tokens_that_it_asked_for(wideep: Wideep) -> None:
    body = wideep("smoke", "--max-tokens", "5", "-o", "json").json

    assert body["holds"] is True
    assert (body["finish_reason"], body["tokens"], body["pieces"]) == ("length", 5, 5)
    assert body["text"] == "This is the simulated cluster"


def test_logs_are_by_role_with_their_place(wideep: Wideep) -> None:
    said = wideep("logs", "--role", "decode", "--grep", "fired up")

    assert said.out == "decode-0 │ The server is fired up and ready to roll!\n"
    assert said.code == 0


def test_logs_of_all_pods_as_json_are_in_order(wideep: Wideep) -> None:
    lines = wideep("logs", "--tail", "20", "-o", "json").json["lines"]

    assert {line["place"] for line in lines} == {"frontend-0", "prefill-0", "decode-0"}
    assert [line["time"] for line in lines] == sorted(line["time"] for line in lines)


def test_logs_that_match_nothing_end_with_1(wideep: Wideep) -> None:
    said = wideep("logs", "--grep", "EPLB initialized")

    assert (said.code, said.out) == (1, "")


def test_gpus_hold_what_the_plan_predicts(wideep: Wideep) -> None:
    said = wideep("gpus")
    body = wideep("gpus", "--role", "decode", "-o", "json").json

    assert said.code == 0
    assert said.out.splitlines()[-1] == "All 16 GPUs hold what the plan predicts, evenly."
    assert [gpu["index"] for gpu in body["gpus"]] == list(range(8))
    assert {(gpu["used_gb"], gpu["predicted_gb"], gpu["total_gb"]) for gpu in body["gpus"]} == {(142.1, 142.1, 150.109)}


def test_a_gpu_that_idles_among_busy_ones_is_named(wideep: Wideep, stack: Pulumi) -> None:
    pod = pod_of(stack, DECODE)
    stack.kubectl("annotate", "pod", "-n", NAMESPACE, pod, "sim.dynamo-wideep/gpu-utilization=91,90,90,7,92,90,91,90")
    said = wideep("gpus", "--role", "decode")
    stack.kubectl("annotate", "pod", "-n", NAMESPACE, pod, "sim.dynamo-wideep/gpu-utilization-")

    assert said.code == 1
    assert "decode-0: utilization is uneven, decode-0 GPU 3 7 % and 90 % in the middle." in " ".join(said.out.split())


def test_eplb_says_what_it_cannot_tell_and_which_flag_would_let_it(wideep: Wideep) -> None:
    said = wideep("eplb", "--role", "decode")

    assert (said.code, said.out) == (0, EPLB)


def test_a_record_says_that_the_worker_of_this_release_offers_none(wideep: Wideep) -> None:
    said = wideep("eplb", "record", "--role", "decode", "--seconds", "1")

    assert (said.code, said.out) == (1, "")
    assert "decode-0 offers no recording: nothing answers on SGLang's port 30000" in said.err
    assert "layout.decode.eplb.enabled: true" in said.err


def test_network_has_devices_and_reach(wideep: Wideep) -> None:
    said = wideep("network")
    body = wideep("network", "--role", "prefill", "-o", "json").json

    assert steady(said.out) == NETWORK
    assert body["holds"] is True
    assert {port["device"] for port in body["pods"][0]["rdma_ports"]} == {f"mlx5_{number}" for number in range(8)}


def test_smoke_survives_a_dead_worker_that_is_still_listed(wideep: Wideep, stack: Pulumi) -> None:
    """A killed worker stays listed until its lease ends; its container starts another one at once."""
    killed = [
        process
        for process in psutil.process_iter(["cmdline", "environ"])
        if "decode" in (process.info["cmdline"] or [])
        and stack.cluster.etcd_endpoint == (process.info["environ"] or {}).get("ETCD_ENDPOINTS")
    ]
    assert len(killed) == 1
    killed[0].send_signal(signal.SIGKILL)

    said = wideep("smoke", "--timeout", "60")

    assert said.code == 0, said.out + said.err
    assert said.out.endswith("It works.\n")


def test_an_operator_that_is_scaled_to_nothing_is_told(wideep: Wideep, stack: Pulumi) -> None:
    stack.kubectl("scale", "-n", NAMESPACE, OPERATOR, "--replicas=0")
    stack.kubectl("rollout", "status", "-n", NAMESPACE, OPERATOR, "--timeout=30s")
    said = wideep("status")
    stack.kubectl("scale", "-n", NAMESPACE, OPERATOR, "--replicas=1")
    stack.kubectl("rollout", "status", "-n", NAMESPACE, OPERATOR, "--timeout=30s")

    assert "controller-manager 0.6.0 does not run: no pod of it is ready" in " ".join(said.out.split())


def test_without_room_for_a_worker_status_says_what_the_scheduler_says_and_the_watch_ends_when_it_serves(
    wideep: Wideep, stack: Pulumi
) -> None:
    nodes = stack.kubectl("get", "nodes", "-l", "nvidia.com/gpu.present=true", "-o", "name").split()
    stack.kubectl("cordon", *nodes)
    stack.kubectl("delete", "pod", "-n", NAMESPACE, "-l", DECODE)
    try:
        waiting = wideep("status")
        unanswered = wideep("smoke", "--timeout", "1")
        watch = pexpect.spawn(
            wideep.command("status", "--watch")[0],
            wideep.command("status", "--watch")[1:],
            cwd=str(wideep.folder),
            env=wideep.env | {"TERM": "xterm", "COLUMNS": "140"},
            encoding="utf-8",
            timeout=60,
            dimensions=(40, 140),
        )
        watch.expect("unscheduled")
    finally:
        stack.kubectl("uncordon", *nodes)
    watch.expect("All services serve")
    watch.expect(pexpect.EOF)
    watch.close()

    assert waiting.code == 1
    text = " ".join(waiting.out.split())
    assert "waiting, 2 of 3 pods ready after" in text
    assert "2 node(s) were unschedulable" in text
    assert unanswered.code == 1
    assert "No answer within 1 s. The last reason: No decode worker is registered at the frontend." in unanswered.err
    assert watch.exitstatus == 0


def test_an_image_that_is_not_there_ends_the_watch_with_1_and_the_image(wideep: Wideep, stack: Pulumi) -> None:
    def set_image(image: str) -> None:
        value = {"op": "replace", "path": "/spec/services/decode/extraPodSpec/mainContainer/image", "value": image}
        patch = json.dumps([value])
        stack.kubectl("patch", "dgd", "-n", NAMESPACE, "deepseek-r1-wideep", "--type=json", "-p", patch)

    right = stack.outputs()["image"]
    set_image("registry.sim/dynamo-wideep:no-such-tag")
    until = time.monotonic() + 30
    while "no-such-tag" not in stack.kubectl("get", "pods", "-n", NAMESPACE, "-l", DECODE, "-o", "yaml"):
        assert time.monotonic() < until
        time.sleep(0.3)
    said = wideep("status", "--watch")
    set_image(right)

    assert said.code == 1
    assert "decode-0: ImagePullBackOff: Back-off pulling image" in " ".join(said.out.split())
    assert "no-such-tag" in said.out


def test_without_a_graph_it_says_how_to_get_one(stack: Pulumi, wideep: Wideep) -> None:
    other = wideep.folder / "Pulumi.empty.yaml"
    other.write_text((wideep.folder / "Pulumi.sim.yaml").read_text().replace("dynamo-workshop", "nobody"))
    empty = Wideep(wideep.cluster, wideep.folder, "empty")

    status, logs, gpus = empty("status"), empty("logs"), empty("gpus", "-o", "json")

    assert "There is no graph deepseek-r1-wideep in namespace nobody: `pulumi up`." in " ".join(status.out.split())
    assert "There is no pod of deepseek-r1-wideep in namespace nobody." in logs.err
    assert "No worker of deepseek-r1-wideep runs in namespace nobody." in gpus.json["problems"][0]["rule"]
    assert (status.code, logs.code, gpus.code) == (1, 1, 1)
