"""The commands that go on for a while, and what a terminal shows of them: a watch, a record, Ctrl-C, colours."""

from __future__ import annotations

import json
import signal

import pexpect
import psutil
import pytest
import yaml

from tests.sim import engine
from tests.sim.graph import DECODE, GRAPH, NAMESPACE, expected, pod_of
from tests.sim.pulumi import Pulumi
from tests.support.process import wait_for
from tests.support.wideep import Wideep

pytestmark = pytest.mark.cluster

INTERRUPTED = 130
COUNTS = [[[0] * 256, [100] * 256, [100] * 255 + [7000]]] * 2
"""Two passes over a dense layer, an even one, and one with a hot expert."""


@pytest.fixture(scope="module")
def recording(wideep: Wideep) -> Wideep:
    """The same stack, with a recorder in its decode workers."""
    stack = yaml.safe_load((wideep.folder / "Pulumi.sim.yaml").read_text())
    layout = {"preset": "lab-16gpu-singlenode", "decode": {"eplb": {"recorderMode": "stat"}}}
    stack["config"]["dynamo-wideep:layout"] = layout
    (wideep.folder / "Pulumi.record.yaml").write_text(yaml.safe_dump(stack))
    return Wideep(wideep.cluster, wideep.folder, "record")


def in_terminal(wideep: Wideep, *arguments: str, **env: str) -> pexpect.spawn:
    """The command in a terminal of its own."""
    command = wideep.command(*arguments)
    return pexpect.spawn(
        command[0],
        command[1:],
        cwd=str(wideep.folder),
        env=wideep.env | {"TERM": "xterm-256color", "COLUMNS": "140"} | env,
        encoding="utf-8",
        timeout=60,
        dimensions=(40, 140),
        preexec_fn=_hears_ctrl_c,
    )


def _hears_ctrl_c() -> None:
    """As in a person's terminal, also where whoever started the tests in the background has it ignored."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)


# A watch


def test_without_room_for_a_worker_status_says_what_the_scheduler_says_and_the_watch_ends_when_it_serves(
    wideep: Wideep, stack: Pulumi
) -> None:
    nodes = stack.kubectl("get", "nodes", "-l", "nvidia.com/gpu.present=true", "-o", "name").split()
    stack.kubectl("cordon", *nodes)
    stack.kubectl("delete", "pod", "-n", NAMESPACE, "-l", DECODE)
    try:
        waiting = wideep("status")
        unanswered = wideep("smoke", "--timeout", "1")
        watch = in_terminal(wideep, "status", "--watch")
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
    assert "No answer within 1 s. Last error: No decode worker is registered with the frontend." in unanswered.err
    assert watch.exitstatus == 0


def test_an_image_that_is_not_there_ends_the_watch_with_1_and_the_image(wideep: Wideep, stack: Pulumi) -> None:
    def set_image(image: str) -> None:
        value = {"op": "replace", "path": "/spec/services/decode/extraPodSpec/mainContainer/image", "value": image}
        patch = json.dumps([value])
        stack.kubectl("patch", "dgd", "-n", NAMESPACE, GRAPH, "--type=json", "-p", patch)

    right = stack.outputs()["image"]
    set_image("registry.sim/dynamo-wideep:no-such-tag")
    pods = ("get", "pods", "-n", NAMESPACE, "-l", DECODE, "-o", "yaml")
    wait_for(lambda: "no-such-tag" in stack.kubectl(*pods), "a pod has the image", 30)
    said = wideep("status", "--watch")
    set_image(right)
    mended = wideep("status", "--watch")

    assert said.code == 1
    assert "decode-0: ImagePullBackOff: Back-off pulling image" in " ".join(said.out.split())
    assert "no-such-tag" in said.out
    assert mended.code == 0


# A record


def test_a_record_without_a_recorder_names_the_key_that_turns_one_on(wideep: Wideep) -> None:
    said = wideep("eplb", "record", "--role", "decode", "--seconds", "1")

    assert (said.code, said.out) == (1, "")
    assert "layout.decode.eplb.recorderMode: stat, then `pulumi up`." in said.err


def test_a_record_says_that_the_worker_of_this_release_offers_none(recording: Wideep) -> None:
    said = recording("eplb", "record", "--role", "decode", "--seconds", "1")

    assert (said.code, said.out) == (1, "")
    assert "decode-0 offers no recording: nothing answers on SGLang's port 30000" in said.err
    assert "layout.decode.eplb.enabled: true" in said.err


def test_a_record_is_kept_on_the_cache_volume_and_names_the_hot_experts(recording: Wideep, stack: Pulumi) -> None:
    with engine.serving(stack, NAMESPACE, pod_of(stack, DECODE), COUNTS) as sglang:
        said = recording("eplb", "record", "--role", "decode", "--seconds", "1")
    judged = recording("eplb", "--role", "decode")

    assert (said.code, said.out) == (0, expected("eplb-record"))
    assert sglang.asked == [f"/{verb}_expert_distribution_record" for verb in ("start", "stop", "dump")]
    assert (judged.code, judged.out) == (0, expected("eplb-hot"))


# Ctrl-C


def test_ctrl_c_in_a_record_leaves_neither_its_port_forward_nor_the_recorder_on(
    recording: Wideep, stack: Pulumi
) -> None:
    with engine.serving(stack, NAMESPACE, pod_of(stack, DECODE), COUNTS) as sglang:
        record = in_terminal(recording, "eplb", "record", "--role", "decode", "--seconds", "600")
        record.expect("recording for 600 s")
        listening = [
            each.laddr.port for each in psutil.Process(record.pid).net_connections() if each.status == "LISTEN"
        ]
        record.sendintr()
        record.expect(pexpect.EOF)
        record.close()
        asked = list(sglang.asked)

    assert record.exitstatus == INTERRUPTED
    assert "Traceback" not in record.before
    assert len(listening) == 1
    assert not [each for each in psutil.net_connections() if each.status == "LISTEN" and each.laddr.port in listening]
    assert asked == [f"/{verb}_expert_distribution_record" for verb in ("start", "stop")]


def test_ctrl_c_ends_a_log_that_is_followed(wideep: Wideep) -> None:
    follow = in_terminal(wideep, "logs", "--follow", "--role", "decode")
    follow.expect("fired up and ready")
    follow.sendintr()
    follow.expect(pexpect.EOF)
    follow.close()

    assert follow.exitstatus == INTERRUPTED
    assert "Traceback" not in follow.before


# Colours


@pytest.mark.parametrize("verb", ["status", "logs", "gpus", "network"])
def test_a_terminal_gets_colours_and_with_no_color_or_in_a_pipe_there_are_none(wideep: Wideep, verb: str) -> None:
    def shown(**env: str) -> str:
        terminal = in_terminal(wideep, verb, **env)
        return str(terminal.read())

    assert "\x1b[" in shown()
    assert "\x1b[3" not in shown(NO_COLOR="1")
    assert "\x1b" not in wideep(verb).out
