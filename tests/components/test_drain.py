"""Taking a graph down: what is asked before it is deleted, and what is waited for before the platform goes."""

import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import dill
import pulumi
import pytest
from pulumi.dynamic import Config, ConfigureRequest

from components.dynamic.cluster_resource import ClusterAccess, ClusterProvider
from components.dynamic.graph_drain import Drain, DrainProvider, Takedown, TakedownProvider, TeardownArgs
from tests.support.engine import Secret, run
from tests.support.feeds import Feed, Feeds
from wideep.dynamo.api import GRAPH_LABEL
from wideep_cluster.dynamo.drain import KINDS, DrainError, await_operator, await_previous, drain
from wideep_cluster.dynamo.operator import OPERATOR, OPERATOR_KINDS, OperatorStatus
from wideep_cluster.errors import ClusterError, ForbiddenError, UnreachableError
from wideep_cluster.kinds import NAMESPACES, Kind
from wideep_cluster.kube import KubeNamespace
from wideep_cluster.listing import Change, Listing
from wideep_cluster.objects import KubeObject, Namespace

GRAPH, COMPONENT, CLIQUE_SET, POD = KINDS
OURS = {GRAPH_LABEL: "g"}
WORKS = OperatorStatus(True, "the Dynamo operator runs")
DOWN = OperatorStatus(False, "the Dynamo operator does not run: no pod of Deployment ns/x is ready")
UNSEEN = OperatorStatus(None, "cannot tell whether the Dynamo operator runs: the API server says Forbidden")
PROVIDERS = [DrainProvider, TakedownProvider]
FINALIZER = "nvidia.com/finalizer"
AnyKind = Kind[KubeObject]
Objects = dict[AnyKind, list[KubeObject]]


def an_object(
    name: str,
    *finalizers: str,
    labels: dict[str, str] | None = None,
    owner: tuple[str, str] | None = None,
    deleted: str | None = None,
) -> KubeObject:
    owners = [{"kind": owner[0], "name": owner[1]}] if owner else []
    found = {"finalizers": finalizers, "ownerReferences": owners, "deletionTimestamp": deleted}
    return KubeObject.model_validate({"metadata": {"name": name, "labels": labels or {}, **found}})


