"""The metrics that dashboards and alerts may use: what each measures, which component exposes it, and in which
releases.

0.6 and 1.6 were read and scraped: Dynamo's own metrics from the real frontends and workers of 0.6.0 and 1.6.1, SGLang's
from its wheels 0.5.3.post2 and 0.5.21. A release between them certainly has only the metrics that both have, unless
``since`` names the release that added a metric.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final, Literal

from wideep.dynamo.releases import ReleaseRow

__all__ = ["METRICS", "TARGET_LABELS", "Kind", "Metric", "known_series", "named_series"]

Kind = Literal["counter", "gauge", "histogram", "summary"]
Minor = tuple[int, int]

FIRST: Final[Minor] = (0, 6)
LAST: Final[Minor] = (1, 6)
TARGET_LABELS: Final = frozenset(
    {"namespace", "pod", "container", "job", "instance", "endpoint", "node", "role", "graph", "dynamo_namespace"}
)
"""Labels that this program's monitors give each series (``components.monitoring.monitor_spec``)."""
SUFFIXES: Final[Mapping[Kind, tuple[str, ...]]] = MappingProxyType(
    {"counter": ("",), "gauge": ("",), "histogram": ("_bucket", "_sum", "_count"), "summary": ("_sum", "_count")}
)
_NAME: Final = re.compile(r"[a-zA-Z_:][a-zA-Z0-9_:]*")


@dataclass(frozen=True)
class Metric:
    """One metric, as far as dashboards and alerts need it."""

    name: str
    kind: Kind
    unit: str
    """``s``, ``bytes``, ``ratio`` (0 to 1), ``percent``, ``MiB``, or the name of the thing that is counted."""
    labels: frozenset[str]
    """The metric's own labels, beside ``TARGET_LABELS``."""
    by: str
    """The component that exposes it."""
    read: frozenset[Minor]
    """The minors in which it was read or scraped."""
    since: Minor | None
    """The minor that added the metric, if a change in Dynamo states it; else None."""
    source: str

    def is_in(self, release: ReleaseRow) -> bool:
        """Tell whether a release is known to have the metric."""
        minor = release.minor
        if self.since is not None:
            return minor >= self.since
        if minor in (FIRST, LAST):
            return minor in self.read
        return {FIRST, LAST} <= self.read

    @property
    def series(self) -> dict[str, frozenset[str]]:
        """Names of the metric's series, with their labels."""
        own = self.labels | TARGET_LABELS
        return {f"{self.name}{end}": own | ({"le"} if end == "_bucket" else set()) for end in SUFFIXES[self.kind]}


def known_series(release: ReleaseRow) -> dict[str, frozenset[str]]:
    """Return the series that a release has, with the labels of each."""
    found: dict[str, frozenset[str]] = {}
    for metric in METRICS:
        if metric.is_in(release):
            found |= metric.series
    return found


def named_series(query: str) -> frozenset[str]:
    """Return the names of the catalogue's series in a query, whichever release has them."""
    return frozenset(_NAME.findall(query)) & _ALL


