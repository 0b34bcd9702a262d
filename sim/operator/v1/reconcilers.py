"""Reconciliation of v1beta1 graphs and components by the simulated operator of Dynamo 1.6.1.

Unlike that of 0.6.0 it ignores an object that is being deleted once its finalizer is gone (#8207), uses no etcd, and
records in the status which generation it has observed.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import yaml

from sim.operator import contract
from sim.operator.contract import Manifest
from sim.operator.graph import condition, frontend_service, is_true, with_condition
from sim.operator.kube import ApiError, Kind, Kube
from sim.operator.operators import Operator, Operators
from sim.operator.reconcilers import SOURCE, Finalizers, Reconciler, now
from sim.operator.v1 import graph, schema, template
from sim.operator.v1.adapters import Adapters
from sim.operator.v1.admission import Site
from sim.operator.v1.graph import Part, Report
from sim.operator.v1.template import Nearby

DISCOVERY_KINDS: Final = (Kind.SERVICE_ACCOUNT, Kind.ROLE, Kind.ROLE_BINDING)


@dataclass(frozen=True)
class Configuration:
    """The settings of the operator's ConfigMap that matter here."""

    nearby: Nearby
    grove: bool
    kai: bool


@dataclass(frozen=True)
class Settings:
    """Reads the configuration of an operator."""

    kube: Kube
    operators: Operators

    async def of(self, operator: Operator) -> Configuration:
        name = f"{operator.release}{contract.OPERATOR_SUFFIX.removesuffix('-controller-manager')}-config"
        found = await self.kube.get(Kind.CONFIG_MAP, operator.namespace, name)
        if not found:
            raise ApiError(404, f"the operator's configuration is missing: ConfigMap {operator.namespace}/{name}")
        said = yaml.safe_load(found["data"]["config.yaml"])
        infrastructure, orchestrators = said["infrastructure"], said["orchestrators"]
        nearby = Nearby(
            nats=infrastructure["natsAddress"],
            etcd=infrastructure["etcdAddress"],
            prometheus=infrastructure["prometheusEndpoint"],
            discovery=said["discovery"]["backend"],
        )
        grove = orchestrators["grove"]["enabled"] and await self.operators.has_grove(operator)
        return Configuration(nearby, grove, orchestrators["kaiScheduler"]["enabled"])

    async def site(self, namespace: str) -> Site:
        """Return the settings that the webhook of a namespace's operator depends on."""
        operator = self.operators.of(namespace)
        if not operator:
            return Site(grove=False, version="")
        return Site((await self.of(operator)).grove, operator.version, operator.principal)


async def apply_crds(kube: Kube) -> None:
    """Apply the CRDs server-side, over whatever an older chart has left, like the operator's init container."""
    for crd in schema.crds(await kube.published()):
        await kube.apply(Kind.CRD, crd)