@pytest.fixture(autouse=True)
def at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody waits for bursts of changes, or before the server is asked again."""
    monkeypatch.setattr("wideep_cluster.informer.SETTLE_SECONDS", 0)
    monkeypatch.setattr("wideep_cluster.dynamo.drain.RETRY_SECONDS", 0)


@dataclass
class Scripted:
    """A namespace that changes as the test says: with each sentence that is said comes the next step."""

    objects: Objects
    steps: list[Callable[[Objects], object]] = field(default_factory=list)
    operators: list[OperatorStatus] = field(default_factory=lambda: [WORKS])
    deleted: list[str] = field(default_factory=list)
    said: list[str] = field(default_factory=list)
    name: str = "ns"
    gone: bool = False
    news: Feeds = field(default_factory=Feeds)

    @property
    def cluster(self) -> "Scripted":
        return self

    def list(self, kind: AnyKind, namespace: str) -> Listing[KubeObject]:
        assert namespace == self.name
        return Listing(tuple(self.objects.get(kind, [])), "7")

    def watch(self, kind: AnyKind, namespace: str, version: str, seconds: int) -> Feed:
        assert (namespace, version) == (self.name, "7")
        assert seconds > 0
        return self.news.feed(kind)

    def find(self, kind: AnyKind, name: str) -> Namespace | None:
        assert (kind, name) == (NAMESPACES, self.name)
        return None if self.gone else Namespace.model_validate({"metadata": {"name": name}})

    def delete(self, kind: AnyKind, name: str, namespace: str) -> None:
        assert namespace == self.name
        self.deleted.append(name)
        self.objects[kind] = [an_object(name, deleted="2026-01-01T00:00:00Z")]
        self.news.put(kind, Change(self.objects[kind][0]))

    def operator(self) -> OperatorStatus:
        return self.operators.pop(0) if len(self.operators) > 1 else self.operators[0]

    def say(self, text: str) -> None:
        """What the drain tells of its progress; the cluster then goes on."""
        self.said.append(text)
        before = {kind: tuple(items) for kind, items in self.objects.items()}
        try:
            for step in self.steps[:1]:
                self.steps.pop(0)
                step(self.objects)
        except Exception as error:
            self.news.put(POD, error)
        for kind, items in before.items():
            for gone in (item for item in items if item not in self.objects.get(kind, [])):
                self.news.put(kind, Change(gone, gone=True))


def _drained(place: Scripted, deadline: int = 600) -> list[str]:
    drain(place, "g", deadline, place.say)
    return place.said


def _awaited(place: Scripted, deadline: int = 600) -> list[str]:
    await_operator(place, "g", deadline, place.say)
    return place.said


def _made_way(place: Scripted, deadline: int = 600) -> list[str]:
    await_previous(place, "g", deadline, place.say)
    return place.said


def _gone(kind: AnyKind) -> Callable[[Objects], object]:
    return lambda objects: objects.pop(kind)


def test_it_returns_at_once_when_nothing_is_left() -> None:
    assert _drained(Scripted({})) == ["nothing of graph g is left in namespace ns"]


def test_a_namespace_that_somebody_deleted_is_told_with_the_command_that_goes_on() -> None:
    assert "namespace ns" in _drained(Scripted({}, gone=True))[-1]
    assert "pulumi destroy --refresh" in _drained(Scripted({}, gone=True))[-1]


def test_it_waits_for_components_then_clique_sets_then_pods_and_says_so() -> None:
    left = {kind: [an_object(f"a-{kind.plural}", labels=OURS)] for kind in (COMPONENT, CLIQUE_SET, POD)}
    place = Scripted(left, [_gone(COMPONENT), _gone(CLIQUE_SET), _gone(POD)])
    assert _drained(place) == [
        "graph g: waiting for DynamoComponentDeployment a-dynamocomponentdeployments, "
        "PodCliqueSet a-podcliquesets, Pod a-pods",
        "graph g: waiting for PodCliqueSet a-podcliquesets, Pod a-pods",
        "graph g: waiting for Pod a-pods",
        "nothing of graph g is left in namespace ns",
    ]


def test_what_the_graph_owns_is_waited_for_without_a_label_too() -> None:
    place = Scripted({CLIQUE_SET: [an_object("g", owner=("DynamoGraphDeployment", "g"))]}, [_gone(CLIQUE_SET)])
    assert _drained(place)[0] == "graph g: waiting for PodCliqueSet g"


def test_another_graph_of_the_namespace_is_not_waited_for() -> None:
    others = {GRAPH: [an_object("h")], POD: [an_object("h-1", labels={GRAPH_LABEL: "h"}), an_object("platform-etcd-0")]}
    assert _drained(Scripted(others)) == ["nothing of graph g is left in namespace ns"]


def test_the_same_is_not_said_twice() -> None:
    place = Scripted({POD: [an_object("p", labels=OURS)]})

    def touched_then_gone(objects: Objects) -> None:
        place.news.put(POD, Change(objects[POD][0]))
        objects.pop(POD)

    place.steps = [touched_then_gone]
    assert len(_drained(place)) == 2


def test_a_dead_operator_is_named_while_it_waits() -> None:
    place = Scripted({COMPONENT: [an_object("c", FINALIZER, labels=OURS)]}, [_gone(COMPONENT)], [DOWN])
    held = "DynamoComponentDeployment c (finalizer nvidia.com/finalizer)"
    assert _drained(place)[0] == f"graph g: waiting for {held}; {DOWN.message}"


def test_hundreds_of_pods_are_counted_and_not_listed() -> None:
    place = Scripted({POD: [an_object(f"p{n}", labels=OURS) for n in range(100)]}, [_gone(POD)])
    assert _drained(place)[0].endswith("Pod p5 and 94 more")


def test_when_the_time_is_over_it_says_what_is_left_why_and_what_to_do() -> None:
    place = Scripted({COMPONENT: [an_object("c", FINALIZER, labels=OURS)]}, operators=[DOWN])
    with pytest.raises(DrainError) as refused:
        _drained(place, deadline=0)
    text = str(refused.value)
    assert "after 0 s these objects of graph g are still in namespace ns: DynamoComponentDeployment c" in text
    assert "The Dynamo operator does not run" in text
    assert "pulumi destroy" in text
    assert "kubectl patch -n ns dynamocomponentdeployments c --type=merge" in text


def test_an_api_server_that_restarts_is_asked_again() -> None:
    def dropped(_: Objects) -> None:
        raise UnreachableError("no answer", reason="Connection aborted")

    place = Scripted({POD: [an_object("p", labels=OURS)]}, [dropped, _gone(POD)])
    assert "the API server is unreachable (Connection aborted); retrying" in _drained(place)


@pytest.mark.parametrize("code", [429, 500, 503])
def test_a_server_that_is_busy_or_starting_is_asked_again(code: int) -> None:
    def refused(_: Objects) -> None:
        raise ClusterError("no", code, "busy")

    place = Scripted({POD: [an_object("p", labels=OURS)]}, [refused, _gone(POD)])
    assert "the API server is unreachable (busy); retrying" in _drained(place)


def test_graphs_that_only_the_operator_can_convert_are_told_as_that() -> None:
    why = 'conversion webhook for nvidia.com/v1alpha1 failed: Post "https://x": connection refused'

    def unreadable(_: Objects) -> None:
        raise ClusterError("no", 500, why)

    place = Scripted({POD: [an_object("p", labels=OURS)]}, [unreadable, _gone(POD)])
    assert f"the graph cannot be read ({why}); retrying" in _drained(place)

    class Unreadable(Scripted):
        def list(self, kind: AnyKind, namespace: str) -> Listing[KubeObject]:
            raise ClusterError("no", 500, why)

    with pytest.raises(DrainError, match="start it again, then run: pulumi destroy") as over:
        _drained(Unreadable({}), deadline=0)
    assert "/readyz" not in str(over.value)


def test_what_the_server_forbids_is_not_asked_again() -> None:
    def refused(_: Objects) -> None:
        raise ForbiddenError("list", "pods", "in namespace ns")

    with pytest.raises(ForbiddenError):
        _drained(Scripted({POD: [an_object("p", labels=OURS)]}, [refused]))


def test_a_graph_that_nobody_is_deleting_is_deleted_and_waited_for() -> None:
    place = Scripted({GRAPH: [an_object("g", FINALIZER)]}, [lambda _: None, _gone(GRAPH)])
    assert _drained(place) == [
        "graph g: orphaned by an interrupted run (not in the state); deleting it",
        "graph g: waiting for DynamoGraphDeployment g",
        "nothing of graph g is left in namespace ns",
    ]
    assert place.deleted == ["g"]


def test_a_graph_that_nobody_is_deleting_is_left_while_there_is_no_operator_to_end_it() -> None:
    gone = OperatorStatus(False, "there is no Dynamo operator on the cluster", installed=False)
    place = Scripted({GRAPH: [an_object("g", FINALIZER)]}, operators=[gone])
    with pytest.raises(DrainError, match="is not deleted, because its deletion would never finish"):
        _drained(place)
    assert place.deleted == []


@pytest.mark.parametrize("operator", [WORKS, UNSEEN], ids=["works", "cannot be seen"])
def test_a_graph_goes_at_once_when_nothing_speaks_against_it(operator: OperatorStatus) -> None:
    assert _awaited(Scripted({GRAPH: [an_object("g")]}, operators=[operator]), 0) == []


def test_an_operator_that_comes_back_is_waited_for() -> None:
    place = Scripted({GRAPH: [an_object("g")]}, operators=[DOWN, WORKS])
    place.steps = [lambda _: place.news.put(OPERATOR_KINDS[0], Change(an_object(f"x{OPERATOR}")))]
    assert _awaited(place) == [f"graph g: {DOWN.message}; waiting for it before the graph is deleted"]


def test_without_an_operator_the_graph_is_left_as_it_is_and_the_way_out_is_said() -> None:
    place = Scripted({GRAPH: [an_object("g", FINALIZER)]}, operators=[DOWN])
    with pytest.raises(DrainError, match="is not deleted, because its deletion would never finish") as refused:
        _awaited(place, 0)
    assert "kubectl patch -n ns dynamographdeployments g --type=merge" in str(refused.value)


def test_where_no_graph_is_no_operator_is_needed() -> None:
    assert _awaited(Scripted({}, operators=[DOWN]), 0) == []


@pytest.mark.parametrize("provider", PROVIDERS)
def test_creating_them_touches_no_cluster(provider: type[ClusterProvider]) -> None:
    made = provider().create({"namespace": "ns", "graph": "g", "deadlineSeconds": 900})
    assert made.id == "ns/g"


@pytest.mark.parametrize(
    ("key", "value", "replaces"),
    [("graph", "h", ["graph"]), ("namespace", "m", ["namespace"]), ("deadlineSeconds", 1, [])],
)
def test_another_graph_is_another_resource(key: str, value: object, replaces: Sequence[str]) -> None:
    old = {"namespace": "ns", "graph": "g", "deadlineSeconds": 900}
    change = DrainProvider().diff("ns/g", old, {**old, key: value})
    assert (change.changes, change.replaces) == (True, replaces)
    assert DrainProvider().diff("ns/g", old, old).changes is False


def test_who_makes_a_provider_by_hand_says_the_same_cluster_to_the_drain_and_a_kubeconfig_is_a_secret() -> None:
    cluster = ClusterAccess(kubeconfig="users: …", context="prod")

    def program() -> None:
        Drain("drain", TeardownArgs("ns", "g", depends_on=(), cluster=cluster))

    inputs = run(program).resources["drain-graph"].inputs
    assert (inputs["kubeconfig"], inputs["context"]) == (Secret("users: …"), "prod")


def test_the_cluster_of_its_own_inputs_comes_before_that_of_the_stacks_config(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[tuple[object, ...]] = []
    monkeypatch.setattr(KubeNamespace, "connect", lambda *place: asked.append(place))
    provider = DrainProvider()
    provider.configure(ConfigureRequest(Config({"kubernetes:kubeconfig": "stack", "kubernetes:context": "c"}, "p")))
    provider.namespace({"namespace": "ns"})
    provider.namespace({"namespace": "ns", "kubeconfig": "own"})
    assert asked == [("ns", "stack", "c"), ("ns", "own", None)]


def test_another_kubeconfig_is_noted_and_replaces_nothing() -> None:
    old = {"namespace": "ns", "graph": "g", "deadlineSeconds": 900, "kubeconfig": "a"}
    change = DrainProvider().diff("ns/g", old, {**old, "kubeconfig": "b"})
    assert (change.changes, change.replaces) == (True, [])


def test_a_provider_of_another_name_is_written_into_the_state_because_destroy_calls_it_from_there() -> None:
    old = {"namespace": "ns", "graph": "g", "deadlineSeconds": 900, "__provider": "by its old name"}
    change = DrainProvider().diff("ns/g", old, {**old, "__provider": "by its new one"})
    assert (change.changes, change.replaces) == (True, [])


@pytest.mark.parametrize("provider", PROVIDERS)
def test_they_are_kept_by_name_so_that_a_second_up_shows_no_change(provider: type[ClusterProvider]) -> None:
    pickled = [dill.dumps(provider(), protocol=4, recurse=True) for _ in range(2)]
    assert pickled[0] == pickled[1]
    assert len(pickled[0]) < 100
    assert isinstance(dill.loads(pickled[0]), provider)  # noqa: S301 - our own bytes


def test_the_drain_stands_after_what_the_graph_needs_and_the_takedown_after_the_graph() -> None:
    def program() -> None:
        needed = pulumi.CustomResource("test:index:Needed", "needed")
        graph = pulumi.CustomResource("test:index:Graph", "graph")
        Drain("drain", TeardownArgs("ns", "g", depends_on=(needed,)))
        Takedown("takedown", TeardownArgs("ns", "g", depends_on=(graph,)))

    resources = run(program).resources
    assert resources["drain-graph"].after == {"needed"}
    assert resources["takedown-graph"].after == {"graph"}


def test_an_operator_that_is_not_even_deployed_is_not_waited_for() -> None:
    gone = OperatorStatus(False, "there is no Dynamo operator on the cluster", installed=False)
    place = Scripted({GRAPH: [an_object("g")]}, operators=[gone])
    with pytest.raises(DrainError, match="no Dynamo operator on the cluster"):
        _awaited(place)


def test_a_new_graph_waits_for_what_a_former_one_of_its_name_has_left() -> None:
    left = {COMPONENT: [an_object("c", FINALIZER, labels=OURS)], POD: [an_object("p", labels=OURS)]}
    place = Scripted(left, [_gone(COMPONENT), _gone(POD)])
    assert _made_way(place) == [
        "graph g: waiting for the previous one's DynamoComponentDeployment c (finalizer nvidia.com/finalizer), Pod p",
        "graph g: waiting for the previous one's Pod p",
    ]


def test_a_first_graph_waits_for_nothing_and_one_that_stands_is_not_touched() -> None:
    assert _made_way(Scripted({})) == []
    place = Scripted({GRAPH: [an_object("g")], POD: [an_object("p", labels=OURS)]})
    assert (_made_way(place), place.deleted) == ([], [])


def test_what_a_former_graph_has_left_for_too_long_is_named() -> None:
    with pytest.raises(DrainError, match=r"after 0 s these objects of the previous graph g .* Pod p\. .*pulumi up"):
        _made_way(Scripted({POD: [an_object("p", labels=OURS)]}), 0)


def test_ctrl_c_ends_the_wait_with_what_it_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    pressed = threading.Event()
    monkeypatch.setattr("wideep_cluster.cancellation._heard", pressed)
    place = Scripted({POD: [an_object("a-pod", labels=OURS)]}, [lambda _: pressed.set()])
    with pytest.raises(DrainError, match=r"interrupted: graph g: waiting for Pod a-pod\. Run `pulumi destroy`"):
        _drained(place)