_BOTH: Final = frozenset({FIRST, LAST})
_OLD: Final = frozenset({FIRST})
_NEW: Final = frozenset({LAST})
_READ: Final[Mapping[str, frozenset[Minor]]] = {"both": _BOTH, "old": _OLD, "new": _NEW}
_SCRAPED: Final = "scrape of the real frontend and worker"
_SGLANG: Final = "sglang/srt/metrics/collector.py"
_DCGM: Final = "NVIDIA/dcgm-exporter etc/dcp-metrics-included.csv"
_FRONTEND: Final = """
both requests_total                  counter   requests endpoint,model,request_type,status
both inflight_requests               gauge     requests model
both queued_requests                 gauge     requests model
both request_duration_seconds        histogram s        model
both time_to_first_token_seconds     histogram s        model
both inter_token_latency_seconds     histogram s        model
both input_sequence_tokens           histogram tokens   model
both output_sequence_tokens          histogram tokens   model
both disconnected_clients            gauge     clients
both model_migration_limit           gauge     requests model
new  output_tokens_total             counter   tokens   model
new  cached_tokens                   histogram tokens   model
new  model_ready                     gauge     bool     model
new  active_requests                 gauge     requests model
new  model_rejection_total           counter   requests model,endpoint
"""
_WORKER: Final = """
both requests_total                  counter   requests dynamo_component,dynamo_endpoint,model
both request_duration_seconds        histogram s        dynamo_component,dynamo_endpoint,model
both inflight_requests               gauge     requests dynamo_component,dynamo_endpoint,model
both uptime_seconds                  gauge     s
old  nats_client_connection_state    gauge     state
"""
_ENGINE: Final = """
both num_running_reqs                gauge     requests
both num_queue_reqs                  gauge     requests
both num_used_tokens                 gauge     tokens
both token_usage                     gauge     ratio
both gen_throughput                  gauge     tokens/s
both cache_hit_rate                  gauge     ratio
both num_retracted_reqs              gauge     requests pid
old  num_prefill_prealloc_queue_reqs gauge     requests
new  num_prefill_bootstrap_queue_reqs gauge    requests
both num_prefill_inflight_queue_reqs gauge     requests
both num_decode_prealloc_queue_reqs  gauge     requests
both num_decode_transfer_queue_reqs  gauge     requests
both num_bootstrap_failed_reqs_total counter   requests
both num_transfer_failed_reqs_total  counter   requests
both per_stage_req_latency_seconds   histogram s        stage
both queue_time_seconds              histogram s
both time_to_first_token_seconds     histogram s
both inter_token_latency_seconds     histogram s
both prompt_tokens_total             counter   tokens
both generation_tokens_total         counter   tokens
new  weight_memory_usage_gb          gauge     GiB
new  kv_cache_memory_usage_gb        gauge     GiB
new  eplb_balancedness               summary   ratio    forward_mode
"""
_GPU: Final = """
both DCGM_FI_DEV_FB_USED             gauge     MiB      gpu,UUID,device,modelName,Hostname
both DCGM_FI_DEV_GPU_UTIL            gauge     percent  gpu,UUID,device,modelName,Hostname
both DCGM_FI_DEV_GPU_TEMP            gauge     celsius  gpu,UUID,device,modelName,Hostname
both DCGM_FI_DEV_POWER_USAGE         gauge     W        gpu,UUID,device,modelName,Hostname
both DCGM_FI_DEV_XID_ERRORS          gauge     code     gpu,UUID,device,modelName,Hostname
"""
_PLATFORM: Final = """
both up                                            gauge     bool     -                   Prometheus
both controller_runtime_reconcile_total            counter   calls    controller,result   operator
both controller_runtime_reconcile_errors_total     counter   calls    controller          operator
both workqueue_depth                               gauge     items    name                operator
both etcd_server_has_leader                        gauge     bool     -                   etcd
both etcd_mvcc_db_total_size_in_bytes              gauge     bytes    -                   etcd
both nats_varz_connections                         gauge     clients  server_id           nats
both nats_varz_slow_consumers                      gauge     clients  server_id           nats
both kube_pod_status_phase                         gauge     bool     phase,uid           kube-state-metrics
both kube_pod_container_status_restarts_total      counter   restarts uid                 kube-state-metrics
both kubelet_volume_stats_available_bytes          gauge     bytes    persistentvolumeclaim kubelet
both kubelet_volume_stats_capacity_bytes           gauge     bytes    persistentvolumeclaim kubelet
both dynamo_graph_status_condition                 gauge     bool     condition,graph_namespace kube-state-metrics
"""
_ENGINE_LABELS: Final = frozenset({"model_name", "engine_type", "tp_rank", "pp_rank", "dp_rank"})
_PLATFORM_SOURCES: Final = {
    "Prometheus": "Prometheus' own",
    "operator": "controller-runtime's",
    "etcd": "etcd's own",
    "nats": "prometheus-nats-exporter",
    "kube-state-metrics": "kube-state-metrics' pod metrics, and wideep/monitoring/chart.py",
    "kubelet": "kubelet's volume stats",
}


def _rows(table: str, prefix: str, by: str, source: str, labels: frozenset[str] = frozenset()) -> Iterator[Metric]:
    for line in table.strip().splitlines():
        when, name, kind, unit, *last = line.split()
        own, exposes = (*last, "-", "-")[:2]
        exposes = by if exposes == "-" else exposes
        more = frozenset(own.split(",")) - {"-"}
        where = source or _PLATFORM_SOURCES[exposes]
        yield Metric(f"{prefix}{name}", _kind(kind), unit, labels | more, exposes, _READ[when], None, where)


def _kind(word: str) -> Kind:
    return next(kind for kind in SUFFIXES if kind == word)


_OPERATOR_SINCE: Final = Metric(
    "dynamo_operator_resources_total",
    "gauge",
    "objects",
    frozenset({"resource_type", "status"}),
    "operator",
    _NEW,
    (0, 9),
    "dynamo#5543",
)
METRICS: Final[tuple[Metric, ...]] = (
    *_rows(_FRONTEND, "dynamo_frontend_", "frontend", _SCRAPED),
    *_rows(_WORKER, "dynamo_component_", "worker", _SCRAPED),
    *_rows(_ENGINE, "sglang:", "SGLang", _SGLANG, _ENGINE_LABELS),
    *_rows(_GPU, "", "DCGM exporter", _DCGM),
    *_rows(_PLATFORM, "", "", ""),
    _OPERATOR_SINCE,
)
"""All metrics, by the component that exposes them. Gauges that SGLang 0.5.3 has and never sets are left out:
``kv_transfer_speed_gb_s``, ``kv_transfer_latency_ms``, ``utilization``; so is ``dynamo_frontend_model_workers``, which
appeared in no scrape."""
_ALL: Final = frozenset(name for metric in METRICS for name in metric.series)
