"""The headline of `wideep status`: by what is served, never by pods that are ready alone."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from tests.support.live import live, loaded
from wideep.dynamo.api import V1ALPHA1
from wideep.settings.layout import Role
from wideep_cli.deployment import DeployedGraph
from wideep_cli.status.frontend import FrontendView
from wideep_cli.status.served import Unasked, judged
from wideep_cli.status.snapshot import Snapshot, State, take
from wideep_cluster import ForbiddenError
from wideep_cluster.kinds import JOBS, PODS, graphs
from wideep_cluster.objects import Graph, Pod

GRAPHS = graphs(V1ALPHA1)
MODEL = "deepseek-ai/DeepSeek-R1"
SERVES = FrontendView(workers={Role.PREFILL: 1, Role.DECODE: 1}, models=(MODEL,))
READY = {"conditions": [{"type": "Ready", "status": "True"}], "phase": "Running"}


class Listing:
    """What a list of the API has of use here."""

    def __init__(self, items: Sequence[object]) -> None:
        self.items = tuple(items)


class Cluster:
    """A graph and its pods."""

    def __init__(self, graph: Graph | None, pods: Sequence[Pod], *, hidden: bool = False) -> None:
        self.graph, self.pods, self.hidden = graph, pods, hidden

    def list(self, kind: object, _namespace: str | None = None, **_: str) -> Listing:
        return Listing(self.pods if kind is PODS else ())

    def find(self, kind: object, _name: str, _namespace: str | None = None) -> Graph | None:
        if self.hidden and kind == GRAPHS:
            raise ForbiddenError("get", "dynamographdeployments", "namespace lab")
        assert kind in (GRAPHS, JOBS)
        return self.graph if kind == GRAPHS else None

    def serves(self, kind: object) -> bool:
        return kind == GRAPHS

    def logs(self, _pod: Pod, _container: str, **_: object) -> str:
        return "Load weight begin"


def of_graph(stack: DeployedGraph, *, ready: bool = True, **metadata: Any) -> Graph:
    """The stack's graph, as the operator sees it."""
    condition = {"type": "Ready", "status": str(ready), "message": "decode: 0 of 1"}
    status = {"state": "successful" if ready else "pending", "conditions": [condition]}
    return Graph.model_validate({"metadata": {"name": stack.plan.name, **metadata}, "spec": {}, "status": status})


def of_role(stack: DeployedGraph, role: str, number: int = 0, **status: Any) -> Pod:
    """A pod of the stack's graph, ready but for what ``status`` says."""
    kind = "frontend" if role == "frontend" else "worker"
    labels = {
        "nvidia.com/dynamo-graph-deployment-name": stack.plan.name,
        "nvidia.com/dynamo-component-type": kind,
        **({} if role == "frontend" else {"nvidia.com/dynamo-sub-component-type": role}),
    }
    metadata = {"name": f"{role}-{number}", "namespace": "lab", "labels": labels, **status.pop("metadata", {})}
    spec = {"containers": [{"name": "main"}], "nodeName": "gpu-0"}
    return Pod.model_validate({"metadata": metadata, "spec": spec, "status": READY | status})


@pytest.fixture
def stack(tmp_path: Path) -> DeployedGraph:
    return live(loaded(tmp_path), None)


def seen(stack: DeployedGraph, pods: Sequence[Pod], graph: Graph | None = None, *, hidden: bool = False) -> Snapshot:
    """A look at the cluster with these pods; by default its graph says that it is ready."""
    return take(DeployedGraph(stack.loaded, Cluster(graph or of_graph(stack), pods, hidden=hidden)))  # pyright: ignore[reportArgumentType]


def every(stack: DeployedGraph) -> list[Pod]:
    return [of_role(stack, role) for role in ("frontend", "prefill", "decode")]


def test_all_services_serve_when_the_frontend_lists_the_model_with_workers_of_both_roles(stack: DeployedGraph) -> None:
    found = judged(stack.plan, seen(stack, every(stack)), SERVES)

    assert (found.state, found.says) == (State.READY, "All services serve.")


@pytest.mark.parametrize(
    ("frontend", "words"),
    [
        (FrontendView(), f"the frontend lists no model: no worker has registered {MODEL}"),
        (
            FrontendView(models=("another/model",)),
            f"the frontend lists another/model: no worker has registered {MODEL}",
        ),
        (
            FrontendView(models=(MODEL,), workers={Role.PREFILL: 1}),
            f"lists {MODEL}, and no decode worker is registered",
        ),
        (
            FrontendView(models=(MODEL,), workers={Role.DECODE: 2}),
            f"lists {MODEL}, and no prefill worker is registered",
        ),
        ("no pod of it is ready", "the frontend does not respond: no pod of it is ready."),
    ],
)
def test_a_graph_that_is_ready_and_serves_nothing_is_not_ready(
    stack: DeployedGraph, frontend: FrontendView | str, words: str
) -> None:
    found = judged(stack.plan, seen(stack, every(stack)), frontend)

    assert found.state is State.WAITING
    assert words in found.says
    assert "All services serve" not in found.says


