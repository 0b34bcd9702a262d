"""The simulated operator makes, copies and deletes scaling adapters as Dynamo 1.6.1 does."""

from __future__ import annotations

import asyncio
import copy
from typing import Any

import pytest

from sim.operator.contract import Manifest
from sim.operator.kube import Kind
from sim.operator.operators import Operator, Operators
from sim.operator.v1 import schema
from sim.operator.v1.adapters import AdapterReconciler, Adapters, adapter_of
from tests.support.platform_v1 import a_graph, worker
from tests.unit.sim.test_v1_objects import PUBLISHED

OPERATOR = Operator("dw", "p", {"operator-version": "1.6.1"}, ready=True, generation="1")


class Api:
    """Objects by kind and name, and what was said of them."""

    def __init__(self, *objects: tuple[Kind, Manifest]) -> None:
        self.objects = {(kind, body["metadata"]["name"]): copy.deepcopy(body) for kind, body in objects}
        self.events: list[str] = []
        self.writers: list[str] = []

    async def get(self, kind: Kind, _namespace: str, name: str) -> Manifest | None:
        return copy.deepcopy(self.objects.get((kind, name)))

    async def find(self, kind: Kind, _namespace: str, _labels: str) -> list[Manifest]:
        return [body for (of, _), body in self.objects.items() if of is kind]

    async def create(self, kind: Kind, body: Manifest) -> None:
        self.objects[kind, body["metadata"]["name"]] = body

    async def delete(self, kind: Kind, _namespace: str, name: str) -> None:
        del self.objects[kind, name]

    async def update(self, kind: Kind, body: Manifest, user: str) -> None:
        self.objects[kind, body["metadata"]["name"]] = body
        self.writers.append(user)

    async def patch(self, kind: Kind, _namespace: str, name: str, body: Manifest, *, status: bool) -> None:
        assert status
        self.objects[kind, name] |= body

    async def event(self, _subject: Manifest, _kind: str, reason: str, *_: str) -> None:
        self.events.append(reason)

    def adapters(self) -> dict[str, int]:
        return {name: body["spec"]["replicas"] for (kind, name), body in self.objects.items() if kind is Kind.ADAPTER}


def graph(*, adapter: bool = True, replicas: int = 1) -> Manifest:
    decode = worker("decode") | {"replicas": replicas} | ({"scalingAdapter": {}} if adapter else {})
    made = a_graph(worker("prefill"), decode, name="moe")
    return {**made, "metadata": {"name": "moe", "namespace": "dw", "uid": "u-1"}}


def reconcile(api: Api, name: str = "moe-decode") -> None:
    kube: Any = api
    operators = Operators(kube, operators={("dw", "o"): OPERATOR})
    asyncio.run(AdapterReconciler(kube, operators)(("dw", name)))


def keep(api: Api, live: Manifest) -> None:
    kube: Any = api
    asyncio.run(Adapters(kube).keep(live))


def adapter(replicas: int) -> tuple[Kind, Manifest]:
    made = adapter_of(graph(), graph()["spec"]["components"][2])
    return Kind.ADAPTER, made | {"spec": made["spec"] | {"replicas": replicas}}


def test_an_adapter_begins_with_the_components_number_and_belongs_to_the_graph() -> None:
    api = Api()
    keep(api, graph(replicas=3))
    made = api.objects[Kind.ADAPTER, "moe-decode"]
    assert made["spec"] == {"replicas": 3, "dgdRef": {"name": "moe", "serviceName": "decode"}}
    assert [(one["kind"], one["uid"]) for one in made["metadata"]["ownerReferences"]] == [
        ("DynamoGraphDeployment", "u-1")
    ]
    assert api.events == ["AdapterCreated"]


def test_an_adapter_that_is_there_keeps_its_number_and_goes_when_it_is_switched_off() -> None:
    api = Api(adapter(5))
    keep(api, graph(replicas=1))
    assert (api.adapters(), api.events) == ({"moe-decode": 5}, [])
    keep(api, graph(adapter=False))
    assert (api.adapters(), api.events) == ({}, ["AdapterDeleted"])


def test_its_number_is_copied_into_the_graph_as_the_operator_and_told_in_its_status() -> None:
    api = Api((Kind.GRAPH_V1, graph()), adapter(4))
    reconcile(api)
    assert [one.get("replicas") for one in api.objects[Kind.GRAPH_V1, "moe"]["spec"]["components"]] == [None, 1, 4]
    assert api.writers == [OPERATOR.principal]
    status = api.objects[Kind.ADAPTER, "moe-decode"]["status"]
    assert status["replicas"] == 4
    assert status["selector"] == "nvidia.com/dynamo-component=decode,nvidia.com/dynamo-graph-deployment-name=moe"
    assert "lastScaleTime" in status
    reconcile(api)
    assert (len(api.writers), api.events) == (1, ["Scaled"])


@pytest.mark.parametrize("there", [graph(adapter=False), None])
def test_a_graph_without_it_is_left_alone(there: Manifest | None) -> None:
    api = Api(*([(Kind.GRAPH_V1, there)] if there else []), adapter(4))
    reconcile(api)
    assert (api.writers, api.events) == ([], [])


def test_its_crd_has_the_subresource_that_autoscalers_aim_at() -> None:
    (crd,) = [one for one in schema.crds(PUBLISHED) if "dgdsa" in one["spec"]["names"]["shortNames"]]
    assert crd["metadata"]["name"] == "dynamographdeploymentscalingadapters.nvidia.com"
    (version,) = crd["spec"]["versions"]
    assert (version["name"], version["served"]) == ("v1alpha1", True)
    assert version["subresources"]["scale"] == {
        "specReplicasPath": ".spec.replicas",
        "statusReplicasPath": ".status.replicas",
        "labelSelectorPath": ".status.selector",
    }
