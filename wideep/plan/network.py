"""Who reaches the pods: the frontend's Services and Ingress, and the NetworkPolicies of frontend, workers and stores.

Policies only add up: a pod that none selects takes every connection, one that some select takes what any of them lets
in. All of these are about connections that come in.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from wideep import names
from wideep.dynamo import release_of
from wideep.dynamo.api import GRAPH_LABEL
from wideep.graph.refs import graph_name
from wideep.plan.base import PlanModel
from wideep.plan.monitoring import scrape_ports
from wideep.settings import Settings
from wideep.settings.serving import ServiceType

__all__ = [
    "FrontendPlan",
    "IngressPlan",
    "NetworkPolicyPlan",
    "PeersPlan",
    "PublicServicePlan",
    "RulePlan",
    "frontend_plan",
    "network_policies",
]


class PublicServicePlan(PlanModel):
    """A Service of the frontend that is reached from outside the cluster."""

    name: str
    type: ServiceType
    port: int
    target_port: int
    selector: dict[str, str]
    """Labels of the frontend's pods."""
    source_ranges: tuple[str, ...]
    """Address ranges that the load balancer lets through; empty: all."""
    external_traffic_policy: str | None
    """``Local`` keeps the caller's address, by which NetworkPolicies judge; None: as Kubernetes does it."""
    annotations: dict[str, str]


class IngressPlan(PlanModel):
    """An Ingress before the operator's Service of the frontend."""

    name: str
    host: str
    class_name: str
    tls_secret: str | None
    service: str
    port: int
    annotations: dict[str, str]


class FrontendPlan(PlanModel):
    """Where the OpenAI-compatible API is reached."""

    service: str
    """The operator's Service, inside the cluster."""
    port: int
    public: PublicServicePlan | None
    ingress: IngressPlan | None


class PeersPlan(PlanModel):
    """Who may connect: pods of some namespaces, or an address range. With nothing set, all pods of the policy's own
    namespace."""

    with_label: str | None = None
    """Only pods that have this label, whatever its value. None: all pods."""
    namespaces: dict[str, str] | None = None
    """Labels of the namespaces; empty: all of them. None: the policy's own."""
    cidr: str | None = None
    """An address range, in place of pods."""


class RulePlan(PlanModel):
    """Who may connect to which ports."""

    peers: tuple[PeersPlan, ...]
    ports: tuple[int, ...]
    """TCP ports; empty: all."""


class NetworkPolicyPlan(PlanModel):
    """A NetworkPolicy: what it selects takes no connections but those of ``rules``."""

    role: str
    """Whom it protects: another graph's policy has another name and the same role."""
    name: str
    pods: dict[str, str]
    """Labels of the pods that it protects."""
    rules: tuple[RulePlan, ...]


NAMESPACE_LABEL: Final = "kubernetes.io/metadata.name"
"""The API server sets it on every namespace."""
NEIGHBOURS: Final = PeersPlan()
"""All pods of the policy's own namespace."""


def frontend_plan(settings: Settings) -> FrontendPlan:
    """The operator's Service of the frontend, and what stands before it for the world outside."""
    graph, frontend, release = graph_name(settings), settings.frontend, release_of(settings)
    service, port = release.frontend_service(graph), release.frontend_port
    public, ingress = frontend.service, frontend.ingress
    return FrontendPlan(
        service=service,
        port=port,
        public=public
        and PublicServicePlan(
            name=names.public_service(graph),
            type=public.type,
            port=public.port,
            target_port=port,
            selector=release.pod_labels(graph, None),
            source_ranges=public.source_ranges,
            external_traffic_policy="Local" if public.type is ServiceType.LOAD_BALANCER else None,
            annotations=public.annotations,
        ),
        ingress=ingress
        and IngressPlan(
            name=service,
            host=ingress.host,
            class_name=ingress.class_name,
            tls_secret=ingress.tls_secret,
            service=service,
            port=port,
            annotations=ingress.annotations,
        ),
    )


def network_policies(settings: Settings) -> tuple[NetworkPolicyPlan, ...]:
    """The policies of the stack's namespace. Those of etcd and NATS belong to the stack that installs them."""
    access, graph, release = settings.access, graph_name(settings), release_of(settings)
    if not access.network_policies:
        return ()
    # Workers answer the frontend on a port that it opens for each request, so neighbours get all ports.
    neighbours = RulePlan(peers=(NEIGHBOURS,), ports=())
    api = _outsiders((*access.allow_from, *access.metrics_from), release.frontend_port)
    metrics = _outsiders(access.metrics_from, release.system_port)
    scrape = _scrapes(settings)
    around_graph = (
        _policy("frontend", graph, release.pod_labels(graph, None), neighbours, api, scrape.get("frontend")),
        *(
            _policy(name, graph, labels, neighbours, metrics, scrape.get(name))
            for name, labels in release.workers(graph).items()
        ),
    )
    if not settings.platform.install:
        return around_graph
    stores = (
        _policy(
            f"{store}-clients",
            names.PLATFORM_RELEASE,
            _store(store),
            *(neighbours, _graphs(access.graphs_from, port), scrape.get(f"{store}-clients")),
        )
        for store, port in release.stores(settings).items()
    )
    return (*around_graph, *stores)


def _policy(role: str, owner: str, pods: dict[str, str], *rules: RulePlan | None) -> NetworkPolicyPlan:
    return NetworkPolicyPlan(role=role, name=f"{owner}-{role}", pods=pods, rules=tuple(rule for rule in rules if rule))


def _outsiders(sources: Iterable[str], port: int) -> RulePlan | None:
    """Namespaces by name, address ranges by their slash; no rule for nobody, because one without peers is for all."""
    peers = tuple(
        PeersPlan(cidr=source) if "/" in source else PeersPlan(namespaces={NAMESPACE_LABEL: source})
        for source in dict.fromkeys(sources)
    )
    return RulePlan(peers=peers, ports=(port,)) if peers else None


def _scrapes(settings: Settings) -> dict[str, RulePlan]:
    """Prometheus' pods of another namespace, to the port with metrics; in the stack's own it is a neighbour."""
    monitoring = settings.monitoring
    if not monitoring.enabled or monitoring.namespace in (None, settings.namespace):
        return {}
    prometheus = PeersPlan(with_label=names.PROMETHEUS_LABEL, namespaces={NAMESPACE_LABEL: monitoring.namespace})
    return {role: RulePlan(peers=(prometheus,), ports=(port,)) for role, port in scrape_ports(settings).items()}


def _graphs(namespaces: Iterable[str], port: int) -> RulePlan | None:
    """Pods of graphs in these namespaces. That a pod carries a graph's label says nothing: anybody may put it on."""
    peers = tuple(
        PeersPlan(with_label=GRAPH_LABEL, namespaces={NAMESPACE_LABEL: namespace})
        for namespace in dict.fromkeys(namespaces)
    )
    return RulePlan(peers=peers, ports=(port,)) if peers else None


def _store(name: str) -> dict[str, str]:
    return {"app.kubernetes.io/name": name, "app.kubernetes.io/instance": names.PLATFORM_RELEASE}
