"""Prometheus and Grafana as a Helm release, and what they read of this stack: monitors, alerts and dashboards.

Helm installs the chart's CRDs if they are missing, and leaves them when the release is deleted: monitors and rules of
others stay. Prometheus selects objects by label only (``MonitoringPlan.selector_labels``).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import pulumi
import pulumi_kubernetes as k8s
import pulumi_random as random

from components.base import Component
from components.helm_chart import ChartSource
from components.lifecycle.error_context import ErrorContext
from components.lifecycle.helm_releases import release_note, unlock_release_hook
from components.lifecycle.ownership import stack_name
from wideep import names
from wideep.dynamo import release as dynamo_release
from wideep.monitoring.alerts import rule_group
from wideep.monitoring.chart import CHART
from wideep.monitoring.dashboards import dashboard_json
from wideep.monitoring.panels import DASHBOARDS
from wideep.plan import MonitoringPlan, MonitorPlan, Plan
from wideep.resource_names import GRAFANA_SECRET, MONITORING_RELEASE

__all__ = ["Monitoring", "MonitoringArgs", "monitor_spec"]

API: Final = "monitoring.coreos.com/v1"
CRD: Final = "podmonitors.monitoring.coreos.com"
PASSWORD_LENGTH: Final = 32
"""Letters and digits: 190 bits."""
HELM_SECONDS: Final = 600
TOKEN_FILE: Final = "/var/run/secrets/kubernetes.io/serviceaccount/token"  # noqa: S105 - a path
Spec = dict[str, object]


@dataclass(frozen=True)
class MonitoringArgs:
    """What to scrape, and with which Prometheus."""

    namespace: pulumi.Input[str]
    """The stack's namespace: its monitors, rules and dashboards are there, wherever Prometheus runs."""
    plan: MonitoringPlan
    stack: Plan
    """The Plan that dashboards and alerts describe."""
    depends_on: tuple[pulumi.Resource, ...] = ()


class Monitoring(Component):
    """The release and everything that it reads of the stack. With ``install: false``, a lookup of the CRD takes the
    release's place.

    >>> Monitoring("monitoring", MonitoringArgs("dynamo-workshop", plan.monitoring, plan))
    """

    def __init__(self, name: str, args: MonitoringArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__(name, opts, ErrorContext(charts=args.plan.charts))
        self._name, self._args = name, args
        after = [self._install() if args.plan.install else self._find()]
        for monitor in args.plan.monitors:
            self._object(f"{monitor.role}-monitor", monitor.kind, monitor.name, monitor_spec(args.plan, monitor), after)
        release = dynamo_release(args.stack.platform.version).row
        alerts: Spec = {"groups": [rule_group(args.stack, release)]}
        self._object("alerts", "PrometheusRule", f"{args.stack.name}-wide-ep", alerts, after)
        for board in DASHBOARDS:
            self._dashboard(board.slug, dashboard_json(board, args.stack, release))
        self.register_outputs({})

    def _install(self) -> pulumi.Resource:
        plan, before = self._args.plan, list(self._args.depends_on)
        if plan.grafana:
            before.append(self._password())
        source = ChartSource(plan.charts, CHART, plan.version)
        release = k8s.helm.v3.ReleaseArgs(
            name=plan.release,
            namespace=self._args.namespace,
            chart=source.reference,
            version=source.asked_version,
            repository_opts=source.repository,
            values=plan.values,
            timeout=HELM_SECONDS,
            description=release_note(stack_name()),
        )
        unlock = pulumi.ResourceHookBinding(before_update=[unlock_release_hook(self.hook_name("unlock"))])
        options = self.api_child(depends_on=before, hooks=unlock)
        return k8s.helm.v3.Release(MONITORING_RELEASE.of(self._name), release, opts=options)

    def _password(self) -> pulumi.Resource:
        """Create the Secret of Grafana's administrator. The chart's own password would change with every upgrade."""
        drawn = random.RandomPassword(
            f"{self._name}-password", length=PASSWORD_LENGTH, special=False, opts=self.child()
        )
        data = {
            names.GRAFANA_USER_KEY: pulumi.Output.from_input("admin"),
            names.GRAFANA_PASSWORD_KEY: pulumi.Output.secret(drawn.result),
        }
        return k8s.core.v1.Secret(
            GRAFANA_SECRET.of(self._name),
            metadata=self.metadata(names.GRAFANA_SECRET, self._args.namespace),
            string_data=data,
            opts=self.api_child(),
        )

    def _find(self) -> pulumi.Resource:
        """Read a CRD of the Prometheus operator, so that the preview fails on a cluster without it."""
        return k8s.apiextensions.v1.CustomResourceDefinition.get(f"{self._name}-crd", CRD, opts=self.child())

    def _dashboard(self, slug: str, content: str) -> None:
        """Create a ConfigMap that the sidecar of a Grafana reads: this stack's, or another one that watches this
        namespace."""
        labels = {names.DASHBOARD_LABEL: "1"}
        k8s.core.v1.ConfigMap(
            f"{self._name}-{slug}-dashboard",
            metadata=self.metadata(f"{self._args.stack.name}-{slug}", self._args.namespace, labels=labels),
            data={f"{self._args.stack.name}-{slug}.json": content},
            opts=self.api_child(),
        )

    def _object(self, name: str, kind: str, called: str, spec: Spec, after: Sequence[pulumi.Resource]) -> None:
        """Create an object that the Prometheus operator reads."""
        metadata = self.metadata(called, self._args.namespace, labels=self._args.plan.selector_labels)
        k8s.apiextensions.CustomResource(
            f"{self._name}-{name}",
            api_version=API,
            kind=kind,
            metadata=metadata,
            spec=spec,
            opts=self.api_child(depends_on=after),
        )


def monitor_spec(plan: MonitoringPlan, monitor: MonitorPlan) -> Spec:
    """Return the ``spec`` of a PodMonitor or ServiceMonitor. An exporter's own labels take precedence over those of its
    pod: DCGM's labels name the pod that uses a GPU."""
    constants = [{"targetLabel": label, "replacement": value} for label, value in monitor.labels.items()]
    node = {"sourceLabels": ["__meta_kubernetes_pod_node_name"], "targetLabel": "node"}
    endpoint: Spec = {
        "port": monitor.port,
        "path": "/metrics",
        "interval": f"{plan.interval_seconds}s",
        "honorLabels": True,
        "relabelings": [*constants, node],
    }
    if monitor.secure:
        endpoint |= {"scheme": "https", "tlsConfig": {"insecureSkipVerify": True}}
    if monitor.token:
        endpoint |= {"bearerTokenFile": TOKEN_FILE}
    return {
        "selector": {"matchLabels": monitor.selector},
        "namespaceSelector": {"matchNames": [monitor.namespace]},
        "sampleLimit": plan.sample_limit,
        ("endpoints" if monitor.kind == "ServiceMonitor" else "podMetricsEndpoints"): [endpoint],
    }
