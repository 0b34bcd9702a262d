"""`python -m sim.operator`: the simulated operators and the kubelet of graph and Job pods, in one process."""

from __future__ import annotations

import asyncio
import logging
import os
import resource
import shutil
import signal
import sys

from sim.cluster import control_plane, ports, process
from sim.faults import acts, store
from sim.faults.kinds import Halting
from sim.faults.table import FAULTS
from sim.kubelet.kubelet import Kubelet
from sim.kubelet.node_context import Machine, Served, Times
from sim.kubelet.serving import Dynamo
from sim.monitoring.keeper import Keeper
from sim.monitoring.pages import Controller
from sim.operator import busy, contract
from sim.operator.cliques import CliqueSetReconciler
from sim.operator.contract import Manifest
from sim.operator.kube import ApiError, Kind, Kube
from sim.operator.operators import Operators
from sim.operator.reconcilers import ByRelease, ComponentReconciler, GraphReconciler
from sim.operator.v1 import reconcilers as v1
from sim.operator.v1 import template
from sim.operator.v1.adapters import AdapterReconciler
from sim.operator.v1.crd_apply import CrdApply
from sim.operator.v1.webhooks import Webhooks
from sim.operator.watches import Handler, Watches
from sim.operator.work_queue import Key, Queue
from sim.state import Cluster, SimError, load

FAULT_SECONDS = 1.0
RESTART_SECONDS = 1.0
SHOWN_SECONDS = 3.0
"""Time after which an API server that answers shows all kinds that it serves."""

HALTING = {name: one.how for name, one in FAULTS.items() if isinstance(one.how, Halting)}

logger = logging.getLogger("sim.operator")
RESYNC_SECONDS = 20.0
RESYNC_EACH_SECONDS = 0.2
"""Added to the interval for each object: with hundreds of objects, resyncs would otherwise take all of the time."""


def key_of(body: Manifest) -> Key:
    return body["metadata"]["namespace"], body["metadata"]["name"]


def owners(body: Manifest, kind: str) -> list[Key]:
    """Return namespace and name of the object's owners of that kind."""
    references = body["metadata"].get("ownerReferences") or []
    return [(body["metadata"]["namespace"], owner["name"]) for owner in references if owner["kind"] == kind]


