"""``monitoring``: Prometheus, Grafana, and what they read from a stack."""

from __future__ import annotations

from typing import Annotated, Final

from pydantic import Field, StringConstraints

from wideep.settings.base import SettingsModel
from wideep.settings.grammar import ChartAddress, LabelKey, LabelValue, ObjectName, Version
from wideep.settings.quantity import Quantity
from wideep.settings.serving import PodResources

__all__ = ["CHART_VERSION", "Monitoring"]

CHART_VERSION: Final = "88.5.3"
"""The newest kube-prometheus-stack whose chart was read (22 Aug 2026, Prometheus 3.14, Kubernetes 1.25 or newer)."""
Namespace = Annotated[str, StringConstraints(pattern=r"^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$")]
Duration = Annotated[str, StringConstraints(pattern=r"^[1-9][0-9]{0,4}[hdwy]$")]


class Monitoring(SettingsModel):
    """Prometheus and Grafana for the stack, installed by it or already in the cluster."""

    enabled: bool = False
    """Scrape frontend, workers, operator, etcd, NATS and GPUs, with dashboards and alerts. This also turns on the
    engine's own metrics, which restarts the workers."""
    install: bool = True
    """Install kube-prometheus-stack in the stack's namespace; one such stack per cluster. False: the cluster has a
    Prometheus operator, and ``namespace`` and ``selectorLabels`` say which Prometheus to use."""
    namespace: Namespace | None = None
    """With ``install: false``: the namespace of the existing Prometheus. Its pods may then read the metrics."""
    selector_labels: dict[LabelKey, LabelValue] = Field(default_factory=dict[LabelKey, LabelValue])
    """With ``install: false``: labels by which that Prometheus selects monitors and rules, such as ``{release:
    prometheus}`` (``kubectl get prometheus -A -o jsonpath='{..podMonitorSelector}'``)."""
    charts: ChartAddress | None = None
    """Where the chart comes from: a Helm repository (https), an ``oci://`` registry or a folder. None:
    prometheus-community's."""
    version: Version = CHART_VERSION
    """Version of the chart kube-prometheus-stack. Helm installs its CRDs once and never upgrades them:
    docs/monitoring.md."""
    retention: Duration = "10d"
    """How long Prometheus keeps samples (``12h``, ``10d``)."""
    storage: Quantity | None = None
    """Size of Prometheus' volume. None: it keeps samples in its pod, and loses them with the pod."""
    storage_class: ObjectName | None = None
    """None: the cluster's default class."""
    resources: PodResources = PodResources()
    """CPU and memory of Prometheus' pod. Not set: no limit."""
    scrape_interval_seconds: Annotated[int, Field(ge=5, le=60)] = 15
    """Seconds between two scrapes. Rates over a minute need at least two samples."""
    sample_limit: Annotated[int, Field(ge=100, le=1_000_000)] = 20_000
    """Series that one pod may expose; a scrape with more fails as a whole. On Dynamo 0.6 any client can create series
    by requesting models that do not exist."""
    dcgm_namespace: Namespace | None = "gpu-operator"
    """Namespace of NVIDIA's DCGM exporter (app ``nvidia-dcgm-exporter``). ``null``: GPUs are not scraped."""
    grafana: bool = True
    """Install Grafana with a generated password, which is kept in the state. False: dashboards are made for an existing
    Grafana."""
    values: dict[str, object] = Field(default_factory=dict[str, object])
    """Further values of the chart kube-prometheus-stack, merged over those that this program sets."""
