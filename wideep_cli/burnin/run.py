"""A burn-in on a cluster: Jobs are made, waited for and read; whatever happens, they are deleted again."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from secrets import token_hex
from typing import Final

from wideep.burnin.figures import Measured, read_lines
from wideep.burnin.verdict import Verdict
from wideep_cli.burnin.jobs import CONTAINER, Asked, Meeting, job, label
from wideep_cli.burnin.places import Place
from wideep_cli.stack_context import StackContext
from wideep_cluster import Cluster, ClusterError
from wideep_cluster.kinds import JOBS, PODS
from wideep_cluster.objects import Pod

__all__ = ["BurnIn"]

POLL_SECONDS: Final = 1.0
ADDRESS_SECONDS: Final = 60
"""For the first pod's address, which the others need. A pod has it before its image is pulled."""
LOG_LINES: Final = 100_000

Remark = Callable[[str], None]


@dataclass
class BurnIn:
    """One burn-in. ``jobs``: what was made, by node."""

    cluster: Cluster
    loaded: StackContext
    asked: Asked
    remark: Remark
    run_id: str = field(default_factory=lambda: token_hex(3))
    jobs: dict[str, str] = field(default_factory=dict[str, str])

    def run(self, places: tuple[Place, ...]) -> tuple[Measured, tuple[Verdict, ...]]:
        """Measure the nodes. Returns the figures, and verdicts on nodes whose pod did not come to its end.

        Raises:
            ClusterError: a Job cannot be made, or the cluster does not answer.
        """
        try:
            end = time.monotonic() + self.asked.seconds
            self._start(places)
            pods = self._wait(end)
            logs = {node: self._log(pods.get(node)) for node in self.jobs}
            return read_lines(line for log in logs.values() for line in log), tuple(self._unfit(pods, logs))
        finally:
            self._remove()

    def _start(self, places: tuple[Place, ...]) -> None:
        """Make the first node's Job first: the others are given its address. Nodes with fewer GPUs stay alone."""
        most = max(place.gpus for place in places)
        group = [place for place in places if place.gpus == most]
        names = tuple(place.node.name for place in group)
        self._make(group[0], Meeting(names))
        master = self._address(names[0]) if len(group) > 1 else ""
        if len(group) > 1 and not master:
            self.remark(f"the pod on {names[0]} has no address after {ADDRESS_SECONDS} s; measuring nodes one by one")
        for place in group[1:]:
            self._make(place, Meeting(names, master) if master else Meeting((place.node.name,)))
        for place in places:
            if place not in group:
                self._make(place, Meeting((place.node.name,)))

    def _make(self, place: Place, meeting: Meeting) -> None:
        """The name is kept before the Job is made: it is deleted also where the answer is lost."""
        name = self.jobs[place.node.name] = f"wideep-burnin-{self.run_id}-{len(self.jobs)}"
        manifest = job(self.loaded, self.asked, name, place, meeting)
        self.cluster.create(JOBS, self.loaded.plan.namespace, manifest)

    def _pods(self) -> dict[str, Pod]:
        """The pods that are there, by node."""
        found = self.cluster.list(PODS, self.loaded.plan.namespace, labels=label(self.loaded)).items
        owners = {owner.name: pod for pod in found for owner in pod.metadata.owner_references}
        return {node: owners[name] for node, name in self.jobs.items() if name in owners}

    def _address(self, node: str) -> str:
        end = time.monotonic() + ADDRESS_SECONDS
        while time.monotonic() < end:
            pod = self._pods().get(node)
            if pod and pod.status.pod_ip:
                return pod.status.pod_ip
            time.sleep(POLL_SECONDS)
        return ""

    def _wait(self, end: float) -> dict[str, Pod]:
        """Wait until all pods have ended, or the time is up."""
        told = ""
        while True:
            pods = self._pods()
            open_ = [node for node in self.jobs if node not in pods or not pods[node].ended]
            text = f"{len(self.jobs) - len(open_)} of {len(self.jobs)} nodes are measured"
            if text != told:
                self.remark(f"{text} ...")
                told = text
            if not open_ or time.monotonic() > end:
                return pods
            time.sleep(POLL_SECONDS)

    def _log(self, pod: Pod | None) -> list[str]:
        text = self.cluster.logs(pod, CONTAINER, tail=LOG_LINES) if pod else None
        return (text or "").splitlines()

    def _unfit(self, pods: dict[str, Pod], logs: dict[str, list[str]]) -> Iterable[Verdict]:
        """Nodes from which there is no line at all: why their pod did not run, or what it said."""
        for node, log in logs.items():
            if read_lines(log).lines:
                continue
            pod = pods.get(node)
            step = f"wideep doctor tells more; then run wideep burnin --nodes {node}."
            yield Verdict(node, f"{node}: nothing was measured ({_reason(pod, log)}). {step}")

    def _remove(self) -> None:
        """Delete what was made; what cannot be deleted the cluster itself deletes after its deadline."""
        for node, name in self.jobs.items():
            try:
                self.cluster.delete(JOBS, name, self.loaded.plan.namespace)
            except ClusterError as error:
                self.remark(
                    f"could not delete Job {name} of {node} ({error}); the cluster deletes it when it has ended"
                )


def _reason(pod: Pod | None, log: list[str]) -> str:
    """Why a pod has measured nothing."""
    if pod is None:
        return "the Job made no pod: a quota or an admission rule may refuse it"
    if pod.main_status and pod.main_status.state.waiting:
        waiting = pod.main_status.state.waiting
        return f"{waiting.reason}: {waiting.message}" if waiting.message else waiting.reason
    unscheduled = next(
        (c.message for c in pod.status.conditions if c.type == "PodScheduled" and c.status != "True"), ""
    )
    last = log[-1] if log else ""
    return unscheduled or last or pod.status.message or f"its pod is {pod.status.phase}"
