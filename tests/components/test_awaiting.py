"""Waiting for a graph: what it says, when it goes on, when it gives up and with which words."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any, Self

import pytest

from tests.support.graphs import crashed, event, graph, loading, pending, pulling, ready
from wideep_cluster.dynamo.graph_wait import SETS, WARNINGS, GraphError, await_graph
from wideep_cluster.dynamo.operator import OperatorStatus
from wideep_cluster.dynamo.readiness import GraphSnapshot, GraphTarget
from wideep_cluster.errors import ForbiddenError, UnreachableError
from wideep_cluster.kinds import GRAPHS, PODS, Kind
from wideep_cluster.objects import Graph, KubeObject, Pod

COUNTS = {"prefill": 1, "decode": 1}
WANTED = GraphTarget("ns", "g", 1, COUNTS, frozenset(COUNTS))
BOTH = (ready("prefill-1"), ready("decode-1"))
OLD = "2026-01-01T00:00:00Z"
DOWN = "the Dynamo operator does not run: no pod of Deployment d is ready"
OOM = "Load weight begin\ntorch.OutOfMemoryError: CUDA out of memory. Tried to allocate 2.50 GiB."
NCCL = "torch.distributed.DistBackendError: NCCL error in: ProcessGroupNCCL.cpp:3690, unhandled system error"
Json = dict[str, Any]


@dataclass(frozen=True)
class Look:
    """What the cluster has from a moment on, in seconds; or that it does not answer then."""

    at: float
    graph: Json | None = field(default_factory=graph)
    pods: tuple[Json, ...] = ()
    events: tuple[Json, ...] = ()
    fails: Exception | None = None
    sets: tuple[str, ...] = ()
    """Names of Grove's sets."""


@dataclass
class Scene:
    """A cluster that changes with a clock of its own. It stands for the watches, too: a wait lets time pass."""

    looks: tuple[Look, ...]
    text: str = ""
    operator_works: bool = True
    wanted: GraphTarget = WANTED
    interrupted: threading.Event = field(default_factory=threading.Event)
    now: float = 0.0
    name: str = "ns"
    said: list[str] = field(default_factory=list)
    read: list[tuple[str, bool]] = field(default_factory=list)
    asked: int = 0

    def awaited(self, deadline: int = 3600) -> list[str]:
        """What it says until it returns."""
        await_graph(self, self.wanted, deadline, self.said.append, self.interrupted)  # type: ignore[arg-type]
        return self.said

    def refusal(self, deadline: int = 3600) -> str:
        """What it gives up with."""
        with pytest.raises(GraphError) as error:
            self.awaited(deadline)
        return str(error.value)

    @property
    def cluster(self) -> Scene:
        return self

    def logs(self, pod: Pod, container: str, *, tail: int, previous: bool) -> str:
        assert (pod.namespace, container) == (self.name, "main")
        assert tail > 0
        self.read.append((pod.name, previous))
        return self.text

    def operator(self) -> OperatorStatus:
        self.asked += 1
        return OperatorStatus(self.operator_works, DOWN)

    def items(self, kind: Kind[KubeObject]) -> list[KubeObject]:
        look = [look for look in self.looks if look.at <= self.now][-1]
        if look.fails:
            self.now += 1
            raise look.fails
        sets = [{"metadata": {"name": name}} for name in look.sets]
        found = {GRAPHS: [look.graph] if look.graph else [], PODS: look.pods, WARNINGS: look.events, SETS: sets}
        return [kind.model.model_validate(body) for body in found.get(kind, ())]

    def wait(self, seconds: float) -> set[Kind[KubeObject]]:
        self.now += seconds
        return set()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        """Nothing is left open."""


@pytest.fixture
def scene(monkeypatch: pytest.MonkeyPatch) -> Callable[..., Scene]:
    """Makes a Scene that the waiting takes for its watches and its clock."""

    def make(*looks: Look, **how: Any) -> Scene:
        made = Scene(looks, **how)
        monkeypatch.setattr("wideep_cluster.dynamo.graph_wait.monotonic", lambda: made.now)
        monkeypatch.setattr("wideep_cluster.progress.monotonic", lambda: made.now)
        monkeypatch.setattr("wideep_cluster.dynamo.graph_wait.RETRY_SECONDS", 0)
        monkeypatch.setattr("wideep_cluster.dynamo.graph_wait.Informer", lambda *_: made)
        return made

    return make


Make = Callable[..., Scene]


