"""The simulated kubelet of graph and Job pods: one task per pod, from the moment when kwok has made its sandbox.

kwok brings these pods to ContainerCreating and removes them (sim/stages/pods.yaml); containers.py does everything
between.
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
    """Tell whether this kubelet runs the pod: it belongs to a graph, to a Job or to a Prometheus."""
    meta = pod["metadata"]
    labels = meta.get("labels") or {}
    by_job = any(owner["kind"] == "Job" for owner in meta.get("ownerReferences") or [])
    return by_job or not {contract.LABEL_GRAPH, contract.LABEL_PROMETHEUS}.isdisjoint(labels)


def can_start(pod: Manifest, own_images: str) -> bool:
    """Tell whether the pod's containers may start: kwok has made the sandbox, or a previous agent had started them.

    A failed pull is retried only if all images have the prefix `own_images`: kwok decides about the others.
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
    """Runs a task for each of its pods, and ends the task with the pod."""

    machine: Machine
    tasks: dict[str, asyncio.Task[None]] = field(default_factory=dict)
    pods: dict[str, Pod] = field(default_factory=dict)
    writing: set[asyncio.Task[None]] = field(default_factory=set)

    def see(self, pod: Manifest, gone: bool) -> None:
        """Handle a pod's current state."""
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
        """End these pods, which were deleted without an event."""
        for uid in uids & self.tasks.keys():
            self.tasks.pop(uid).cancel()

    async def _run(self, manifest: Manifest) -> None:
        """Run the pod for its whole life; log and retry errors of the simulation itself."""
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
        """End everything that runs."""
        tasks = list(self.tasks.values())
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
