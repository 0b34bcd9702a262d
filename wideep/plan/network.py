"""Access to the pods: the frontend's Services and Ingress, and the NetworkPolicies of frontend, workers and stores.

Policies are additive: a pod that no policy selects accepts every connection, and a pod that several select accepts what
any of them admits. All policies here are about ingress.
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
    """``Local`` keeps the caller's address, which NetworkPolicies judge by; None: Kubernetes' default."""
    annotations: dict[str, str]


class IngressPlan(PlanModel):
    """An Ingress in front of the operator's Service of the frontend."""

    name: str
    host: str
    class_name: str
    tls_secret: str | None
    service: str
    port: int
    annotations: dict[str, str]


class FrontendPlan(PlanModel):
    """The Services and the Ingress of the OpenAI-compatible API."""

    service: str
    """Name of the operator's Service, inside the cluster."""
    port: int
    public: PublicServicePlan | None
    ingress: IngressPlan | None


class PeersPlan(PlanModel):
    """Peers that may connect: pods of some namespaces, or an address range. With nothing set, all pods of the policy's
    own namespace."""

    with_label: str | None = None
    """Admit only pods that have this label, whatever its value. None: all pods."""
    namespaces: dict[str, str] | None = None
    """Labels of the namespaces; empty: all namespaces. None: the policy's own."""
    cidr: str | None = None
    """An address range, instead of pods."""


class RulePlan(PlanModel):
    """Peers that may connect, and the ports that they may connect to."""

    peers: tuple[PeersPlan, ...]
    ports: tuple[int, ...]
    """TCP ports; empty: all."""


class NetworkPolicyPlan(PlanModel):
    """A NetworkPolicy: the pods that it selects accept only the connections that ``rules`` admit."""

    role: str
    """What the policy protects: another graph's policy has another name and the same role."""
    name: str
    pods: dict[str, str]
    """Labels of the pods that the policy protects."""
    rules: tuple[RulePlan, ...]


NAMESPACE_LABEL: Final = "kubernetes.io/metadata.name"
"""A label that the API server sets on every namespace."""
NEIGHBOURS: Final = PeersPlan()
"""All pods of the policy's own namespace."""


def frontend_plan(settings: Settings) -> FrontendPlan:
    """Return the operator's Service of the frontend, and what exposes it outside the cluster."""
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
    """Return the policies of the stack's namespace. Those of etcd and NATS belong to the stack that installs them."""
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
    """Return a rule that admits namespaces by name and address ranges, which contain a slash.

    Return None if there are no sources, because a rule without peers would admit everybody.
    """
    peers = tuple(
        PeersPlan(cidr=source) if "/" in source else PeersPlan(namespaces={NAMESPACE_LABEL: source})
        for source in dict.fromkeys(sources)
    )
    return RulePlan(peers=peers, ports=(port,)) if peers else None


def _scrapes(settings: Settings) -> dict[str, RulePlan]:
    """Return rules that admit the pods of a Prometheus in another namespace to the port with metrics.

    In the stack's own namespace Prometheus is a neighbour and needs no rule.
    """
    monitoring = settings.monitoring
    if not monitoring.enabled or monitoring.namespace in (None, settings.namespace):
        return {}
    prometheus = PeersPlan(with_label=names.PROMETHEUS_LABEL, namespaces={NAMESPACE_LABEL: monitoring.namespace})
    return {role: RulePlan(peers=(prometheus,), ports=(port,)) for role, port in scrape_ports(settings).items()}


def _graphs(namespaces: Iterable[str], port: int) -> RulePlan | None:
    """Return a rule that admits the pods of graphs in these namespaces, or None if there are none. The label alone
    proves nothing, because anybody may set it."""
    peers = tuple(
        PeersPlan(with_label=GRAPH_LABEL, namespaces={NAMESPACE_LABEL: namespace})
        for namespace in dict.fromkeys(namespaces)
    )
    return RulePlan(peers=peers, ports=(port,)) if peers else None


def _store(name: str) -> dict[str, str]:
    return {"app.kubernetes.io/name": name, "app.kubernetes.io/instance": names.PLATFORM_RELEASE}