class Agent:
    """The queues and reconcilers of the simulated operators, and the handlers that pass the watched events to them."""

    def __init__(self, kube: Kube, cluster: Cluster) -> None:
        self.kube = kube
        self.operators = Operators(kube)
        self.objects = 0
        both = (kube, self.operators)
        graphs = ByRelease(self.operators, GraphReconciler(*both), v1.GraphReconciler(*both))
        components = ByRelease(self.operators, ComponentReconciler(*both), v1.ComponentReconciler(*both))
        self.graphs, self.components = Queue("graph", graphs), Queue("component", components)
        self.adapters = Queue("scalingadapter", AdapterReconciler(*both))
        self.crd_apply = CrdApply(kube)
        self.webhooks = Webhooks(kube, cluster, self.operators, v1.Settings(*both).site)
        self.clique_sets = Queue("podcliqueset", CliqueSetReconciler(kube, self.operators))
        self.kubelet = Kubelet(Machine(kube, cluster, Dynamo(cluster), Times(), Served()))
        self.monitoring = Keeper(kube, cluster, self.kubelet, self.controllers)

    def controllers(self) -> list[Controller]:
        """Return the counts of the operator's controllers for their metrics."""
        of = {"dynamographdeployment": self.graphs, "dynamocomponentdeployment": self.components}
        return [Controller(name, queue.done, queue.failed, len(queue.dirty)) for name, queue in of.items()]

    def handlers(self) -> dict[str, Handler]:
        return {
            "deployments.apps": self.deployment,
            "statefulsets.apps": self.stateful_set,
            "pods": self.pod,
            "services": self.service,
            "dynamographdeployments.nvidia.com": self.graph,
            "dynamocomponentdeployments.nvidia.com": self.component,
            "dynamographdeploymentscalingadapters.nvidia.com": self.adapter,
            "podcliquesets.grove.io": self.clique_set,
            "podcliques.grove.io": self.of_clique_set,
            "podcliquescalinggroups.grove.io": self.of_clique_set,
        }

    async def resync(self) -> None:
        """Forget objects that were deleted without an event, and handle those that appeared or changed without one, so
        that a lost watch costs only time."""
        running, operators = set(self.kubelet.tasks), self.operators.keys()
        pods = await self.kube.find(Kind.POD)
        self.kubelet.end(running - {pod["metadata"]["uid"] for pod in pods})
        deployments, sets = await self.kube.find(Kind.DEPLOYMENT), await self.kube.find(Kind.STATEFUL_SET)
        self.operators.forget(operators - {key_of(live) for live in (*deployments, *sets)})
        for live in deployments:
            self.operators.see_deployment(live, gone=False)
        for live in sets:
            self.operators.see_stateful_set(live, gone=False)
        for pod in pods:
            await self.pod(pod, gone=False)
        await self.look_at_all()

    async def resync_for_ever(self) -> None:
        while True:
            await asyncio.sleep(max(RESYNC_SECONDS, RESYNC_EACH_SECONDS * self.objects))
            try:
                await self.resync()
            except ApiError as error:
                logger.warning("not looked at again: %s", error)

    async def look_at_all(self) -> None:
        """Queue every object of the reconciled kinds once, as a controller does when it starts."""
        self.objects = 0
        for kind, queue in (
            (Kind.GRAPH, self.graphs),
            (Kind.GRAPH_V1, self.graphs),
            (Kind.COMPONENT, self.components),
            (Kind.COMPONENT_V1, self.components),
            (Kind.ADAPTER, self.adapters),
            (Kind.CLIQUE_SET, self.clique_sets),
        ):
            for live in await self.kube.find(kind):
                queue.add(key_of(live))
                self.objects += 1

    async def deployment(self, body: Manifest, gone: bool) -> None:
        if self.operators.see_deployment(body, gone):
            await self.look_at_all()
        for key in owners(body, contract.COMPONENT):
            self.components.add(key)

    async def stateful_set(self, body: Manifest, gone: bool) -> None:
        if self.operators.see_stateful_set(body, gone):
            await self.look_at_all()

    async def graph(self, body: Manifest, _gone: bool) -> None:
        key = key_of(body)
        self.graphs.add(key)
        for component in template.components(body):
            if "scalingAdapter" in component:
                self.adapters.add((key[0], contract.component_name(key[1], component["name"])))

    async def adapter(self, body: Manifest, _gone: bool) -> None:
        self.adapters.add(key_of(body))
        for key in owners(body, contract.GRAPH):
            self.graphs.add(key)

    async def component(self, body: Manifest, _gone: bool) -> None:
        self.components.add(key_of(body))
        for key in owners(body, contract.GRAPH):
            self.graphs.add(key)

    async def clique_set(self, body: Manifest, _gone: bool) -> None:
        self.clique_sets.add(key_of(body))
        for key in owners(body, contract.GRAPH):
            self.graphs.add(key)

    async def of_clique_set(self, body: Manifest, _gone: bool) -> None:
        """Handle a PodClique or PodCliqueScalingGroup: its set reconciles it, and the graph reads its status."""
        for key in owners(body, "PodCliqueSet"):
            self.clique_sets.add(key)
            self.graphs.add((key[0], (body["metadata"].get("labels") or {}).get(contract.LABEL_GRAPH, key[1])))

    async def pod(self, body: Manifest, gone: bool) -> None:
        self.kubelet.see(body, gone)
        await self.crd_apply.see(body, gone)
        labels = body["metadata"].get("labels") or {}
        if contract.LABEL_CLIQUE in labels:
            self.clique_sets.add((body["metadata"]["namespace"], labels[contract.LABEL_CLIQUE_SET]))

    async def service(self, body: Manifest, _gone: bool) -> None:
        for kind, queue in ((contract.COMPONENT, self.components), (contract.GRAPH, self.graphs)):
            for key in owners(body, kind):
                queue.add(key)


