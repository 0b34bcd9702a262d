"""What happens inside one pod of a graph or a Job, from the pull of its image to its end."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Iterable

import aiohttp

from sim.agent import contract, graph, journal, pods, podstatus
from sim.agent.contract import Manifest
from sim.agent.journal import Engine, Journal
from sim.agent.kube import ApiError, Kind
from sim.agent.machine import Machine
from sim.agent.serving import Child, answers, free_port
from sim.exec import target as exec_target
from sim.faults import store
from sim.faults.kinds import Moment
from sim.faults.table import of_moment

logger = logging.getLogger(__name__)
SOURCE = "kubelet"
POLL_SECONDS = 0.1
RETRY_SECONDS = 2.0
FAULT_SECONDS = 0.5
"""How soon a container notices that a fault was set or cleared."""
SERVING = "serving "
"""How the line begins that a worker process prints once it is registered."""
MANIFEST_TYPES = (
    "application/vnd.oci.image.manifest.v1+json, application/vnd.oci.image.index.v1+json, "
    "application/vnd.docker.distribution.manifest.v2+json"
)


class CrashError(Exception):
    """A fault has ended the container."""

    def __init__(self, code: int) -> None:
        super().__init__(f"exit code {code}")
        self.code = code


class Pod:
    """One pod that runs. `run` lives as long as it does; `end` leaves nothing of it."""

    def __init__(self, machine: Machine, pod: Manifest) -> None:
        self.machine, self.pod, self.kube = machine, pod, machine.kube
        meta = pod["metadata"]
        self.namespace: str = meta["namespace"]
        self.name: str = meta["name"]
        self.uid: str = meta["uid"]
        self.labels: dict[str, str] = meta.get("labels") or {}
        self.graph = (self.namespace, self.labels.get(contract.LABEL_GRAPH, ""))
        containers = pod["spec"]["containers"]
        self.main: Manifest = next((c for c in containers if c["name"] == contract.MAIN_CONTAINER), containers[0])
        folder = machine.cluster.logs / "pods" / f"{self.namespace}_{self.name}_{self.uid}"
        self.log_path = folder / f"{self.main['name']}.log"
        self.journal = Journal.open(self.log_path)
        self.child: Child | None = None

    async def run(self) -> None:
        await self._debug(Kind.LOGS, "ClusterLogs", {"logs": [{"logsFile": str(self.log_path), "follow": True}]})
        await self._debug(Kind.EXEC, "ClusterExec", exec_target(self.namespace, self.name))
        await self._pull()
        await self._wait_for_secrets()
        await self._status(podstatus.running(self.pod, ready=False))
        await self._event("Started", f"Started container {self.main['name']}")
        if contract.LABEL_GRAPH not in self.labels:
            await self._job()
        elif self.labels.get(contract.LABEL_TYPE) == "frontend":
            await self._keep(self._frontend)
        elif self.labels.get(contract.LABEL_TYPE) == "worker":
            await self._keep(self._worker)
        else:
            await self._status(podstatus.running(self.pod, ready=True))

    async def end(self) -> None:
        """Ends its process first, whatever the API server says to the rest."""
        self.machine.served.leave(self.graph, self.uid)
        if self.child:
            await self.child.stop()
        self.journal.close()
        for kind in (Kind.LOGS, Kind.EXEC, Kind.PORT_FORWARD):
            try:
                await self.kube.delete(kind, None, f"{self.namespace}.{self.name}")
            except ApiError as error:
                logger.warning("pod %s/%s: %s stays: %s", self.namespace, self.name, kind.name, error)

    # Before the container starts.

    async def _pull(self) -> None:
        """Asks the simulation's registry for its own images; one that it does not have stays in ImagePullBackOff."""
        image: str = self.main.get("image", "")
        await self._event("Pulling", f"Pulling image {image!r}")
        await asyncio.sleep(self.machine.times.pull)
        while not await self._has(image):
            message = f"Back-off pulling image {image!r}: not found"
            await self._status(podstatus.waiting(self.pod, "ImagePullBackOff", message))
            await self._event("Failed", f"Failed to pull image {image!r}: not found", "Warning")
            await asyncio.sleep(RETRY_SECONDS)
        await self._event("Pulled", f"Successfully pulled image {image!r}")

    async def _has(self, image: str) -> bool:
        cluster = self.machine.cluster
        if not image.startswith(f"{cluster.registry_alias}/"):
            return True
        if store.is_active(cluster.directory, "image-lost", image):
            return False
        name = image.split("/", 1)[1]
        repository, _, reference = name.partition("@") if "@" in name else name.partition(":")
        url = f"http://{cluster.registry}/v2/{repository.split(':')[0]}/manifests/{reference or 'latest'}"
        async with aiohttp.ClientSession() as session:
            try:
                async with session.head(url, headers={"Accept": MANIFEST_TYPES}) as answer:
                    return answer.status == 200
            except aiohttp.ClientError:
                return False

    async def _wait_for_secrets(self) -> None:
        while missing := await self._missing_secret():
            message = f'secret "{missing}" not found'
            await self._status(podstatus.waiting(self.pod, "CreateContainerConfigError", message))
            await self._event("Failed", f"Error: {message}", "Warning")
            await asyncio.sleep(RETRY_SECONDS)

    async def _missing_secret(self) -> str:
        """The first Secret that the container's environment needs and the namespace lacks; empty when none is."""
        references = [entry.get("secretRef") for entry in self.main.get("envFrom") or []]
        references += [(entry.get("valueFrom") or {}).get("secretKeyRef") for entry in self.main.get("env") or []]
        needed = [reference["name"] for reference in references if reference and not reference.get("optional")]
        for name in needed:
            if not await self.kube.get(Kind.SECRET, self.namespace, name):
                return name
        return ""

    # What runs in it.

    async def _job(self) -> None:
        """Runs to its end; a container that fails is tried again, unless its pod says never."""
        restarts = 0
        while True:
            try:
                await self._work()
            except CrashError as crash:
                last = {"exit_code": crash.code, "message": self._last_words()}
                if self.pod["spec"].get("restartPolicy") == "Never":
                    await self._status(podstatus.failed(self.pod, **last))
                    return
                restarts += 1
                await self._status(podstatus.crashed(self.pod, restarts=restarts, **last))
                await asyncio.sleep(RETRY_SECONDS)
            else:
                await self._status(podstatus.finished(self.pod))
                return

    async def _work(self) -> None:
        download = journal.is_download(self.main)
        seconds = self.machine.times.download if download else self.machine.times.job
        lines = list(journal.download(self.main)) if download else ["done"]
        await self._write_over(seconds, lines[:-1])
        if download:
            await self._strike(Moment.DOWNLOAD)
        await self._write_over(seconds / len(lines), lines[-1:])

    async def _keep(self, start: Callable[[], Awaitable[Child | None]]) -> None:
        """Starts the container's process, and again whenever it ends by itself."""
        if not self.machine.served.join(self.graph, self.uid):
            self.journal.write(
                f"simulated: {self.machine.served.limit} graphs are served already; this one only looks so"
            )
            await self._status(podstatus.running(self.pod, ready=True))
            return
        restarts = 0
        while True:
            code = await self._live(start, restarts)
            if code is None:
                return
            self.journal.write(f"the process ended with exit code {code}", "stderr")
            restarts += 1
            last = {"exit_code": code, "message": self._last_words()}
            await self._status(podstatus.crashed(self.pod, restarts=restarts, **last))
            await self._event("BackOff", f"Back-off restarting failed container {self.main['name']}", "Warning")
            await asyncio.sleep(RETRY_SECONDS)
            await self._status(podstatus.running(self.pod, ready=False, restarts=restarts, **last))

    async def _live(self, start: Callable[[], Awaitable[Child | None]], restarts: int) -> int | None:
        """One life of the container: its exit code, or None for one that has no process that could end."""
        try:
            self.child = await start()
        except CrashError as crash:
            return crash.code
        if self.child and self.child.process.returncode is not None:
            return self.child.process.returncode
        await self._status(podstatus.running(self.pod, ready=True, restarts=restarts))
        return await self._end_of(self.child) if self.child else None

    async def _end_of(self, child: Child) -> int:
        while True:
            try:
                return await asyncio.wait_for(child.process.wait(), FAULT_SECONDS)
            except TimeoutError:
                try:
                    await self._strike(Moment.SERVE)
                except CrashError as crash:
                    await child.stop()
                    return crash.code

    async def _strike(self, moment: Moment) -> None:
        """The faults of a moment: the container says what they make it say, and ends; or goes no further meanwhile."""
        for name, how in of_moment(moment).items():
            if not self._struck(name):
                continue
            for line in how.lines:
                self.journal.write(line, "stderr")
            if how.exit_code is not None:
                raise CrashError(how.exit_code)
            while self._struck(name):
                await asyncio.sleep(FAULT_SECONDS)

    def _struck(self, fault: str) -> bool:
        return store.is_active(self.machine.cluster.directory, fault, self.name)

    def _last_words(self) -> str:
        """The container's termination message: none, unless it asks for the end of its log."""
        wanted = self.main.get("terminationMessagePolicy") == "FallbackToLogsOnError"
        return self.journal.last_words() if wanted else ""

    async def _frontend(self) -> Child:
        port = free_port()
        child = self.child = await self.machine.dynamo.frontend(self._dynamo_namespace(), port, self.journal.write)
        while child.process.returncode is None and not await answers(port):
            await asyncio.sleep(POLL_SECONDS)
        forward = {"ports": [contract.FRONTEND_PORT], "target": {"address": "127.0.0.1", "port": port}}
        await self._debug(Kind.PORT_FORWARD, "ClusterPortForward", {"forwards": [forward]})
        return child

    async def _worker(self) -> Child | None:
        """Loads its share of the model; the first pod of a worker then serves, the others only take part.

        Of an engine other than SGLang nothing is known: its containers are ready at once.
        """
        if not pods.is_sglang(self.main):
            return None
        engine = Engine.of(self.main)
        await self._write_over(self.machine.times.load, engine.loading())
        await self._strike(Moment.LOAD)
        if engine.rank or any(map(self._struck, of_moment(Moment.REGISTER))):
            return None
        registered = asyncio.Event()

        def write(line: str) -> None:
            self.journal.write(line)
            if line.startswith(SERVING):
                registered.set()

        about = await self._about() if engine.role == "decode" else ""
        child = self.child = await self.machine.dynamo.worker(
            engine.role, self._dynamo_namespace(), engine.model, about, write
        )
        while child.process.returncode is None and not registered.is_set():
            await asyncio.sleep(POLL_SECONDS)
        self.journal.write(engine.ready())
        return child

    def _dynamo_namespace(self) -> str:
        """One etcd serves all platforms of the simulation, so the Kubernetes namespace becomes a part of Dynamo's."""
        return f"{self.namespace}-{self.labels.get(contract.LABEL_NAMESPACE, 'dynamo')}"

    async def _about(self) -> str:
        """The graph and its layout in a few words, for the worker's answers."""
        name = self.labels[contract.LABEL_GRAPH]
        live = await self.kube.get(Kind.GRAPH, self.namespace, name)
        parts = [f"graph {name}"]
        for service in graph.services(live or {"spec": {}}).values():
            if service.get("componentType") == "worker":
                engine = Engine.of((service.get("extraPodSpec") or {}).get("mainContainer") or {})
                role, layout = engine.about().split(" ", 1)
                parts.append(f"{role} {service.get('replicas', 1)} \u00d7 {layout}")
        return ", ".join(parts)

    async def _write_over(self, seconds: float, lines: Iterable[str]) -> None:
        every = list(lines)
        for line in every:
            await asyncio.sleep(seconds / len(every))
            self.journal.write(line)

    # What the cluster sees of it.

    async def _event(self, reason: str, message: str, kind: str = "Normal") -> None:
        await self.kube.event(self.pod, kind, reason, message, SOURCE)

    async def _debug(self, kind: Kind, name: str, spec: Manifest) -> None:
        """Tells kwok where `kubectl logs`, `exec` and `port-forward` find this pod."""
        selector = {"matchNamespaces": [self.namespace], "matchNames": [self.name]}
        body = {
            "apiVersion": kind.value[0],
            "kind": name,
            "metadata": {"name": f"{self.namespace}.{self.name}"},
            "spec": {"selector": selector, **spec},
        }
        await self.kube.apply(kind, body)

    async def _status(self, body: Manifest) -> None:
        await self.kube.patch(Kind.POD, self.namespace, self.name, body, status=True)
