"""What runs in one pod of a graph or a Job, from the start of its container to its end."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterator

from sim.faults.table import Moment, of_moment
from sim.kubelet import discovery, engine_metrics, jobs, pods, podstatus
from sim.kubelet import pod_startup as starting
from sim.kubelet.container_log import Engine
from sim.kubelet.pod import FAULT_SECONDS, CrashError, Pod
from sim.kubelet.serving import Child, Place, answers
from sim.monitoring import prometheus
from sim.operator import contract, graph
from sim.operator.contract import Manifest
from sim.operator.kube import Kind
from sim.operator.v1 import template

POLL_SECONDS = 0.1
RETRY_SECONDS = 2.0
Start = Callable[[Pod], Awaitable[Child | None]]
SIMULATED = ("sglang", "vllm")
"""Engines whose log and serving are simulated."""
SERVING = "serving "
"""Prefix of the line that a worker process prints once it is registered."""


async def run(pod: Pod) -> None:
    """Run the pod for its whole life; `Pod.end` closes what is still open afterwards."""
    pod.open()
    await starting.prepare(pod)
    await pod.status(podstatus.running(pod.pod, ready=False))
    await pod.event("Started", f"Started container {pod.main['name']}")
    if contract.LABEL_PROMETHEUS in pod.labels:
        await _keep(pod, prometheus.start)
    elif contract.LABEL_GRAPH not in pod.labels:
        await jobs.run(pod)
    elif pod.labels.get(contract.LABEL_TYPE) == "frontend":
        await _keep(pod, _frontend)
    elif pod.labels.get(contract.LABEL_TYPE) in contract.WORKER_TYPES:
        await _keep(pod, _worker)
    else:
        await pod.status(podstatus.running(pod.pod, ready=True))


async def _keep(pod: Pod, start: Start) -> None:
    """Start the container's process, and restart it whenever it ends on its own."""
    if not pod.machine.served.join(pod.graph, pod.uid):
        pod.journal.write(f"simulated: {pod.machine.served.limit} graphs are served already; this one only looks so")
        await pod.status(podstatus.running(pod.pod, ready=True))
        return
    restarts = 0
    while True:
        code = await _live(pod, start, restarts)
        if code is None:
            return
        pod.journal.write(f"the process ended with exit code {code}", "stderr")
        restarts += 1
        last = pod.last_end(code)
        await pod.status(podstatus.crashed(pod.pod, restarts=restarts, **last))
        await pod.event("BackOff", f"Back-off restarting failed container {pod.main['name']}", "Warning")
        await asyncio.sleep(RETRY_SECONDS)
        await pod.status(podstatus.running(pod.pod, ready=False, restarts=restarts, **last))


async def _live(pod: Pod, start: Start, restarts: int) -> int | None:
    """Run the container once; return its exit code, or None for a container without a process that could end."""
    try:
        pod.child = await start(pod)
    except CrashError as crash:
        return crash.code
    if pod.child and pod.child.process.returncode is not None:
        return pod.child.process.returncode
    await pod.status(podstatus.running(pod.pod, ready=True, restarts=restarts))
    return await _end_of(pod, pod.child) if pod.child else None


async def _end_of(pod: Pod, child: Child) -> int:
    while True:
        try:
            return await asyncio.wait_for(child.process.wait(), FAULT_SECONDS)
        except TimeoutError:
            try:
                await pod.strike(Moment.SERVE)
            except CrashError as crash:
                await child.stop()
                return crash.code


async def _frontend(pod: Pod) -> Child:
    await discovery.enter(pod)
    child, door = await pod.machine.dynamo.frontend(_place(pod), pod.journal.write)
    pod.child = child
    while child.process.returncode is None and not await answers(door):
        await asyncio.sleep(POLL_SECONDS)
    pod.open({contract.FRONTEND_PORT: str(door)})
    return child


async def _worker(pod: Pod) -> Child | None:
    """Load the worker's share of the model, then start a process if this pod registers: SGLang's first pod does, vLLM's
    all do.

    Containers of engines other than SGLang and vLLM are not simulated and are ready at once.
    """
    if pods.engine_of(pod.main) not in SIMULATED:
        return None
    engine = Engine.of(pod.main)
    await discovery.enter(pod)
    await pod.write_over(pod.machine.times.load, engine.loading())
    await pod.strike(Moment.LOAD)
    if not engine.serves or any(map(pod.struck, of_moment(Moment.REGISTER))):
        return None
    registered = asyncio.Event()

    def write(line: str) -> None:
        pod.journal.write(line)
        if line.startswith(SERVING):
            registered.set()

    about = await _about(pod) if engine.role == "decode" else ""
    told = ["--role", engine.role, "--model-name", engine.model, "--about", about]
    told += engine_metrics.arguments(pod, engine)
    child, door = await pod.machine.dynamo.worker(_place(pod), told, write)
    pod.child = child
    while child.process.returncode is None and not registered.is_set():
        await asyncio.sleep(POLL_SECONDS)
    pod.open({contract.SYSTEM_PORT: str(door)})
    pod.journal.write(engine.ready())
    return child


def _place(pod: Pod) -> Place:
    """Return where the pod's process registers. All 0.6.0 platforms share one etcd here, so the Kubernetes namespace
    becomes part of Dynamo's."""
    namespace = pod.labels.get(contract.LABEL_NAMESPACE, "dynamo")
    if contract.LABEL_DISCOVERY in pod.labels:
        return Place(namespace, pod.namespace)
    return Place(f"{pod.namespace}-{namespace}")


async def _about(pod: Pod) -> str:
    """Return the graph and its layout in a few words, for the worker's answers."""
    name = pod.labels[contract.LABEL_GRAPH]
    newer = contract.LABEL_DISCOVERY in pod.labels
    live = await pod.kube.get(Kind.GRAPH_V1 if newer else Kind.GRAPH, pod.namespace, name)
    parts = [f"graph {name}"]
    for container, replicas in _workers(live or {"spec": {}}, newer):
        role, layout = Engine.of(container).about().split(" ", 1)
        parts.append(f"{role} {replicas} \u00d7 {layout}")
    return ", ".join(parts)


def _workers(live: Manifest, newer: bool) -> Iterator[tuple[Manifest, int]]:
    """Yield the main container of each kind of worker of a graph, with the number of replicas."""
    if newer:
        for component in template.components(live):
            if component.get("type") in contract.WORKER_TYPES:
                yield template.main_of(component), component.get("replicas", 1)
        return
    for service in graph.services(live).values():
        if service.get("componentType") == "worker":
            yield (service.get("extraPodSpec") or {}).get("mainContainer") or {}, service.get("replicas", 1)
