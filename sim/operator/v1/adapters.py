"""Scaling adapters of Dynamo 1.6.1, reconciled by the rules of its operator's source.

An adapter is created with the component's replicas and owns that number from then on: the operator copies it into the
graph, where admission lets nobody else change it except the planner.
"""

from __future__ import annotations

from dataclasses import dataclass

from sim.operator import contract
from sim.operator.contract import Manifest
from sim.operator.kube import Kind, Kube
from sim.operator.operators import Operator
from sim.operator.reconcilers import SOURCE, Reconciler, now
from sim.operator.v1 import template


def adapter_of(live: Manifest, component: Manifest) -> Manifest:
    """Return the adapter of a component of a graph, as the operator creates it."""
    meta = live["metadata"]
    return {
        "apiVersion": Kind.ADAPTER.value[0],
        "kind": contract.ADAPTER,
        "metadata": {
            "name": contract.component_name(meta["name"], component["name"]),
            "namespace": meta["namespace"],
            "labels": {contract.LABEL_GRAPH: meta["name"], contract.LABEL_SERVICE: component["name"]},
            "ownerReferences": [contract.owner_reference(live)],
        },
        "spec": {
            "replicas": component.get("replicas", 1),
            "dgdRef": {"name": meta["name"], "serviceName": component["name"]},
        },
    }


@dataclass(frozen=True)
class Adapters:
    """The adapters of one graph."""

    kube: Kube

    async def keep(self, live: Manifest) -> None:
        """Create missing adapters, and delete those of components that no longer ask for one. When the graph goes, they
        go with it by their owner reference."""
        meta = live["metadata"]
        there = await self.kube.find(Kind.ADAPTER, meta["namespace"], f"{contract.LABEL_GRAPH}={meta['name']}")
        found = {one["metadata"]["name"] for one in there}
        asked = [one for one in template.components(live) if "scalingAdapter" in one]
        wanted = {made["metadata"]["name"]: made for made in (adapter_of(live, one) for one in asked)}
        for name in found - wanted.keys():
            await self.kube.delete(Kind.ADAPTER, meta["namespace"], name)
            await self._say(live, "AdapterDeleted", f"Deleted scaling adapter {name}")
        for name in wanted.keys() - found:
            await self.kube.create(Kind.ADAPTER, wanted[name])
            await self._say(live, "AdapterCreated", f"Created scaling adapter {name}")

    async def _say(self, live: Manifest, reason: str, message: str) -> None:
        await self.kube.event(live, "Normal", reason, message, SOURCE)


class AdapterReconciler(Reconciler):
    """Reconciles DynamoGraphDeploymentScalingAdapters: copies their replicas into the graph, writes their status."""

    kind = Kind.ADAPTER

    async def reconcile(self, operator: Operator, live: Manifest) -> None:
        meta = live["metadata"]
        if not operator.is_v1 or "deletionTimestamp" in meta:
            return
        graph = await self.kube.get(Kind.GRAPH_V1, meta["namespace"], live["spec"]["dgdRef"]["name"])
        if not graph or "deletionTimestamp" in graph["metadata"]:
            return
        name = live["spec"]["dgdRef"]["serviceName"]
        component = next((one for one in template.components(graph) if one["name"] == name), None)
        if component is None or "scalingAdapter" not in component:
            return
        scaled = await self._scale(operator, live, graph, component)
        await self._write(live, graph, scaled)

    async def _scale(self, operator: Operator, live: Manifest, graph: Manifest, component: Manifest) -> bool:
        """Copy the adapter's replicas into the graph; return whether they differed."""
        before, wanted = component.get("replicas", 1), live["spec"]["replicas"]
        if before == wanted:
            return False
        component["replicas"] = wanted
        await self.kube.update(Kind.GRAPH_V1, graph, operator.principal)
        said = f"Scaled component {component['name']} from {before} to {wanted} replicas"
        await self.kube.event(live, "Normal", "Scaled", said, SOURCE)
        return True

    async def _write(self, live: Manifest, graph: Manifest, scaled: bool) -> None:
        component = live["spec"]["dgdRef"]["serviceName"]
        selector = f"{contract.LABEL_SERVICE}={component},{contract.LABEL_GRAPH}={graph['metadata']['name']}"
        status = {**(live.get("status") or {}), "replicas": live["spec"]["replicas"], "selector": selector}
        if scaled:
            status["lastScaleTime"] = now()
        await self.write_status(live, status)
