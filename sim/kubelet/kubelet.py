"""Stands for the kubelet of graph and Job pods: one task a pod, from the moment that kwok has made its sandbox.

kwok brings these pods to ContainerCreating and takes them away (sim/stages/pods.yaml); all between is containers.py.
"""

from __future__ import annotations

import asyncio
import logging
from dataclasses import dataclass, field

from sim.kubelet import containers
from sim.kubelet.node_context import Machine
from sim.kubelet.pod import Pod
from sim.operator import contract
from sim.operator.contract import Manifest

logger = logging.getLogger(__name__)
RETRY_SECONDS = 1.0


def is_ours(pod: Manifest) -> bool:
    """Whether this kubelet runs the pod: it belongs to a graph or to a Job, or is that of a Prometheus."""
    meta = pod["metadata"]
    labels = meta.get("labels") or {}
    by_job = any(owner["kind"] == "Job" for owner in meta.get("ownerReferences") or [])
    return by_job or not {contract.LABEL_GRAPH, contract.LABEL_PROMETHEUS}.isdisjoint(labels)


def can_start(pod: Manifest, own_images: str) -> bool:
    """Whether its containers may start: kwok has made the sandbox, or an agent before this one had begun with them.

    A pull that failed is tried again for `own_images` (a prefix) only: of the others kwok knows which are gone.
    """
    status = pod.get("status") or {}
    states = [one.get("state") or {} for one in status.get("containerStatuses") or []]
    reasons = {(state.get("waiting") or {}).get("reason") for state in states}
    begun = {"ContainerCreating", "CreateContainerConfigError"}
    if all(container.get("image", "").startswith(own_images) for container in pod["spec"]["containers"]):
        begun.add("ImagePullBackOff")
    pending = status.get("phase") == "Pending" and bool(states) and reasons <= begun
    return status.get("phase") == "Running" or pending


@dataclass
class Kubelet:
    """Runs what its pods want to run, and ends it with them."""

    machine: Machine
    tasks: dict[str, asyncio.Task[None]] = field(default_factory=dict)
    pods: dict[str, Pod] = field(default_factory=dict)
    writing: set[asyncio.Task[None]] = field(default_factory=set)

    def see(self, pod: Manifest, gone: bool) -> None:
        """Takes note of a pod as it is now."""
        uid = pod["metadata"]["uid"]
        if not is_ours(pod):
            return
        if gone or "deletionTimestamp" in pod["metadata"]:
            task = self.tasks.pop(uid, None)
            if task:
                task.cancel()
        elif uid not in self.tasks and can_start(pod, f"{self.machine.cluster.registry_alias}/"):
            self.tasks[uid] = asyncio.create_task(self._run(pod), name=f"pod {pod['metadata']['name']}")
        elif uid in self.pods and self.pods[uid].is_set_back(pod):
            task = asyncio.create_task(self.pods[uid].write_again())
            self.writing.add(task)
            task.add_done_callback(self.writing.discard)

    def end(self, uids: set[str]) -> None:
        """Ends these pods: they went without an event."""
        for uid in uids & self.tasks.keys():
            self.tasks.pop(uid).cancel()

    async def _run(self, manifest: Manifest) -> None:
        """The pod's whole life; what goes wrong in the simulation itself is logged and tried again."""
        while True:
            pod = self.pods[manifest["metadata"]["uid"]] = Pod(self.machine, manifest)
            try:
                await containers.run(pod)
                if not pod.child:
                    await asyncio.Event().wait()  # its logs stay readable until it is deleted
            except Exception:
                logger.exception("pod %s/%s", pod.namespace, pod.name)
            finally:
                del self.pods[pod.uid]
                await asyncio.shield(pod.end())
            await asyncio.sleep(RETRY_SECONDS)

    async def close(self) -> None:
        """Ends everything that runs."""
        tasks = list(self.tasks.values())
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