class GraphReconciler(Reconciler):
    """Reconciles v1beta1 DynamoGraphDeployments: account for discovery, components or a PodCliqueSet, status."""

    kind = Kind.GRAPH_V1

    async def reconcile(self, operator: Operator, live: Manifest) -> None:
        if await Finalizers(self.kube).handled(Kind.GRAPH_V1, live) or "deletionTimestamp" in live["metadata"]:
            return
        error: Exception | None = None
        try:
            report = await self._reconcile(operator, live)
        except (ValueError, ApiError) as caught:
            error, report = caught, Report.failed(str(caught))
        await self._write(live, report)
        if isinstance(error, ApiError):
            raise error

    async def _reconcile(self, operator: Operator, live: Manifest) -> Report:
        site = await Settings(self.kube, self.operators).of(operator)
        if site.nearby.discovery == "kubernetes":
            for kind, made in zip(DISCOVERY_KINDS, graph.discovery(live), strict=True):
                await self.kube.apply(kind, made)
        if any(one.get("type") == "planner" for one in template.components(live)):
            await self.kube.apply(Kind.SERVICE_ACCOUNT, graph.planner_account(live))
        if site.grove and contract.wants_grove(live):
            if site.kai and not await self.kube.get(Kind.QUEUE, None, contract.QUEUE):
                raise ApiError(404, f"KAI queue {contract.QUEUE!r} not found")
            parts = await self._grove(live, site.nearby)
        elif any(contract.nodes(component) > 1 for component in template.components(live)):
            raise ValueError("no multinode orchestrator available: neither Grove nor LWS is enabled")
        else:
            parts = await self._components(live)
        await Adapters(self.kube).keep(live)
        return Report.of(parts)

    async def _components(self, live: Manifest) -> dict[str, Part]:
        parts: dict[str, Part] = {}
        for component in template.components(live):
            made = await self.kube.apply(Kind.COMPONENT_V1, graph.component_object(live, component))
            name = made["metadata"]["name"]
            found = await self.kube.get(Kind.DEPLOYMENT, made["metadata"]["namespace"], name)
            part = graph.part_of_deployment(found) if found else graph.part_of_grove("Deployment", name, None)
            if not part.reason and not is_true(made, "Available"):
                part = Part(part.kind, name, part.replicas, "some_resources_are_not_ready", "component not Available")
            parts[component["name"]] = part
        return parts

    async def _grove(self, live: Manifest, nearby: Nearby) -> dict[str, Part]:
        wanted = graph.clique_set(live, nearby)
        await self.kube.apply(Kind.CLIQUE_SET, wanted)
        namespace, parts = live["metadata"]["namespace"], dict[str, Part]()
        for component in template.components(live):
            if component.get("type") == "frontend":
                service = contract.component_name(live["metadata"]["name"], component["name"])
                await self.kube.apply(Kind.SERVICE, frontend_service(live, service))
            several = contract.nodes(component) > 1
            kind, word = (Kind.SCALING_GROUP, "PodCliqueScalingGroup") if several else (Kind.CLIQUE, "PodClique")
            name = f"{wanted['metadata']['name']}-0-{component['name'].lower()}"
            parts[component["name"]] = graph.part_of_grove(word, name, await self.kube.get(kind, namespace, name))
        return parts

    async def _write(self, live: Manifest, report: Report) -> None:
        meta = live["metadata"]
        good = report.state.value == "successful"
        entry = condition("Ready", good, report.reason, report.message) | {"observedGeneration": meta["generation"]}
        spaces = {one["name"]: template.dynamo_namespace(live, one) for one in template.components(live)}
        status = {
            "state": report.state.value,
            "observedGeneration": meta["generation"],
            "conditions": with_condition(live, entry, now()),
            "components": {name: part.status(spaces[name]) for name, part in report.parts.items()},
        }
        await self.write_status(live, status)
        if report.state.value == "failed":
            await self.kube.event(live, "Warning", "ReconcileError", report.message, SOURCE)


class ComponentReconciler(Reconciler):
    """Reconciles v1beta1 DynamoComponentDeployments: each one's Deployment, a frontend's Service, and the status."""

    kind = Kind.COMPONENT_V1

    async def reconcile(self, operator: Operator, live: Manifest) -> None:
        if await Finalizers(self.kube).handled(Kind.COMPONENT_V1, live) or "deletionTimestamp" in live["metadata"]:
            return
        meta = live["metadata"]
        owner = await self.kube.get(Kind.GRAPH_V1, meta["namespace"], meta["labels"][contract.LABEL_GRAPH])
        if not owner:
            return
        site = await Settings(self.kube, self.operators).of(operator)
        made = graph.deployment(owner, live["spec"], site.nearby, live)
        found = await self.kube.apply(Kind.DEPLOYMENT, made)
        if live["spec"].get("type") == "frontend":
            await self.kube.apply(Kind.SERVICE, frontend_service(live, live["metadata"]["name"]))
        await self._write(live, graph.part_of_deployment(found))

    async def _write(self, live: Manifest, part: Part) -> None:
        meta, good = live["metadata"], not part.reason
        said = ("DeploymentReady", "Deployment is ready") if good else ("DeploymentNotReady", part.message)
        entry = condition("Available", good, *said) | {"observedGeneration": meta["generation"]}
        conditions = with_condition(live, entry, now())
        await self.write_status(live, {"observedGeneration": meta["generation"], "conditions": conditions})
