"""Values of the chart kube-prometheus-stack 88, and of its sub-charts grafana and kube-state-metrics.

Monitors and rules are selected by the label ``release``, as the chart does it when nothing is said: the PodMonitors of
Dynamo's chart carry no label, so that nothing is scraped twice.
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
"""Made by kube-state-metrics of the graph's conditions: no release of Dynamo has a metric of them."""
UNREACHABLE: Final = ("kubeControllerManager", "kubeScheduler", "kubeEtcd", "kubeProxy")
"""Parts of a control plane that a managed cluster does not show: the chart's alerts on them would fire forever."""


def chart_values(monitoring: Monitoring, api: GraphApi, namespace: str) -> Values:
    """All values of the release: what the stack's keys say, and its own map over them."""
    ours: Values = {
        "fullnameOverride": names.MONITORING_RELEASE,
        "prometheus": {"prometheusSpec": _prometheus(monitoring)},
        # Its hooks need images from another registry, and rules are checked before they are written.
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
    """Dashboards come from ConfigMaps of the stack's namespace: another stack's belong to another Grafana."""
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
    """Conditions of graphs as a gauge: 1 for True, 0 for False (kube-state-metrics, customresourcestate-metrics.md)."""
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