def test_who_may_not_ask_the_frontend_is_told_what_is_not_known(stack: DeployedGraph) -> None:
    found = judged(stack.plan, seen(stack, every(stack)), Unasked("You may not create pods/portforward"))

    assert found.state is State.READY
    assert found.says.endswith("Cannot tell whether the model is served: You may not create pods/portforward.")


@pytest.mark.parametrize("role", ["decode", "prefill", "frontend"])
def test_a_role_that_was_scaled_to_nothing_is_the_headline_though_the_graph_calls_itself_ready(
    stack: DeployedGraph, role: str
) -> None:
    found = seen(stack, [each for each in every(stack) if each.component != role])

    assert found.state is State.WAITING
    assert f"The model is not served: there is no {role}. 0 of 1 {role} pods" in found.says
    assert judged(stack.plan, found, SERVES) == found


def test_a_graph_with_fewer_workers_than_the_stack_is_partly_ready(tmp_path: Path) -> None:
    two = live(loaded(tmp_path, layout={"preset": "lab-16gpu-singlenode", "decode": {"replicas": 2}}), None)

    found = seen(two, every(two))

    assert found.state is State.WAITING
    assert found.says.startswith("Serving with fewer pods. 1 of 2 decode pods")


def test_pods_that_are_going_and_a_graph_that_is_deleted_are_not_ready(stack: DeployedGraph) -> None:
    gone = "2026-01-01T00:00:00Z"
    going = of_role(stack, "decode", 0, metadata={"deletionTimestamp": gone})
    rest = every(stack)[:2]

    assert seen(stack, [*rest, going]).says == "decode-0: being deleted"
    assert seen(stack, every(stack), of_graph(stack, deletionTimestamp=gone)).says.startswith(
        "The graph is Terminating"
    )


def test_a_worker_that_loads_is_the_headline(stack: DeployedGraph) -> None:
    loads = of_role(
        stack,
        "decode",
        conditions=[{"type": "Ready", "status": "False"}],
        containerStatuses=[{"name": "main", "state": {"running": {}}}],
    )

    found = seen(stack, [*every(stack)[:2], loads], of_graph(stack, ready=False))

    assert (found.state, found.says) == (State.WAITING, "decode-0: loading weights")


def test_what_the_operator_says_counts_where_all_pods_are_ready(stack: DeployedGraph) -> None:
    found = seen(stack, every(stack), of_graph(stack, ready=False))

    assert (found.state, found.says) == (State.WAITING, "decode: 0 of 1")


def test_a_graph_that_may_not_be_seen_is_told_by_its_pods(stack: DeployedGraph) -> None:
    full, part = (seen(stack, pods, hidden=True) for pods in (every(stack), every(stack)[:2]))

    assert full.state is State.READY
    assert "cannot be read" in full.says
    assert part.state is State.WAITING


def test_a_change_that_the_operator_has_not_looked_at_is_waited_for(stack: DeployedGraph) -> None:
    graph = of_graph(stack, generation=3)
    old = graph.model_copy(update={"status": graph.status.model_copy(update={"observed_generation": 2})})
    pods = [of_role(stack, role) for role in ("frontend", "prefill", "decode")]
    assert (seen(stack, pods, old).state, seen(stack, pods, old).says) == (
        State.WAITING,
        "The operator has not reconciled the graph's last change yet.",
    )
    now = graph.model_copy(update={"status": graph.status.model_copy(update={"observed_generation": 3})})
    assert seen(stack, pods, now).state is State.READY


def test_roles_of_a_v1beta1_graph_are_its_components_types(stack: DeployedGraph) -> None:
    pods = [of_role(stack, "frontend"), *(_of_type(stack, role) for role in ("prefill", "decode"))]
    found = seen(stack, pods)
    assert [row.member.place for row in found.rows] == ["frontend-0", "prefill-0", "decode-0"]
    assert found.ready_pods == found.expected == 3


def _of_type(stack: DeployedGraph, role: str) -> Pod:
    pod = of_role(stack, role)
    labels = {"nvidia.com/dynamo-component-type": role, "nvidia.com/dynamo-component": role}
    named = {"nvidia.com/dynamo-graph-deployment-name": stack.plan.name, **labels}
    return pod.model_copy(update={"metadata": pod.metadata.model_copy(update={"labels": named})})
