"""The Prometheus operator's work: a Prometheus object's configuration, with the pods to scrape.

It follows the operator's documentation (api-reference/api.md) and supports only those fields of a monitor that this
program writes. Prometheus cannot reach the API server here, so the configuration lists the pods, each with the labels
that Kubernetes discovery would give it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Final

from sim.operator.contract import Manifest

SECONDS: Final = 5
"""Interval between evaluations of the rules."""
CLOSED: Final = "127.0.0.1:1"
"""An address at which nothing listens."""
_MINUTES: Final = re.compile(r"(\d+)m")


@dataclass(frozen=True)
class Found:
    """The objects of a cluster that a Prometheus may read, and where its pods listen (HOST:PORT/PATH by uid)."""

    pods: Sequence[Manifest]
    services: Sequence[Manifest] = ()
    pod_monitors: Sequence[Manifest] = ()
    service_monitors: Sequence[Manifest] = ()
    rules: Sequence[Manifest] = ()
    addresses: Mapping[str, str] = field(default_factory=dict[str, str])


def configuration(prometheus: Manifest, found: Found, rule_file: str) -> Manifest:
    """Return `prometheus.yml` for a `Prometheus` object."""
    spec = prometheus["spec"]
    jobs = [
        *_jobs(_selected(found.pod_monitors, spec["podMonitorSelector"]), found),
        *_jobs(_selected(found.service_monitors, spec["serviceMonitorSelector"]), found),
    ]
    return {
        "global": {"scrape_interval": spec.get("scrapeInterval", "30s"), "evaluation_interval": f"{SECONDS}s"},
        "rule_files": [rule_file],
        "scrape_configs": jobs,
    }


def rule_file(prometheus: Manifest, rules: Sequence[Manifest], minute_seconds: float) -> Manifest:
    """Return the groups of the rules that a `Prometheus` object selects. A minute of `for` takes `minute_seconds`."""
    groups: list[Manifest] = []
    for rule in _selected(rules, prometheus["spec"]["ruleSelector"]):
        for group in rule["spec"]["groups"]:
            groups.append({**group, "rules": [_shortened(each, minute_seconds) for each in group["rules"]]})
    return {"groups": groups}


def with_addresses(found: Found, addresses: Mapping[str, str]) -> Found:
    """Return the same objects with the addresses at which their pods listen."""
    return replace(found, addresses=addresses)


def of_nodes(host: str, path: str) -> Manifest:
    """Return the job of all kubelets, which share one page here. With the real chart the operator creates their
    targets."""
    targets = [{"targets": [host], "labels": {"__metrics_path__": f"/{path}"}}]
    return {"job_name": "kubelet", "honor_labels": True, "static_configs": targets}


def _shortened(rule: Manifest, minute_seconds: float) -> Manifest:
    minutes = _MINUTES.fullmatch(str(rule.get("for", "")))
    return {**rule, "for": f"{round(int(minutes[1]) * minute_seconds)}s"} if minutes else rule


def _selected(objects: Sequence[Manifest], selector: Manifest) -> list[Manifest]:
    return [each for each in objects if matches(each["metadata"].get("labels") or {}, selector.get("matchLabels"))]


def matches(labels: Mapping[str, str], wanted: Mapping[str, str] | None) -> bool:
    """Tell whether an object has all of these labels."""
    return (wanted or {}).items() <= labels.items()


def _jobs(monitors: Sequence[Manifest], found: Found) -> Iterator[Manifest]:
    for monitor in monitors:
        meta, spec, kind = monitor["metadata"], monitor["spec"], monitor["kind"]
        endpoints = spec["podMetricsEndpoints" if kind == "PodMonitor" else "endpoints"]
        name = f"{kind[0].lower()}{kind[1:]}/{meta['namespace']}/{meta['name']}"
        for number, endpoint in enumerate(endpoints):
            yield _job(f"{name}/{number}", monitor, endpoint, list(_targets(monitor, endpoint, found)))


def _job(name: str, monitor: Manifest, endpoint: Manifest, targets: list[Manifest]) -> Manifest:
    """Return one scrape job, without HTTPS and tokens: the processes here have neither."""
    limit = monitor["spec"].get("sampleLimit")
    return {
        "job_name": name,
        "honor_labels": bool(endpoint.get("honorLabels")),
        **({"scrape_interval": endpoint["interval"]} if "interval" in endpoint else {}),
        **({"sample_limit": limit} if limit else {}),
        "static_configs": targets,
        "relabel_configs": [
            *_meta("namespace", "pod", "container", "endpoint"),
            {"target_label": "job", "replacement": f"{monitor['metadata']['namespace']}/{monitor['metadata']['name']}"},
            {"source_labels": ["__meta_address"], "target_label": "instance"},
            *(_relabelling(each) for each in endpoint.get("relabelings") or []),
        ],
    }


def _meta(*labels: str) -> Iterator[Manifest]:
    for label in labels:
        yield {"source_labels": [f"__meta_{label}"], "target_label": label}


def _relabelling(rule: Manifest) -> Manifest:
    """Return a relabelling rule of a monitor with Prometheus' own key names."""
    return {re.sub("[A-Z]", lambda found: f"_{found[0].lower()}", key): value for key, value in rule.items()}