async def keep_faults(cluster: Cluster) -> None:
    """Clear the faults whose time is over (`fault NAME --for SECONDS`)."""
    while True:
        await asyncio.sleep(FAULT_SECONDS)
        try:
            await asyncio.to_thread(acts.expire, cluster)
        except SimError as error:
            logging.getLogger(__name__).warning("a fault is still set: %s", error)


async def halt_processes(cluster: Cluster) -> None:
    """Pause and resume the processes of the `Halting` faults again and again, while these faults are set."""
    while True:
        halted = [how for name, how in HALTING.items() if store.is_active(cluster.directory, name)]
        for how in halted:
            await halt(cluster, how)
        if not halted:
            await asyncio.sleep(FAULT_SECONDS)


async def halt(cluster: Cluster, how: Halting) -> None:
    """Pause a process once, and resume it even if the agent is cancelled meanwhile."""
    known = control_plane.processes(cluster).get(how.process)
    if known and process.alive(known):
        os.kill(known.pid, signal.SIGSTOP)
        try:
            await asyncio.sleep(how.stands)
        finally:
            os.kill(known.pid, signal.SIGCONT)
    await asyncio.sleep(how.works)


async def start_watches_anew(cluster: Cluster, watches: Watches) -> None:
    """Restart the watches after each restart of the API server. kopf lists kinds as soon as the server answers, drops
    those that a freshly started server does not show yet, and does not look again."""
    began = await asyncio.to_thread(_api_server, cluster)
    while True:
        await asyncio.sleep(RESTART_SECONDS)
        now = await asyncio.to_thread(_api_server, cluster)
        if now not in (None, began) and await asyncio.to_thread(ports.answers, cluster.ports.kube_apiserver):
            began = now
            await asyncio.sleep(SHOWN_SECONDS)
            watches.again.set()


def _api_server(cluster: Cluster) -> int | None:
    """Return the pid of the API server, which changes when it restarts; None if it does not run."""
    known = control_plane.processes(cluster).get("kube-apiserver")
    return known.pid if known else None


def _tell_end(task: asyncio.Task[None]) -> None:
    """Log an error for a task that ends on its own: these tasks run until they are cancelled."""
    if not task.cancelled():
        logger.error("a task has ended by itself", exc_info=task.exception())


async def run(cluster: Cluster) -> None:
    """Run until SIGTERM or SIGINT, then end everything that was started."""
    told = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, told.set)
    shutil.rmtree(cluster.pods_dir, ignore_errors=True)  # left by a previous agent
    kube = await Kube.connect(cluster.kubeconfig)
    agent = Agent(kube, cluster)
    watches = Watches(agent.handlers(), agent.resync)
    await watches.start()
    works = (
        agent.resync_for_ever(),
        keep_faults(cluster),
        halt_processes(cluster),
        start_watches_anew(cluster, watches),
        agent.webhooks.run(),
        busy.occupy(cluster),
        agent.monitoring.run(),
    )
    beside = [asyncio.create_task(work) for work in works]
    for task in beside:
        task.add_done_callback(_tell_end)
    cluster.agent_ready.write_text(f"{os.getpid()}\n")
    await told.wait()
    for task in beside:
        task.cancel()
    await watches.stop()
    await agent.kubelet.close()
    await kube.close()


def main() -> None:
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))  # each pod has its log open
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s %(message)s")
    for quiet in ("kopf", "asyncio", "aiohttp", "kubernetes"):
        logging.getLogger(quiet).setLevel(logging.WARNING)
    logging.getLogger("kopf._core.reactor.observation").setLevel(logging.ERROR)  # warns if Grove's API is missing
    logging.getLogger("kopf._core.reactor.running").setLevel(logging.ERROR)  # warns that threads get no signals
    cluster = load()
    if cluster is None:
        sys.exit("there is no simulated cluster: run `python -m sim up` first")
    os.environ["KUBECONFIG"] = str(cluster.kubeconfig)
    asyncio.run(run(cluster))


if __name__ == "__main__":
    main()
