"""Values of the chart kube-prometheus-stack 88, and of its sub-charts grafana and kube-state-metrics.

Monitors and rules are selected by the label ``release``, which is the chart's default. The PodMonitors of Dynamo's
chart do not have that label, so nothing is scraped twice.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from wideep import names
from wideep.dynamo.api import GROUP, GraphApi
from wideep.dynamo.chart import merged
from wideep.settings.monitoring import Monitoring

__all__ = ["CHART", "GRAPH_CONDITION", "REPOSITORY", "chart_values"]

Values = dict[str, object]

CHART: Final = "kube-prometheus-stack"
REPOSITORY: Final = "https://prometheus-community.github.io/helm-charts"
GRAPH_METRICS: Final = "dynamo_graph"
GRAPH_CONDITION: Final = f"{GRAPH_METRICS}_status_condition"
"""A metric that kube-state-metrics makes from the graph's conditions: no release of Dynamo has one for them."""
UNREACHABLE: Final = ("kubeControllerManager", "kubeScheduler", "kubeEtcd", "kubeProxy")
"""Parts of a control plane that a managed cluster hides: the chart's alerts on them would fire forever."""


def chart_values(monitoring: Monitoring, api: GraphApi, namespace: str) -> Values:
    """Return all values of the Helm release: those of the stack's keys, overridden by ``monitoring.values``."""
    ours: Values = {
        "fullnameOverride": names.MONITORING_RELEASE,
        "prometheus": {"prometheusSpec": _prometheus(monitoring)},
        # The webhooks' hooks need images from another registry, and this program checks rules before it writes them.
        "prometheusOperator": {"admissionWebhooks": {"enabled": False}, "tls": {"enabled": False}},
        "grafana": _grafana(namespace) if monitoring.grafana else {"enabled": False},
        "kube-state-metrics": _graph_state(api),
        **{part: {"enabled": False} for part in UNREACHABLE},
    }
    return merged(ours, monitoring.values)


def _prometheus(monitoring: Monitoring) -> Values:
    given = {"cpu": monitoring.resources.cpu, "memory": monitoring.resources.memory}
    limits = {name: value for name, value in given.items() if value is not None}
    return {
        "retention": monitoring.retention,
        "scrapeInterval": f"{monitoring.scrape_interval_seconds}s",
        **({"resources": {"requests": limits, "limits": limits}} if limits else {}),
        **({"storageSpec": {"volumeClaimTemplate": {"spec": _claim(monitoring)}}} if monitoring.storage else {}),
    }


def _claim(monitoring: Monitoring) -> Values:
    return {
        "accessModes": ["ReadWriteOnce"],
        "resources": {"requests": {"storage": monitoring.storage}},
        **({"storageClassName": monitoring.storage_class} if monitoring.storage_class else {}),
    }


def _grafana(namespace: str) -> Values:
    """Return Grafana's values. It reads dashboards from ConfigMaps of the stack's namespace only: another stack's
    dashboards belong to another Grafana."""
    return {
        "enabled": True,
        "admin": {
            "existingSecret": names.GRAFANA_SECRET,
            "userKey": names.GRAFANA_USER_KEY,
            "passwordKey": names.GRAFANA_PASSWORD_KEY,
        },
        "sidecar": {
            "dashboards": {
                "enabled": True,
                "label": names.DASHBOARD_LABEL,
                "labelValue": "1",
                "searchNamespace": namespace,
            }
        },
    }


def _graph_state(api: GraphApi) -> Values:
    """Return values that expose a graph's conditions as a gauge: 1 for True, 0 for False (kube-state-metrics,
    customresourcestate-metrics.md)."""
    graphs: Mapping[str, object] = {
        "groupVersionKind": {"group": GROUP, "version": api.version, "kind": api.kind},
        "metricNamePrefix": GRAPH_METRICS,
        "labelsFromPath": {"graph": ["metadata", "name"], "graph_namespace": ["metadata", "namespace"]},
        "metrics": [
            {
                "name": GRAPH_CONDITION.removeprefix(f"{GRAPH_METRICS}_"),
                "help": "A condition of a DynamoGraphDeployment: 1 if it is True",
                "each": {
                    "type": "Gauge",
                    "gauge": {
                        "path": ["status", "conditions"],
                        "labelsFromPath": {"condition": ["type"]},
                        "valueFrom": ["status"],
                    },
                },
            }
        ],
    }
    rules = [
        {"apiGroups": [GROUP], "resources": [api.plural], "verbs": ["list", "watch"]},
        {
            "apiGroups": ["apiextensions.k8s.io"],
            "resources": ["customresourcedefinitions"],
            "verbs": ["list", "watch"],
        },
    ]
    config = {"kind": "CustomResourceStateMetrics", "spec": {"resources": [graphs]}}
    return {"customResourceState": {"enabled": True, "config": config}, "rbac": {"extraRules": rules}}
