"""The stand-in exporter's pages: what an operator, etcd, NATS, kube-state-metrics, a kubelet and the DCGM exporter
would report about the simulated cluster. Names, types and labels are those of wideep's catalogue; any other name is an
error."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from sim.kubectl_exec.nvidia_smi import UTILIZATION, Gpu, gpus
from sim.kubectl_exec.pod import Here
from sim.operator import contract
from sim.operator.contract import Manifest
from wideep.monitoring.catalogue import METRICS, TARGET_LABELS

PHASES: Final = ("Pending", "Running", "Succeeded", "Failed", "Unknown")
BUSY, IDLE = 95, 0
"""Percent utilization of GPUs whose worker has had a request since it was last polled, and of others."""
FREE, FULL = 0.65, 0.02
"""Free share of a volume, and its free share under the fault volume-full."""
_ROWS: Final = {each.name: each for each in METRICS}


@dataclass
class Page:
    """One page in Prometheus' text format."""

    lines: dict[str, list[str]] = field(default_factory=dict[str, list[str]])

    def add(self, name: str, value: float, /, **labels: str) -> None:
        """Add one sample. Raises KeyError for a metric, and ValueError for a label, that the catalogue lacks."""
        row = _ROWS[name]
        if unknown := labels.keys() - row.labels - TARGET_LABELS:
            raise ValueError(f"{name} has no label {', '.join(sorted(unknown))}")
        kept = self.lines.setdefault(name, [f"# TYPE {name} {row.kind}"])
        words = ",".join(f'{key}="{each}"' for key, each in labels.items())
        kept.append(f"{name}{{{words}}} {value:g}")

    @property
    def text(self) -> str:
        """The page's text, metric by metric."""
        return "".join(f"{line}\n" for lines in self.lines.values() for line in lines)


@dataclass(frozen=True)
class Controller:
    """Counts of one controller of the simulated operator since the agent started."""

    name: str
    done: int
    failed: int
    waiting: int


def operator(controllers: Iterable[Controller], graphs: Sequence[Manifest], *, newer: bool) -> Page:
    """Return an operator's page; with `newer` it has the metrics that Dynamo 0.9 added."""
    page = Page()
    for each in controllers:
        page.add("controller_runtime_reconcile_total", each.done, controller=each.name, result="success")
        page.add("controller_runtime_reconcile_total", each.failed, controller=each.name, result="error")
        page.add("controller_runtime_reconcile_errors_total", each.failed, controller=each.name)
        page.add("workqueue_depth", each.waiting, name=each.name)
    states = [(graph["metadata"]["namespace"], (graph.get("status") or {}).get("state", "pending")) for graph in graphs]
    for space, state in sorted(set(states)) if newer else ():
        labels = {"resource_type": contract.GRAPH, "namespace": space, "status": state}
        page.add("dynamo_operator_resources_total", states.count((space, state)), **labels)
    return page


def etcd(database_bytes: int) -> Page:
    """Return the page of an etcd member that is the leader."""
    page = Page()
    page.add("etcd_server_has_leader", 1)
    page.add("etcd_mvcc_db_total_size_in_bytes", database_bytes)
    return page


def nats(connections: int) -> Page:
    """Return the page of a NATS server with so many clients, none of them slow."""
    page = Page()
    page.add("nats_varz_connections", connections, server_id="sim")
    page.add("nats_varz_slow_consumers", 0, server_id="sim")
    return page


def kube_state(pods: Sequence[Manifest], graphs: Sequence[Manifest]) -> Page:
    """Return phases and restarts of all pods, and graph conditions in the form that `wideep/monitoring/chart.py`
    sets."""
    page = Page()
    for pod in pods:
        meta, status = pod["metadata"], pod.get("status") or {}
        which = {"namespace": meta["namespace"], "pod": meta["name"], "uid": meta["uid"]}
        for phase in PHASES:
            page.add("kube_pod_status_phase", status.get("phase") == phase, **which, phase=phase)
        for each in status.get("containerStatuses") or []:
            restarts = each.get("restartCount", 0)
            page.add("kube_pod_container_status_restarts_total", restarts, **which, container=each["name"])
    for graph in graphs:
        meta = graph["metadata"]
        for each in (graph.get("status") or {}).get("conditions") or []:
            labels = {"graph": meta["name"], "graph_namespace": meta["namespace"], "condition": each["type"]}
            page.add("dynamo_graph_status_condition", each["status"] == "True", **labels)
    return page


def kubelet(claims: Sequence[Manifest], *, full: bool) -> Page:
    """Return the volumes of all bound claims; almost full with `full` (the fault volume-full)."""
    page = Page()
    for claim in claims:
        meta, size = claim["metadata"], ((claim.get("status") or {}).get("capacity") or {}).get("storage")
        if size is None:
            continue
        labels = {"namespace": meta["namespace"], "persistentvolumeclaim": meta["name"]}
        page.add("kubelet_volume_stats_capacity_bytes", _bytes(size), **labels)
        page.add("kubelet_volume_stats_available_bytes", _bytes(size) * (FULL if full else FREE), **labels)
    return page


def dcgm(node: Manifest, pods: Sequence[Manifest], busy: Mapping[str, bool]) -> Page:
    """Return the GPUs of a node that its pods hold; `busy` is by uid of the pod."""
    page = Page()
    taken = 0
    for pod in pods:
        here = Here(pod, node)
        for gpu in gpus(here) if here.gpus else ():
            _gpu(page, gpu, taken, pod, _utilization(pod, gpu, busy=busy.get(pod["metadata"]["uid"], False)))
            taken += 1
    return page


def _gpu(page: Page, gpu: Gpu, number: int, pod: Manifest, utilization: int) -> None:
    meta, node = pod["metadata"], pod["spec"]["nodeName"]
    labels = {
        "gpu": str(number),
        "UUID": f"GPU-{node}-{number}",
        "device": f"nvidia{number}",
        "modelName": gpu.name,
        "Hostname": node,
        "namespace": meta["namespace"],
        "pod": meta["name"],
        "container": contract.MAIN_CONTAINER,
    }
    page.add("DCGM_FI_DEV_FB_USED", gpu.used, **labels)
    page.add("DCGM_FI_DEV_GPU_UTIL", utilization, **labels)
    page.add("DCGM_FI_DEV_GPU_TEMP", 40 + utilization // 4, **labels)
    page.add("DCGM_FI_DEV_POWER_USAGE", 95 + 6 * utilization, **labels)
    page.add("DCGM_FI_DEV_XID_ERRORS", 0, **labels)


def _utilization(pod: Manifest, gpu: Gpu, *, busy: bool) -> int:
    """Return the utilization in percent from the pod's annotation, as nvidia-smi does, else by the pod's load."""
    said = UTILIZATION in (pod["metadata"].get("annotations") or {})
    return gpu.utilization if said else BUSY if busy else IDLE


def _bytes(quantity: str) -> float:
    """Return the bytes of a quantity such as `1Ti` or `512Gi`."""
    for power, unit in enumerate(("Ki", "Mi", "Gi", "Ti", "Pi"), 1):
        if quantity.endswith(unit):
            return float(quantity.removesuffix(unit)) * 1024**power
    return float(quantity)
