"""One pod of a graph or a Job, as the cluster sees it: its status, events and logs, and the faults that affect it."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterable

from sim.faults import store
from sim.faults.table import Moment, of_moment
from sim.kubelet.container_log import Journal
from sim.kubelet.node_context import Machine
from sim.kubelet.serving import Child
from sim.operator import contract
from sim.operator.contract import Manifest
from sim.operator.kube import Kind
from sim.state import private_folder, write_private

SOURCE = "kubelet"
FAULT_SECONDS = 0.5
"""Seconds between a container's checks for faults that were set or cleared."""


class CrashError(Exception):
    """A fault has ended the container."""

    def __init__(self, code: int) -> None:
        super().__init__(f"exit code {code}")
        self.code = code


def is_pending(pod: Manifest) -> bool:
    return (pod.get("status") or {}).get("phase") == "Pending"


class Pod:
    """One running pod; containers.py decides what runs in it, and `end` stops it."""

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
        self.known_path = machine.cluster.pods_dir / self.namespace / f"{self.name}.json"
        self.child: Child | None = None
        self.exporter: int | None = None
        """For a Prometheus pod: the port of the stand-in exporter beside it."""
        self.written: Manifest = {"status": {}}

    def open(self, forwards: dict[int, str] | None = None) -> None:
        """Tell the kubelet where `kubectl logs`, `exec` and `port-forward` reach this pod. `forwards` maps each port to
        the path of a Unix socket or to HOST:PORT."""
        known = {"log": str(self.log_path), "forwards": forwards or {}}
        private_folder(self.known_path.parent)
        write_private(self.known_path, json.dumps(known))

    async def end(self) -> None:
        """Stop the pod's process first, then close its log and remove the kubelet's file about it."""
        self.machine.served.leave(self.graph, self.uid)
        if self.child:
            await self.child.stop()
        self.journal.close()
        if self._is_known():
            self.known_path.unlink()

    def _is_known(self) -> bool:
        """Tell whether the kubelet's file still describes this pod: one of Grove's may since have reused its name."""
        known = json.loads(self.known_path.read_text()) if self.known_path.exists() else {}
        return known.get("log") == str(self.log_path)

    async def event(self, reason: str, message: str, kind: str = "Normal") -> None:
        await self.kube.event(self.pod, kind, reason, message, SOURCE)

    async def status(self, body: Manifest) -> None:
        self.written = body
        await self.write_again()

    async def write_again(self) -> None:
        """Write the last status once more."""
        await self.kube.patch(Kind.POD, self.namespace, self.name, self.written, status=True)

    def is_set_back(self, seen: Manifest) -> bool:
        """Tell whether the pod's status was reset to before its containers started: a busy kwok writes its sandbox
        twice."""
        return is_pending(seen) and self.written["status"].get("phase", "Pending") != "Pending"

    async def write_over(self, seconds: float, lines: Iterable[str]) -> None:
        every = list(lines)
        for line in every:
            await asyncio.sleep(seconds / len(every))
            self.journal.write(line)

    async def strike(self, moment: Moment) -> None:
        """Apply a moment's active faults: log their lines, then raise CrashError, or block until the fault is
        cleared."""
        for name, how in of_moment(moment).items():
            if not self.struck(name):
                continue
            for line in how.lines:
                self.journal.write(line, "stderr")
            if how.exit_code is not None:
                raise CrashError(how.exit_code)
            while self.struck(name):
                await asyncio.sleep(FAULT_SECONDS)

    def struck(self, fault: str) -> bool:
        return store.is_active(self.machine.cluster.directory, fault, self.name)

    def last_end(self, code: int) -> Manifest:
        """Return exit code and termination message for the pod's status. The message is empty unless the container asks
        for the end of its log."""
        wanted = self.main.get("terminationMessagePolicy") == "FallbackToLogsOnError"
        return {"exit_code": code, "message": self.journal.last_words() if wanted else ""}