def test_a_graph_that_is_ready_is_not_waited_for(scene: Make) -> None:
    assert scene(Look(0, graph(ready=True), BOTH)).awaited() == []


def test_it_says_which_pods_it_waits_for_by_role_and_how_long(scene: Make) -> None:
    full = "0/4 nodes are available: 4 Insufficient nvidia.com/gpu. preemption: not eligible."
    said = scene(
        Look(0, {"metadata": {"name": "g", "generation": 1}}),
        Look(10, pods=(pulling("prefill-1"), pending("decode-1", full))),
        Look(200, pods=(ready("prefill-1"), loading("decode-1"))),
        Look(210, graph(ready=True), BOTH),
    ).awaited(7300)
    assert said == [
        "graph g: prefill 0 of 1 ready (1 not created yet), decode 0 of 1 ready (1 not created yet); "
        "0 s of at most 2 h 1 min",
        "graph g: prefill 0 of 1 ready (1 Pulling), decode 0 of 1 ready (1 Pending: 0/4 nodes are available: 4 "
        "Insufficient nvidia.com/gpu); 10 s of at most 2 h 1 min",
        *(
            "graph g: prefill 0 of 1 ready (1 Pulling), decode 0 of 1 ready (1 Pending: 0/4 nodes are available: 4 "
            f"Insufficient nvidia.com/gpu); {waited} of at most 2 h 1 min"
            for waited in ("71 s", "2 min", "3 min")
        ),
        "graph g: prefill 1 of 1 ready, decode 0 of 1 ready (1 Loading); 3 min of at most 2 h 1 min",
    ]


def test_after_an_update_it_waits_for_pods_of_the_new_spec(scene: Make) -> None:
    old = (ready("prefill-0", created=OLD), ready("decode-0", created=OLD))
    made = scene(
        Look(0, graph(ready=True), old),
        Look(2, graph(ready=True), (old[0], ready("decode-0", created=OLD, leaving=True))),
        Look(4, graph(), (old[0], loading("decode-1"))),
        Look(300, graph(ready=True), (old[0], ready("decode-1"))),
        wanted=replace(WANTED, changed=frozenset({"decode"})),
    )
    made.awaited()
    assert made.now == 300


def test_an_update_that_needs_no_other_pods_is_over_when_nothing_moves(scene: Make) -> None:
    old = (ready("prefill-0", created=OLD), ready("decode-0", created=OLD))
    made = scene(Look(0, graph(ready=True), old))
    made.awaited()
    assert 60 < made.now < 65


def test_an_update_that_no_operator_has_seen_is_not_over(scene: Make) -> None:
    old = (ready("prefill-0", created=OLD), ready("decode-0", created=OLD))
    said = scene(Look(0, graph(ready=True), old), operator_works=False).refusal(200)
    assert DOWN in said


def test_a_graph_of_an_older_generation_or_with_pods_too_many_is_not_ready(scene: Make) -> None:
    more = (*BOTH, ready("decode-2"))
    made = scene(
        Look(0, graph(ready=True, generation=1), BOTH),
        Look(5, graph(ready=True, generation=2), more),
        Look(9, graph(ready=True, generation=2), BOTH),
        wanted=replace(WANTED, generation=2),
    )
    made.awaited()
    assert made.now == 9


def test_an_operator_that_does_not_run_is_named_and_not_asked_for_again_while_nothing_changes(scene: Make) -> None:
    made = scene(Look(0, graph(state="")), Look(300, graph(ready=True), BOTH), operator_works=False)
    assert DOWN in made.awaited()[-1]
    assert made.asked == 1


def test_a_full_cluster_is_only_told_and_waited_for_to_the_deadline(scene: Make) -> None:
    made = scene(Look(0, pods=(ready("prefill-1"), pending("decode-1", "4 Insufficient nvidia.com/gpu"))))
    said = made.refusal(7200)
    assert made.now > 7200
    assert "graph g in namespace ns is not ready: after 2 h it is still waiting for" in said
    assert "4 Insufficient nvidia.com/gpu" in said
    assert "workers.readyTimeoutMinutes" in said


def test_a_reason_that_several_roles_have_is_told_once(scene: Make) -> None:
    pods = (pending("prefill-1", "no GPU"), pending("decode-1", "no GPU"))
    said = scene(Look(0, pods=pods), Look(1, graph(ready=True), BOTH)).awaited()
    assert "prefill 0 of 1 ready (1 Pending: no GPU), decode 0 of 1 ready (1 Pending); 0 s" in said[0]


