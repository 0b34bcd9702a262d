"""The commands that look at a graph, on the simulated cluster: healthy, then with what goes wrong on most days."""

from __future__ import annotations

import pytest

from tests.sim.graph import DECODE, NAMESPACE, expected, pod_of
from tests.sim.pulumi import Pulumi
from tests.support.process import kill_decode
from tests.support.wideep import Wideep, steady

pytestmark = pytest.mark.cluster

OPERATOR = "deployment/dynamo-platform-dynamo-operator-controller-manager"


def test_status_shows_pods_operator_download_and_frontend(wideep: Wideep) -> None:
    said = wideep("status")

    assert steady(said.out) == expected("status")
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

    assert steady(said.out) == expected("smoke")
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
    assert said.out.splitlines()[-1] == "All 16 GPUs match the plan's prediction."
    assert [gpu["index"] for gpu in body["gpus"]] == list(range(8))
    assert {(gpu["predicted_gb"], gpu["total_gb"]) for gpu in body["gpus"]} == {(130.032, 150.109)}
    assert all(abs(gpu["used_gb"] - gpu["predicted_gb"]) < 0.01 for gpu in body["gpus"])  # the tool counts whole MiB


def test_a_gpu_that_idles_among_busy_ones_is_named(wideep: Wideep, stack: Pulumi) -> None:
    pod = pod_of(stack, DECODE)
    stack.kubectl("annotate", "pod", "-n", NAMESPACE, pod, "sim.dynamo-wideep/gpu-utilization=91,90,90,7,92,90,91,90")
    said = wideep("gpus", "--role", "decode")
    stack.kubectl("annotate", "pod", "-n", NAMESPACE, pod, "sim.dynamo-wideep/gpu-utilization-")

    assert said.code == 1
    assert "decode-0: utilization is uneven, decode-0 GPU 3 7 % and 90 % in the middle." in " ".join(said.out.split())


def test_eplb_says_what_it_cannot_tell_and_which_flag_would_let_it(wideep: Wideep) -> None:
    said = wideep("eplb", "--role", "decode")

    assert (said.code, said.out) == (0, expected("eplb"))


def test_network_has_devices_and_reach(wideep: Wideep) -> None:
    said = wideep("network")
    body = wideep("network", "--role", "prefill", "-o", "json").json

    assert steady(said.out) == expected("network")
    assert body["holds"] is True
    assert {port["device"] for port in body["pods"][0]["rdma_ports"]} == {f"mlx5_{number}" for number in range(8)}


def test_smoke_survives_a_dead_worker_that_is_still_listed(wideep: Wideep, stack: Pulumi) -> None:
    """A killed worker stays listed until its lease ends; its container starts another one at once."""
    kill_decode(stack.cluster)

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


def test_without_a_graph_it_says_how_to_get_one(stack: Pulumi, wideep: Wideep) -> None:
    other = wideep.folder / "Pulumi.empty.yaml"
    other.write_text((wideep.folder / "Pulumi.sim.yaml").read_text().replace("dynamo-workshop", "nobody"))
    empty = Wideep(wideep.cluster, wideep.folder, "empty")

    status, logs, gpus = empty("status"), empty("logs"), empty("gpus", "-o", "json")

    assert "There is no graph deepseek-r1-wideep in namespace nobody: `pulumi up`." in " ".join(status.out.split())
    assert "There is no pod of deepseek-r1-wideep in namespace nobody." in logs.err
    assert "No worker of deepseek-r1-wideep runs in namespace nobody." in gpus.json["problems"][0]["rule"]
    assert (status.code, logs.code, gpus.code) == (1, 1, 1)
