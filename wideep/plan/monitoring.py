"""What is scraped of a stack, by whose Prometheus, and what the alerts are held against."""

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
"""Container ports with metrics: etcd's is that of its clients (Bitnami), NATS' that of the exporter beside it."""
NATS_EXPORTER_PORT: Final = 7777


class MonitorPlan(PlanModel):
    """Pods of one sort, and how they are scraped."""

    role: str
    """``frontend``, ``prefill``, ``decode``, ``operator``, ``etcd``, ``nats`` or ``gpu``: label of each series."""
    name: str
    kind: Literal["PodMonitor", "ServiceMonitor"] = "PodMonitor"
    namespace: str
    """Of the pods."""
    selector: dict[str, str]
    port: str
    """Name of the container's port, or with a ServiceMonitor of the Service's."""
    secure: bool = False
    """HTTPS with a certificate that nobody signed."""
    token: bool = False
    """The endpoint asks who scrapes: Prometheus shows its own token."""
    labels: dict[str, str]
    """Labels that each series gets."""


class MonitoringPlan(PlanModel):
    """Prometheus, what it reads, and the numbers that its alerts are about."""

    install: bool
    """False: it is there already, and stays when the stack is destroyed."""
    namespace: str
    """Of Prometheus' pods."""
    charts: str
    version: str
    release: str
    values: dict[str, object]
    """Of the chart; empty where it is not installed."""
    grafana: bool
    selector_labels: dict[str, str]
    """Monitors and rules carry them, because Prometheus reads no others."""
    interval_seconds: int
    sample_limit: int
    monitors: tuple[MonitorPlan, ...]
    outside_gb: dict[Role, float]
    """What each GPU of a role is likely to need outside the engine's pool, by the estimate of ``wideep.memory``."""
    ttft_ms: float | None
    itl_ms: float | None
    """``traffic.ttft`` and ``traffic.itl``. None: the stack sets no limit, and there is no alert on it."""


def monitoring_plan(settings: Settings) -> MonitoringPlan | None:
    """The part of the Plan that ``monitoring`` decides; None where it is off."""
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
    """Ports with metrics, by the policy's role that protects them."""
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
        # What uses a GPU is named by the exporter's own labels (honorLabels), so that they are joined by pod.
        yield MonitorPlan(
            role="gpu",
            name=f"{graph}-gpu",
            namespace=settings.monitoring.dcgm_namespace,
            selector={"app": "nvidia-dcgm-exporter"},
            port="metrics",
            labels={"role": "gpu"},
        )


def _platform(settings: Settings) -> Iterator[MonitorPlan]:
    """The operator and the stores, which are scraped by the stack that installs them."""
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