def test_after_the_deadline_it_says_what_moved_last(scene: Make) -> None:
    waiting = Look(100, pods=(ready("prefill-1"), loading("decode-1")))
    said = scene(Look(0), waiting).refusal(1000)
    assert "Last change, 15 min ago: pod prefill-1: Ready." in said


@pytest.mark.parametrize(
    ("log", "key"),
    [
        (OOM, "layout.decode.memFractionStatic"),
        ("launch_server.py: error: unrecognized arguments: --no-such-flag", "layout.decode.extraArgs"),
    ],
)
def test_an_end_that_comes_again_whatever_is_done_ends_the_wait_at_once(scene: Make, log: str, key: str) -> None:
    made = scene(Look(0), Look(30, pods=(ready("prefill-1"), crashed("decode-1", 1, 2))), text=f"{log}\nhf_abcdefghi\n")
    said = made.refusal().splitlines()
    assert made.now == 30
    assert log.splitlines()[-1] in said[0]
    assert "in pod decode-1 container main exited with exit code 2" in said[0]
    assert key in said[1]
    assert said[2] == "  kubectl -n ns logs decode-1 -c main"
    assert said[3] == "  Then run `pulumi up` again; it continues from here."
    assert "hf_abcdefghi" not in "".join(said)


def test_an_end_that_may_not_come_again_is_given_three_tries(scene: Make) -> None:
    looks = [Look(t, pods=(ready("prefill-1"), crashed("decode-1", times))) for times, t in enumerate((0, 30, 60), 1)]
    made = scene(*looks, text=NCCL)
    said = made.refusal()
    assert made.now == 60
    assert "exited 3 times with exit code 1: torch.distributed.DistBackendError" in said
    assert "hardware.interconnect" in said
    assert made.read == [("decode-1", False)] * 3


def test_a_pod_of_before_the_update_may_go_before_its_end_counts(scene: Make) -> None:
    old = crashed("decode-0", 9, created=OLD)
    fixed = Look(3, graph(ready=True), BOTH)
    assert scene(Look(0, pods=(ready("prefill-1"), old)), fixed, text=OOM).awaited()
    assert "exited 9 times" in scene(Look(0, pods=(ready("prefill-1"), old)), text=OOM).refusal()


@pytest.mark.parametrize(("says", "after"), [("not found", 40), ("i/o timeout", 300)])
def test_an_image_that_cannot_be_pulled_gets_its_time_and_then_ends_the_wait(
    scene: Make, says: str, after: int
) -> None:
    held = pulling("decode-1", "ImagePullBackOff", f'Back-off pulling image "r/x": {says}')
    made = scene(Look(0, pods=(ready("prefill-1"), held)))
    said = made.refusal()
    assert made.now == after
    assert f'pod decode-1: ImagePullBackOff: Back-off pulling image "r/x": {says}.' in said
    assert "kubectl -n ns describe pod decode-1" in said


def test_a_quota_that_refuses_the_pods_is_named_but_not_one_of_before(scene: Make) -> None:
    quota = 'pods "decode-1" is forbidden: exceeded quota: gpus, requested: nvidia.com/gpu=8, used: 0, limited: 0'
    before = event("g-decode", "FailedCreate", quota)
    again = event("g-decode", "FailedCreate", quota, "2")
    assert scene(Look(0, events=(before,)), Look(200, graph(ready=True), BOTH, (before,))).awaited()
    said = scene(Look(0, events=(before,)), Look(50, events=(again,))).refusal()
    assert f"ReplicaSet g-decode cannot create its pods: {quota}" in said
    assert "kubectl -n ns describe quota,limitrange" in said


def test_what_the_operator_refuses_is_its_own_words(scene: Make) -> None:
    says = "no multinode orchestrator available"
    assert says in scene(Look(0, graph(state="failed", says=says))).refusal()


def test_a_graph_that_is_deleted_meanwhile_ends_the_wait(scene: Make) -> None:
    assert "pulumi up --refresh" in scene(Look(0), Look(5, None)).refusal()


def test_an_api_server_that_does_not_answer_is_asked_again(scene: Make) -> None:
    said = scene(
        Look(0),
        Look(5, fails=UnreachableError("no answer", reason="Connection aborted")),
        Look(20, graph(ready=True), BOTH),
    ).awaited()
    assert "an answer from the API server, which is asked again (Connection aborted)" in said[-1]


