"""Reconciliation of DynamoGraphDeployments and DynamoComponentDeployments by the simulated operator of Dynamo 0.6.0.

It reproduces behaviour of 0.6.0 that a deployment has to cope with:
- both kinds carry a finalizer, which a component loses only while the operator and its etcd run;
- an object that is being deleted and has lost the finalizer is reconciled like any other (#8204): under foreground
  deletion its children are recreated as fast as the garbage collector removes them;
- a component whose service was removed from the graph stays (#3379);
- without the Secret of the MPI key every graph fails, whether it uses MPI or not.
"""

from __future__ import annotations

import asyncio
from abc import ABC, abstractmethod
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import ClassVar

from sim.operator import contract, graph, grove
from sim.operator.contract import Manifest
from sim.operator.graph import Outcome
from sim.operator.kube import ApiError, Kind, Kube
from sim.operator.operators import Operator, Operators
from sim.operator.work_queue import Key

SOURCE = "dynamo-operator"
ETCD_SECONDS = 0.05
"""Simulated duration of a deletion in etcd."""


def now() -> str:
    return datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


@dataclass
class ByRelease:
    """Dispatches an object to the reconciler of the release whose operator watches its namespace."""

    operators: Operators
    v0: Callable[[Key], Awaitable[None]]
    v1: Callable[[Key], Awaitable[None]]

    async def __call__(self, key: Key) -> None:
        operator = self.operators.of(key[0])
        await (self.v1 if operator and operator.is_v1 else self.v0)(key)


@dataclass
class Finalizers:
    """The operator's finalizer on the objects that it reconciles."""

    kube: Kube

    async def handled(self, kind: Kind, live: Manifest) -> bool:
        """Add the finalizer to a living object, or remove it from one in deletion. Return True if nothing is left to
        do."""
        meta = live["metadata"]
        held = contract.FINALIZER in meta.get("finalizers", [])
        going = "deletionTimestamp" in meta
        if held == going:
            others = [name for name in meta.get("finalizers", []) if name != contract.FINALIZER]
            wanted = others if going else [*others, contract.FINALIZER]
            patch = {"metadata": {"finalizers": wanted, "resourceVersion": meta["resourceVersion"]}}
            await self.kube.patch(kind, meta["namespace"], meta["name"], patch)
        return held and going


@dataclass
class Reconciler(ABC):
    """Reconciles objects of one kind in the namespaces that an operator watches."""

    kind: ClassVar[Kind]
    kube: Kube
    operators: Operators

    async def __call__(self, key: Key) -> None:
        operator = self.operators.of(key[0])
        live = await self.kube.get(self.kind, *key)
        if operator and live:
            await self.reconcile(operator, live)

    @abstractmethod
    async def reconcile(self, operator: Operator, live: Manifest) -> None:
        """Bring about the state that the object asks for."""

    async def write_status(self, live: Manifest, status: Manifest) -> None:
        """Write the status unless it is already there."""
        if status != live.get("status"):
            meta = live["metadata"]
            await self.kube.patch(self.kind, meta["namespace"], meta["name"], {"status": status}, status=True)


