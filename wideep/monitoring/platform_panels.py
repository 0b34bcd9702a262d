"""The dashboard Platform: the components and resources that the graph runs on."""

from __future__ import annotations

from typing import Final

from wideep.monitoring.panel import Panel, Query

__all__ = ["PLATFORM"]


PLATFORM: Final = (
    Panel(
        "Graph",
        "Conditions of the graph: 1 is True.",
        "short",
        (Query('dynamo_graph_status_condition{graph="$graph", graph_namespace="$namespace"}', "{{condition}}"),),
    ),
    Panel(
        "Scrapes",
        "Pods that answer a scrape, by role.",
        "short",
        (Query('sum by (role) (up{namespace="$namespace", role!=""})', "{{role}}"),),
    ),
    Panel(
        "Operator",
        "Reconciles that failed, and what waits to be reconciled.",
        "short",
        (
            Query(
                """sum by (controller)
                (rate(controller_runtime_reconcile_errors_total{role="operator"}[$__rate_interval]))""",
                "errors/s {{controller}}",
            ),
            Query('sum by (name) (workqueue_depth{role="operator"})', "waiting {{name}}"),
        ),
    ),
    Panel(
        "Objects of the operator",
        "Graphs and components by state, in all namespaces that it looks after.",
        "short",
        (
            Query(
                "sum by (resource_type, status) (dynamo_operator_resources_total)",
                "{{resource_type}} {{status}}",
            ),
        ),
    ),
    Panel(
        "etcd and NATS",
        "Whether etcd has a leader, and NATS' clients. Dynamo 1.4 and newer install neither.",
        "short",
        (
            Query('min(etcd_server_has_leader{role="etcd"})', "etcd has a leader"),
            Query('sum(nats_varz_connections{role="nats"})', "NATS clients"),
            Query('sum(nats_varz_slow_consumers{role="nats"})', "NATS slow consumers"),
        ),
    ),
    Panel(
        "Restarts",
        "Restarts of containers in the last hour.",
        "short",
        (
            Query(
                'sum by (pod) (increase(kube_pod_container_status_restarts_total{namespace="$namespace"}[1h])) > 0',
                "{{pod}}",
            ),
        ),
    ),
    Panel(
        "Pending pods",
        "Pods that wait for a node, an image or a volume.",
        "short",
        (Query('sum(kube_pod_status_phase{namespace="$namespace", phase="Pending"})', "pending"),),
    ),
    Panel(
        "Volumes",
        "Share of each volume that is free. Not every driver of shared volumes reports it.",
        "percentunit",
        (
            Query(
                """kubelet_volume_stats_available_bytes{namespace="$namespace"}
                / kubelet_volume_stats_capacity_bytes{namespace="$namespace"}""",
                "{{persistentvolumeclaim}}",
            ),
        ),
    ),
    Panel(
        "GPU utilization",
        "Mean of each pod's GPUs.",
        "percent",
        (Query('avg by (pod) (DCGM_FI_DEV_GPU_UTIL{namespace="$namespace"})', "{{pod}}"),),
    ),
    Panel(
        "GPU errors",
        "The last XID of each GPU: a code, which stays after the error. NVIDIA's table says what it means.",
        "short",
        (Query('max by (Hostname, gpu) (DCGM_FI_DEV_XID_ERRORS{role="gpu"}) > 0', "{{Hostname}} GPU {{gpu}}"),),
    ),
)
