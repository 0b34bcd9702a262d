"""Keeps the input of each Prometheus of the cluster up to date: its configuration, its rules, the stand-in's pages."""

from __future__ import annotations

import asyncio
import logging
import os
import re
import signal
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from sim.faults import store
from sim.kubelet.kubelet import Kubelet
from sim.kubelet.pod import Pod
from sim.kubelet.serving import ask
from sim.monitoring import pages, prometheus, scraping
from sim.monitoring.pages import Controller, Page
from sim.operator import contract
from sim.operator.contract import Manifest
from sim.operator.kube import ApiError, Kind, Kube
from sim.state import Cluster, write_private

logger = logging.getLogger(__name__)
SECONDS: Final = 2.0
KUBELET: Final = "kubelet"
NAME: Final = "app.kubernetes.io/name"
_REQUESTS: Final = re.compile(r'^dynamo_component_requests_total\{.*"generate".*\} (\d+)$', re.MULTILINE)


def minute_seconds() -> float:
    """Return the simulated duration, in seconds, of a minute in an alert's `for`."""
    return float(os.environ.get("SIM_MINUTE_SECONDS", "6"))


@dataclass
class Keeper:
    """The agent's part in monitoring. It makes no API call while no Prometheus runs."""

    kube: Kube
    cluster: Cluster
    kubelet: Kubelet
    controllers: Callable[[], list[Controller]]
    requests: dict[str, int] = field(default_factory=dict[str, int])
    """Number of requests of each worker when last polled."""

    async def run(self) -> None:
        """Update every running Prometheus again and again, until cancelled."""
        while True:
            await asyncio.sleep(SECONDS)
            running = [pod for pod in self.kubelet.pods.values() if pod.exporter is not None and pod.child]
            try:
                if running:
                    await self._look(running)
            except ApiError as error:
                logger.warning("Prometheus' targets are not looked at: %s", error)

    async def _look(self, running: Sequence[Pod]) -> None:
        found = scraping.Found(
            pods=await self.kube.find(Kind.POD),
            services=await self.kube.find(Kind.SERVICE),
            pod_monitors=await self.kube.find(Kind.POD_MONITOR),
            service_monitors=await self.kube.find(Kind.SERVICE_MONITOR),
            rules=await self.kube.find(Kind.PROMETHEUS_RULE),
        )
        made = await self._pages(found.pods)
        for pod in running:
            await self._keep(pod, found, made)

    async def _keep(self, pod: Pod, found: scraping.Found, made: dict[str, Page]) -> None:
        live = await self.kube.get(Kind.PROMETHEUS, pod.namespace, pod.labels[contract.LABEL_PROMETHEUS])
        if live is None or pod.child is None:
            return
        where = prometheus.pages(self.cluster, pod.uid)
        for name, page in made.items():
            write_private(where / name, page.text)
        exporter = f"127.0.0.1:{pod.exporter}"
        addresses = {uid: f"{exporter}/{uid}" for uid in made} | dict(self._processes())
        wanted = scraping.configuration(live, scraping.with_addresses(found, addresses), prometheus.RULES)
        wanted["scrape_configs"].append(scraping.of_nodes(f"{exporter}", KUBELET))
        rules = scraping.rule_file(live, found.rules, minute_seconds())
        written = [
            prometheus.write(self.cluster, pod.uid, prometheus.RULES, rules),
            prometheus.write(self.cluster, pod.uid, "prometheus.yml", wanted),
        ]
        if any(written):
            pod.child.process.send_signal(signal.SIGHUP)

    def _processes(self) -> Iterable[tuple[str, str]]:
        """Yield the address of the process behind each pod: the name of a door is its port."""
        for uid, pod in self.kubelet.pods.items():
            if pod.child and pod.child.door and pod.child.process.returncode is None:
                yield uid, f"127.0.0.1:{pod.child.door.name}/metrics"

    async def _pages(self, pods: Sequence[Manifest]) -> dict[str, Page]:
        """Return the exporters' pages, by uid of the pod that exposes them."""
        graphs = [*await self.kube.find(Kind.GRAPH), *await self.kube.find(Kind.GRAPH_V1)]
        graphs = list({graph["metadata"]["uid"]: graph for graph in graphs}.values())
        nodes = {node["metadata"]["name"]: node for node in await self.kube.find(Kind.NODE)}
        claims, busy = await self.kube.find(Kind.CLAIM), await self._busy()
        full = store.is_active(self.cluster.directory, "volume-full", "*")
        made = {KUBELET: pages.kubelet(claims, full=full)}
        for pod in pods:
            labels, uid = pod["metadata"].get("labels") or {}, pod["metadata"]["uid"]
            if labels.get("control-plane") == "controller-manager":
                newer = "--operator-version=" in str(pod["spec"]["containers"])
                made[uid] = pages.operator(self.controllers(), graphs, newer=newer)
            elif labels.get(NAME) == "etcd":
                made[uid] = pages.etcd(_size(self.cluster.dynamo_dir / "etcd"))
            elif labels.get(NAME) == "nats":
                made[uid] = pages.nats(sum(1 for each in self.kubelet.pods.values() if each.child))
            elif labels.get(NAME) == "kube-state-metrics":
                made[uid] = pages.kube_state(pods, graphs)
            elif labels.get("app") == "nvidia-dcgm-exporter" and "nodeName" in pod["spec"]:
                node = pod["spec"]["nodeName"]
                beside = [each for each in pods if each["spec"].get("nodeName") == node]
                made[uid] = pages.dcgm(nodes[node], beside, busy)
        return made

    async def _busy(self) -> dict[str, bool]:
        """Return whether each worker has had a request since it was last polled, by uid of the pod with its process."""
        busy: dict[str, bool] = {}
        for uid, pod in list(self.kubelet.pods.items()):
            if pod.child and pod.child.door and pod.exporter is None:
                found = _REQUESTS.findall(await ask(pod.child.door, "/metrics"))
                count = sum(map(int, found))
                busy[uid] = count != self.requests.get(uid, 0)
                self.requests[uid] = count
        return busy


def _size(folder: Path) -> int:
    return sum(file.stat().st_size for file in folder.rglob("*") if file.is_file())
