"""What `wideep eplb record` asks of the engine, what it keeps, and the hot experts that are read from it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from pathlib import Path

import pytest

from tests.conftest import ROOT
from tests.support.configs import settings
from tests.support.live import decode_view as view
from tests.support.live import live, loaded, pod
from tests.support.loopback import Request, listening
from wideep.engines import engine_of
from wideep_cli.deployment import DeployedGraph, GraphPod
from wideep_cli.eplb import experts as counting
from wideep_cli.eplb import record as recording
from wideep_cli.eplb.engine_log import read
from wideep_cli.eplb.report import Balance, eplb_json, eplb_text
from wideep_cli.eplb.verdict import judge
from wideep_cli.plan.view import RoleView
from wideep_cluster import ClusterError, Ran
from wideep_cluster.objects import Component

FORM = engine_of(settings()).log


@contextmanager
def engine(asked: list[str]) -> Iterator[int]:
    """SGLang's HTTP server, as far as recording goes: its port."""

    def record(request: Request) -> None:
        asked.append(request.path)
        request.answer(200)

    with listening(POST=record) as port:
        yield port


NOBODY = 1
"""A port on which nothing answers."""
MEMBER = GraphPod(Component.DECODE, 0, -1, pod("d", "decode"))
DUMP = {
    "rank": 0,
    "logical_count": [[[0, 0, 0, 0], [8, 1, 2, 1], [5, 5, 5, 5]], [[0, 0, 0, 0], [0, 1, 2, 1], [1, 1, 1, 1]]],
}
"""Two forward passes over a dense layer and two of experts."""
IMAGE = ROOT / "sim" / "kubectl_exec" / "image"


class InPod:
    """The worker's container: where it dumps, and its cache volume."""

    def __init__(self, folder: Path) -> None:
        self.dumps, self.volume = folder / "dumps", folder / "volume"
        self.dumps.mkdir()
        self.volume.mkdir()

    def dump(self, content: object = DUMP, name: str = "1700000000.5") -> None:
        (self.dumps / f"expert_distribution_recorder_{name}.pt").write_text(json.dumps(content))

    def run(self, _cluster: object, _pod: object, command: list[str], **_: object) -> Ran:
        env = os.environ | {"PYTHONPATH": str(IMAGE), "SGLANG_EXPERT_DISTRIBUTION_RECORDER_DIR": str(self.dumps)}
        inside = [part.replace("/expert-counts", str(self.volume)) for part in command[1:]]
        done = subprocess.run([sys.executable, *inside], env=env, capture_output=True, text=True, check=False)
        return Ran(done.returncode, done.stdout, done.stderr)