def _targets(monitor: Manifest, endpoint: Manifest, found: Found) -> Iterator[Manifest]:
    if monitor["kind"] == "PodMonitor":
        chosen = [(pod, str(endpoint["port"])) for pod in _pods(monitor, found)]
    else:
        chosen = list(_behind_services(monitor, endpoint, found))
    for pod, port in chosen:
        container = container_with(pod, port)
        if container is not None and (pod.get("status") or {}).get("phase") == "Running":
            yield _target(pod, container, port, found.addresses.get(pod["metadata"]["uid"], CLOSED))


def _target(pod: Manifest, container: Manifest, port: str, address: str) -> Manifest:
    meta, (host, _, path) = pod["metadata"], address.partition("/")
    number = next(each["containerPort"] for each in container["ports"] if each.get("name") == port)
    return {
        "targets": [host],
        "labels": {
            "__metrics_path__": f"/{path or 'metrics'}",
            "__meta_address": f"{(pod.get('status') or {}).get('podIP', '')}:{number}",
            "__meta_namespace": meta["namespace"],
            "__meta_pod": meta["name"],
            "__meta_container": container["name"],
            "__meta_endpoint": port,
            "__meta_kubernetes_pod_node_name": pod["spec"].get("nodeName", ""),
        },
    }


def _pods(monitor: Manifest, found: Found) -> Iterator[Manifest]:
    names = (monitor["spec"].get("namespaceSelector") or {}).get("matchNames", [monitor["metadata"]["namespace"]])
    wanted = monitor["spec"]["selector"].get("matchLabels")
    for pod in found.pods:
        if pod["metadata"]["namespace"] in names and matches(pod["metadata"].get("labels") or {}, wanted):
            yield pod


def _behind_services(monitor: Manifest, endpoint: Manifest, found: Found) -> Iterator[tuple[Manifest, str]]:
    names = (monitor["spec"].get("namespaceSelector") or {}).get("matchNames", [monitor["metadata"]["namespace"]])
    wanted = monitor["spec"]["selector"].get("matchLabels")
    for service in found.services:
        meta, spec = service["metadata"], service["spec"]
        if meta["namespace"] not in names or not matches(meta.get("labels") or {}, wanted) or not spec.get("selector"):
            continue
        behind = [
            pod
            for pod in found.pods
            if pod["metadata"]["namespace"] == meta["namespace"]
            and matches(pod["metadata"].get("labels") or {}, spec["selector"])
        ]
        for port in spec.get("ports") or []:
            if port.get("name") == endpoint["port"]:
                yield from ((pod, str(port["targetPort"])) for pod in behind)


def container_with(pod: Manifest, port: str) -> Manifest | None:
    """Return the container that has a port of that name; None if there is none."""
    containers: list[Manifest] = pod["spec"]["containers"]
    return next((c for c in containers if any(p.get("name") == port for p in c.get("ports") or [])), None)