def test_a_user_who_may_not_look_is_told_which_right_to_ask_for(scene: Make) -> None:
    said = scene(Look(0, fails=ForbiddenError("list", "pods", "in namespace ns", "pods is forbidden"))).refusal()
    assert "this user may not watch it (pods is forbidden)" in said
    assert "kubectl auth can-i watch pods" in said


def test_ctrl_c_ends_the_wait(scene: Make) -> None:
    made = scene(Look(0))
    made.interrupted.set()
    assert "interrupted while waiting for prefill 0 of 1 ready" in made.refusal()


def test_hundreds_of_pods_that_end_at_once_are_not_all_read(scene: Make) -> None:
    pods = tuple(crashed(f"decode-{number}", 1) for number in range(100))
    made = scene(Look(0, pods=pods), Look(60, graph(ready=True), BOTH), text="killed")
    made.awaited()
    assert len(made.read) == 20


def _observed(generation: int, observed: int, *, ready: bool = True, state: str = "successful") -> Json:
    body = graph(ready=ready, state=state, generation=generation)
    return {**body, "status": {**body["status"], "observedGeneration": observed}}


def test_ready_that_is_said_of_an_older_generation_is_not_believed(scene: Make) -> None:
    pods = (ready("prefill-1"), ready("decode-1"))
    before, now = Look(0, _observed(2, 1), pods), Look(5, _observed(2, 2), pods)
    there = scene(before, now, wanted=replace(WANTED, generation=2))
    there.awaited()
    assert there.now >= 5


def test_failed_that_is_said_of_an_older_generation_is_not_believed_either(scene: Make) -> None:
    looks = (Look(0, _observed(2, 1, ready=False, state="failed")), Look(200, _observed(2, 2), BOTH))
    scene(*looks, wanted=replace(WANTED, generation=2)).awaited()


def test_how_many_pods_a_v1beta1_graph_wants_is_read_from_its_components() -> None:
    spec = {"components": [{"name": "decode", "type": "decode", "replicas": 3, "multinode": {"nodeCount": 2}}]}
    live = Graph.model_validate({"metadata": {"name": "g"}, "spec": spec})
    view = GraphSnapshot(replace(WANTED, counted=frozenset({"decode"})), live, ())
    assert view.due == {"prefill": 1, "decode": 6}


def test_a_warning_about_a_set_whose_name_was_cut_is_one_of_this_graph(scene: Make) -> None:
    refused = event("cut-1a2b-0-decode", "FailedCreate", "exceeded quota: gpus")
    looks = (Look(0, sets=("cut-1a2b",)), Look(5, sets=("cut-1a2b",), events=(refused,)))
    assert "exceeded quota: gpus" in scene(*looks).refusal()


def test_a_warning_about_another_graph_of_the_namespace_is_not(scene: Make) -> None:
    refused = event("other-0-decode", "FailedCreate", "exceeded quota: gpus")
    looks = (Look(0), Look(5, events=(refused,)), Look(300, graph(ready=True), BOTH))
    assert not any("quota" in line for line in scene(*looks).awaited())


def test_what_the_operator_of_1_x_says_beside_the_pods_is_told(scene: Make) -> None:
    body = _observed(1, 1, ready=False, state="pending")
    body["status"]["conditions"][0] |= {"reason": "insufficient_capacity", "message": "no room for decode"}
    said = scene(Look(0, body), Look(30, _observed(1, 1), BOTH)).awaited()
    assert any("the operator says insufficient_capacity: no room for decode" in line for line in said)


def test_what_the_operator_only_counts_again_is_not_told(scene: Make) -> None:
    body = _observed(1, 1, ready=False, state="pending")
    counted = {"reason": "pods_not_ready", "message": "Resources not ready: podclique/x: desired=4, ready=0"}
    body["status"]["conditions"][0] |= counted
    told = "\n".join(scene(Look(0, body), Look(30, _observed(1, 1), BOTH)).awaited())
    assert "decode 0 of" in told
    assert "the operator says" not in told
    body["status"]["conditions"][0] |= {"reason": "insufficient_capacity"}
    told = "\n".join(scene(Look(0, body), Look(30, _observed(1, 1), BOTH)).awaited())
    assert "the operator says insufficient_capacity" in told
    assert "podclique" not in told


def test_a_change_that_the_operator_of_1_x_has_not_seen_is_told(scene: Make) -> None:
    looks = (Look(0, _observed(2, 1), BOTH), Look(30, _observed(2, 2), BOTH))
    said = scene(*looks, wanted=replace(WANTED, generation=2)).awaited()
    assert any("the operator has not looked at the change yet" in line for line in said)