class GraphReconciler(Reconciler):
    """Reconciles DynamoGraphDeployments: the components or the PodCliqueSet of each, and its status."""

    kind = Kind.GRAPH

    async def reconcile(self, operator: Operator, live: Manifest) -> None:
        if await Finalizers(self.kube).handled(Kind.GRAPH, live):
            return
        error: Exception | None = None
        try:
            outcome = await self._reconcile(operator, live)
        except (ValueError, ApiError) as caught:
            error, outcome = caught, Outcome.failed(str(caught))
        await self._report(live, outcome)
        if error and not isinstance(error, ValueError):
            raise error

    async def _reconcile(self, operator: Operator, live: Manifest) -> Outcome:
        if not await self._mpi_secret(operator, live["metadata"]["namespace"]):
            raise ApiError(404, f"failed to replicate the MPI SSH secret: {self._secret_name(operator)} not found")
        if contract.wants_grove(live) and await self.operators.has_grove(operator):
            return await self._reconcile_grove(operator, live)
        if any(contract.nodes(service) > 1 for service in graph.services(live).values()):
            raise ValueError("no multinode orchestrator available")
        return await self._reconcile_components(live)

    @staticmethod
    def _secret_name(operator: Operator) -> str:
        flags = operator.flags
        namespace = flags.get("mpi-run-ssh-secret-namespace", operator.namespace)
        return f"{namespace}/{flags.get('mpi-run-ssh-secret-name', 'mpi-run-ssh-secret')}"

    async def _mpi_secret(self, operator: Operator, namespace: str) -> bool:
        """Tell whether the MPI key's Secret exists, after copying it from the operator's namespace to the graph's."""
        source, name = self._secret_name(operator).split("/")
        found = await self.kube.get(Kind.SECRET, source, name)
        if found and source != namespace and not await self.kube.get(Kind.SECRET, namespace, name):
            copy = {"metadata": {"name": name, "namespace": namespace}, "data": found.get("data", {})}
            await self.kube.create(Kind.SECRET, copy)
        return found is not None

    async def _reconcile_components(self, live: Manifest) -> Outcome:
        waiting: dict[str, str] = {}
        for wanted in graph.components(live).values():
            component = await self.kube.apply(Kind.COMPONENT, wanted)
            if not graph.is_true(component, "Available"):
                waiting[component["metadata"]["name"]] = "Component deployment not ready - Available condition not true"
        return Outcome.of(waiting)

    async def _reconcile_grove(self, operator: Operator, live: Manifest) -> Outcome:
        await self.kube.apply(Kind.CLIQUE_SET, grove.clique_set(live, operator.surroundings))
        name, namespace = live["metadata"]["name"], live["metadata"]["namespace"]
        waiting: dict[str, str] = {}
        for key, service in graph.services(live).items():
            if service.get("componentType") in ("frontend", "main"):
                frontend = graph.frontend_service(live, contract.component_name(name, key))
                await self.kube.apply(Kind.SERVICE, frontend)
            kind = Kind.SCALING_GROUP if contract.nodes(service) > 1 else Kind.CLIQUE
            resource = f"{name}-0-{key.lower()}"
            reason = grove.not_ready(await self.kube.get(kind, namespace, resource))
            if reason:
                waiting[f"{'pcsg' if kind is Kind.SCALING_GROUP else 'podclique'}/{resource}"] = reason
        return Outcome.of(waiting)

    async def _report(self, live: Manifest, outcome: Outcome) -> None:
        good = outcome.state is graph.State.SUCCESSFUL
        entry = graph.condition("Ready", good, outcome.reason, outcome.message)
        status = {"state": outcome.state.value, "conditions": graph.with_condition(live, entry, now())}
        await self.write_status(live, status)
        if outcome.state is graph.State.FAILED:
            await self.kube.event(live, "Warning", "ReconcileError", outcome.message, SOURCE)


class ComponentReconciler(Reconciler):
    """Reconciles DynamoComponentDeployments: each one's Deployment, a frontend's Service, and the status."""

    kind = Kind.COMPONENT

    async def reconcile(self, operator: Operator, live: Manifest) -> None:
        if "deletionTimestamp" in live["metadata"]:
            await self._delete_keys(operator, live)
        if await Finalizers(self.kube).handled(Kind.COMPONENT, live):
            return
        try:
            await self._reconcile(operator, live)
        except (ValueError, ApiError) as error:
            message = f"Failed to reconcile DynamoComponentDeployment: {error}"
            await self._report(live, graph.condition("Available", False, "Reconciling", message))
            await self.kube.event(live, "Warning", "ReconcileError", message, SOURCE)
            if isinstance(error, ApiError):
                raise

    async def _delete_keys(self, operator: Operator, live: Manifest) -> None:
        """Delete the component's keys in etcd, which must precede its finalizer; raise ApiError, so that the queue
        retries, if etcd does not answer."""
        if self.operators.etcd_lives(operator):
            await asyncio.sleep(ETCD_SECONDS)
            return
        address = operator.flags.get("etcdAddr", "")
        message = f"failed to delete the keys in etcd: dial {address}: context deadline exceeded"
        await self.kube.event(live, "Warning", "ReconcileError", message, SOURCE)
        raise ApiError(504, message)

    async def _reconcile(self, operator: Operator, live: Manifest) -> None:
        if contract.nodes(live["spec"]) > 1:
            raise ValueError("no multinode orchestrator available")
        deployment = await self.kube.apply(Kind.DEPLOYMENT, graph.deployment(live, operator.surroundings))
        service = graph.service(live)
        if service:
            await self.kube.apply(Kind.SERVICE, service)
        ready = graph.deployment_ready(deployment)
        reason, message = (
            ("DeploymentReady", "Deployment is ready") if ready else ("DeploymentNotReady", "Deployment is not ready")
        )
        await self._report(live, graph.condition("Available", ready, reason, message))

    async def _report(self, live: Manifest, entry: Manifest) -> None:
        await self.write_status(live, {"conditions": graph.with_condition(live, entry, now())})
