"""What is scraped from a stack, which Prometheus scrapes it, and the limits that the alerts compare with."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final, Literal

from wideep import names
from wideep.dynamo import release_of
from wideep.graph.refs import graph_name
from wideep.monitoring.chart import REPOSITORY, chart_values
from wideep.plan.base import PlanModel
from wideep.rules.registry import sites
from wideep.settings import Settings
from wideep.settings.layout import Role

__all__ = ["MonitorPlan", "MonitoringPlan", "monitoring_plan", "scrape_ports"]

STORE_PORT_NAMES: Final = {"etcd": "client", "nats": "prom-metrics"}
"""Container ports with metrics: etcd's is its client port (Bitnami), NATS' that of the exporter beside it."""
NATS_EXPORTER_PORT: Final = 7777


class MonitorPlan(PlanModel):
    """Pods of one kind, and how they are scraped."""

    role: str
    """``frontend``, ``prefill``, ``decode``, ``operator``, ``etcd``, ``nats`` or ``gpu``: a label of each series."""
    name: str
    kind: Literal["PodMonitor", "ServiceMonitor"] = "PodMonitor"
    namespace: str
    """Namespace of the pods."""
    selector: dict[str, str]
    port: str
    """Name of the container's port, or of the Service's port for a ServiceMonitor."""
    secure: bool = False
    """Whether to scrape over HTTPS without verifying the certificate, which nobody signed."""
    token: bool = False
    """Whether the endpoint authenticates its clients: Prometheus then sends its own token."""
    labels: dict[str, str]
    """Labels that are added to each series."""


class MonitoringPlan(PlanModel):
    """Prometheus, what it reads, and the numbers that its alerts compare with."""

    install: bool
    """False: Prometheus exists already, and stays when the stack is destroyed."""
    namespace: str
    """Namespace of Prometheus' pods."""
    charts: str
    version: str
    release: str
    values: dict[str, object]
    """Values of the chart; empty if it is not installed."""
    grafana: bool
    selector_labels: dict[str, str]
    """Labels of the monitors and rules, because Prometheus reads only objects with them."""
    interval_seconds: int
    sample_limit: int
    monitors: tuple[MonitorPlan, ...]
    outside_gb: dict[Role, float]
    """GB that each GPU of a role is likely to need outside the engine's pool, as estimated by ``wideep.memory``."""
    ttft_ms: float | None
    itl_ms: float | None
    """``traffic.ttft`` and ``traffic.itl``. None: the stack sets no limit, and no alert watches it."""


def monitoring_plan(settings: Settings) -> MonitoringPlan | None:
    """Return the part of the Plan that ``monitoring`` decides; None if it is off."""
    monitoring, traffic = settings.monitoring, settings.traffic
    if not monitoring.enabled:
        return None
    ours = {"release": names.MONITORING_RELEASE}
    values = chart_values(monitoring, release_of(settings).api, settings.namespace) if monitoring.install else {}
    return MonitoringPlan(
        install=monitoring.install,
        namespace=monitoring.namespace or settings.namespace,
        charts=monitoring.charts or REPOSITORY,
        version=monitoring.version,
        release=names.MONITORING_RELEASE,
        values=values,
        grafana=monitoring.grafana,
        selector_labels=ours if monitoring.install else monitoring.selector_labels,
        interval_seconds=monitoring.scrape_interval_seconds,
        sample_limit=monitoring.sample_limit,
        monitors=tuple(_monitors(settings)),
        outside_gb={site.name: site.headroom.total / 1e9 for site in sites(settings)},
        ttft_ms=traffic.ttft_ms if traffic else None,
        itl_ms=traffic.itl_ms if traffic else None,
    )


def scrape_ports(settings: Settings) -> dict[str, int]:
    """Return the ports with metrics, by the role of the NetworkPolicy that protects them."""
    release = release_of(settings)
    workers = dict.fromkeys(release.workers(graph_name(settings)), release.system_port)
    stores = {"etcd-clients": release.stores(settings).get("etcd", 0), "nats-clients": NATS_EXPORTER_PORT}
    return {"frontend": release.frontend_port, **workers, **stores}


def _monitors(settings: Settings) -> Iterator[MonitorPlan]:
    graph, release, namespace = graph_name(settings), release_of(settings), settings.namespace
    space = release.dynamo_namespace(namespace, graph)
    for role in (None, *settings.layout.roles):
        name = str(role or "frontend")
        yield MonitorPlan(
            role=name,
            name=f"{graph}-{name}",
            namespace=namespace,
            selector=release.pod_labels(graph, role),
            port="system" if role else "http",
            labels={"role": name, "graph": graph, "dynamo_namespace": space},
        )
    yield from _platform(settings)
    if settings.monitoring.dcgm_namespace is not None:
        # The exporter's own labels (honorLabels) name the pod that uses a GPU, so that queries can join on the pod.
        yield MonitorPlan(
            role="gpu",
            name=f"{graph}-gpu",
            namespace=settings.monitoring.dcgm_namespace,
            selector={"app": "nvidia-dcgm-exporter"},
            port="metrics",
            labels={"role": "gpu"},
        )


def _platform(settings: Settings) -> Iterator[MonitorPlan]:
    """Yield monitors for the operator and the stores, which the stack that installs them scrapes."""
    release, namespace = release_of(settings), settings.namespace
    if not settings.platform.install:
        return
    instance = {"app.kubernetes.io/instance": names.PLATFORM_RELEASE}
    yield MonitorPlan(
        role="operator",
        name=f"{names.PLATFORM_RELEASE}-operator",
        kind="ServiceMonitor" if release.operator_asks_for_token else "PodMonitor",
        namespace=namespace,
        selector={"control-plane": "controller-manager", "app.kubernetes.io/name": "dynamo-operator", **instance},
        port="https",
        secure=True,
        token=release.operator_asks_for_token,
        labels={"role": "operator"},
    )
    for store in release.stores(settings):
        yield MonitorPlan(
            role=store,
            name=f"{names.PLATFORM_RELEASE}-{store}",
            namespace=namespace,
            selector={"app.kubernetes.io/name": store, **instance},
            port=STORE_PORT_NAMES[store],
            labels={"role": store},
        )
