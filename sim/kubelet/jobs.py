"""What runs in a Job's pod: the download of a model, the burn-in of a node, or a Job that is unknown here."""

from __future__ import annotations

import asyncio

from sim.faults.table import Moment
from sim.kubelet import burnin, podstatus
from sim.kubelet import container_log as journal
from sim.kubelet.pod import CrashError, Pod
from sim.operator.kube import Kind

RETRY_SECONDS = 2.0
TRIES = 2
"""Attempts of the download's script after a transient error; the real one has ten, minutes apart."""
AGAIN = 1
"""Exit code of a transient error."""


async def run(pod: Pod) -> None:
    """Run the Job's container to its end; restart a container that fails, unless the pod's restart policy is Never."""
    restarts = 0
    while True:
        try:
            await _work(pod)
        except CrashError as crash:
            last = pod.last_end(crash.code)
            if pod.pod["spec"].get("restartPolicy") == "Never":
                await pod.status(podstatus.failed(pod.pod, **last))
                return
            restarts += 1
            await pod.status(podstatus.crashed(pod.pod, restarts=restarts, **last))
            await asyncio.sleep(RETRY_SECONDS)
        else:
            await pod.status(podstatus.finished(pod.pod))
            return


async def _work(pod: Pod) -> None:
    if burnin.is_burnin(pod.main):
        node = await pod.kube.get(Kind.NODE, "", pod.pod["spec"]["nodeName"])
        await pod.write_over(pod.machine.times.job, burnin.lines(pod.main, node or {"metadata": {}}))
        return
    if not journal.is_download(pod.main):
        await pod.write_over(pod.machine.times.job, ["done"])
        return
    for left in reversed(range(TRIES)):
        try:
            await _download(pod)
        except CrashError as crash:
            if crash.code != AGAIN or not left:
                raise
            pod.journal.write("trying again, from where it stopped")
            await asyncio.sleep(RETRY_SECONDS)
        else:
            return


async def _download(pod: Pod) -> None:
    seconds, lines = pod.machine.times.download, list(journal.download(pod.main))
    await pod.write_over(seconds, lines[:-1])
    await pod.strike(Moment.DOWNLOAD)
    await pod.write_over(seconds / len(lines), lines[-1:])