@pytest.fixture
def in_pod(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> InPod:
    found = InPod(tmp_path)
    monkeypatch.setattr(counting, "run", found.run)
    return found


@pytest.fixture
def graph(tmp_path: Path) -> DeployedGraph:
    return live(loaded(tmp_path), None)


def test_nothing_recorded_is_no_error(in_pod: InPod, graph: DeployedGraph) -> None:
    assert counting.read_experts(graph, MEMBER) is None


def test_the_passes_of_a_dump_are_added_up_and_the_most_uneven_layer_comes_first(
    in_pod: InPod, graph: DeployedGraph
) -> None:
    in_pod.dump()

    found = counting.read_experts(graph, MEMBER)

    assert found
    assert found.file == "expert_distribution_recorder_1700000000.5.pt"
    assert [(layer.layer, layer.experts[0]) for layer in found.layers] == [(1, (0, 2.0)), (2, (0, 1.0))]
    assert found.typical_peak == 1.5


def test_what_is_kept_is_what_sglang_starts_from_and_is_read_back(in_pod: InPod, graph: DeployedGraph) -> None:
    in_pod.dump()

    counting.keep_newest_dump(graph, MEMBER)

    [kept] = in_pod.volume.iterdir()
    assert kept.name == "experts-deepseek-r1-wideep-decode.json"
    assert json.loads(kept.read_text()) == {"logical_count": [[0, 0, 0, 0], [8, 2, 4, 2], [6, 6, 6, 6]]}
    again = counting.read_experts(graph, MEMBER)
    assert again
    assert (again.file, again.typical_peak) == (kept.name, 1.5)


@pytest.mark.parametrize(("content", "words"), [(None, "there is no expert_distribution"), ({}, "logical_count")])
def test_a_dump_that_is_not_there_or_has_no_counts_is_an_error_in_a_sentence(
    in_pod: InPod, graph: DeployedGraph, content: object, words: str
) -> None:
    if content is not None:
        in_pod.dump(content)

    with pytest.raises(ClusterError, match=rf"The counts in pod d cannot be read: .*{words}"):
        counting.keep_newest_dump(graph, MEMBER)


def test_hot_experts_are_shown_with_their_layer(in_pod: InPod, graph: DeployedGraph) -> None:
    in_pod.dump()
    role, log = view(), read([], FORM)
    balance = Balance(MEMBER, role, log, judge(role, log), counting.read_experts(graph, MEMBER))

    text, body = eplb_text([balance]), json.loads(eplb_json([balance]))["workers"][0]

    assert "in the middle of 2 layers the busiest has 1.5 × the mean's tokens" in text
    assert "    layer 1: 0 (2.0 ×), 2 (1.0 ×), 1 (0.5 ×), 3 (0.5 ×)" in text
    assert body["experts"]["layers"][0] == {
        "layer": 1,
        "hottest": [
            {"expert": 0, "times_mean": 2.0},
            {"expert": 2, "times_mean": 1.0},
            {"expert": 1, "times_mean": 0.5},
            {"expert": 3, "times_mean": 0.5},
        ],
    }
    assert body["experts_error"] is None


def test_counts_that_cannot_be_read_are_told_beside_the_verdict() -> None:
    role, log = view(), read([], FORM)
    balance = Balance(MEMBER, role, log, judge(role, log), "This user may not create pods/exec.")

    assert "  hot experts unknown: This user may not create pods/exec." in eplb_text([balance]).splitlines()
    assert json.loads(eplb_json([balance]))["workers"][0]["experts_error"] == "This user may not create pods/exec."


def record(graph: DeployedGraph, role: RoleView, port: int, monkeypatch: pytest.MonkeyPatch) -> str:
    """A record that takes no time."""
    monkeypatch.setattr(recording, "forward", lambda *_: nullcontext(port))
    monkeypatch.setattr(recording.time, "sleep", lambda _: None)
    return recording.record(graph, MEMBER, role, 60, lambda _: None)


RECORDS = {"eplb": {"enabled": False, "recorderMode": "stat"}, "redundantExperts": 0, "extraArgs": []}
ALWAYS_ON = {"eplb": {"enabled": True, "recorderMode": "stat"}, "extraArgs": []}


@pytest.mark.parametrize(
    ("decode", "verbs"), [(RECORDS, ["start", "stop", "dump"]), (ALWAYS_ON, ["start", "dump"])], ids=["stat", "eplb"]
)
def test_a_record_is_kept_for_the_next_start_and_eplbs_own_goes_on(
    in_pod: InPod, graph: DeployedGraph, monkeypatch: pytest.MonkeyPatch, decode: dict[str, object], verbs: list[str]
) -> None:
    in_pod.dump()
    asked: list[str] = []

    with engine(asked) as port:
        line = record(graph, view(**decode), port, monkeypatch)

    assert asked == [f"/{verb}_expert_distribution_record" for verb in verbs]
    kept = "/model-cache/expert-counts/experts-deepseek-r1-wideep-decode.json"
    assert line == f"layout.decode.eplb.initialExpertLocation: {kept}"
    assert len(list(in_pod.volume.iterdir())) == 1


def test_a_record_without_a_token_is_refused(
    in_pod: InPod, graph: DeployedGraph, monkeypatch: pytest.MonkeyPatch
) -> None:
    in_pod.dump({"logical_count": [[[0, 0], [0, 0]]]})

    with (
        engine([]) as port,
        pytest.raises(ClusterError, match="decode-0 counted no token in 60 s"),
    ):
        record(graph, view(**RECORDS), port, monkeypatch)


@pytest.mark.parametrize(
    ("eplb", "words"),
    [
        ({}, "decode has no recorder: layout.decode.eplb.recorderMode is not set"),
        ({"recorderMode": "per_pass"}, "layout.decode.eplb.recorderMode is per_pass, which records every pass"),
    ],
)
def test_an_engine_without_a_recorder_is_not_asked_for_a_record(
    graph: DeployedGraph, monkeypatch: pytest.MonkeyPatch, eplb: dict[str, object], words: str
) -> None:
    """SGLang's scheduler would end."""
    asked: list[str] = []

    with engine(asked) as port, pytest.raises(ClusterError, match=words) as told:
        record(graph, view(eplb={"enabled": False, **eplb}, redundantExperts=0, extraArgs=[]), port, monkeypatch)

    assert asked == []
    assert str(told.value).splitlines()[1] == "  layout.decode.eplb.recorderMode: stat, then `pulumi up`."


def test_a_record_on_folders_of_the_nodes_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folders = live(loaded(tmp_path, modelCache={"hostPath": "/mnt/models", "size": "1Ti"}), None)

    with pytest.raises(ClusterError, match=r"modelCache\.hostPath is /mnt/models, which is local to each node"):
        record(folders, view(**RECORDS), 0, monkeypatch)


@pytest.mark.parametrize(
    ("version", "words"),
    [("0.6.0", "The worker of Dynamo 0.6.0 embeds the engine"), ("1.6.1", "The worker of Dynamo 1.6.1 may embed")],
)
def test_where_nothing_answers_the_message_has_the_stacks_own_release(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, version: str, words: str
) -> None:
    graph = live(loaded(tmp_path, platform={"version": version}), None)

    with pytest.raises(ClusterError, match=words):
        record(graph, view(**RECORDS), NOBODY, monkeypatch)
