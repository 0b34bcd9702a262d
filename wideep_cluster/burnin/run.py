"""A burn-in on a cluster: creates Jobs, waits for them, reads their logs, and always deletes them again."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from secrets import token_hex
from typing import Final

from wideep.burnin.figures import Measured, read_lines
from wideep.burnin.verdict import Verdict
from wideep.plan.burnin import BurnInPlan
from wideep.waiting import STUCK
from wideep_cluster.burnin.jobs import CONTAINER, Meeting, job, selector
from wideep_cluster.burnin.places import Place
from wideep_cluster.client import Cluster
from wideep_cluster.errors import ClusterError
from wideep_cluster.kinds import JOBS, PODS
from wideep_cluster.objects import Pod
from wideep_cluster.podstate import Phase, condition_of
from wideep_cluster.progress import ProgressReporter
from wideep_cluster.retry import ask_again, poll

__all__ = ["BurnIn", "InterruptedBurnInError", "clear_away"]

POLL_SECONDS: Final = 1.0
ADDRESS_SECONDS: Final = 60
"""Time for the first pod's address, which the others need. A pod has its address before its image is pulled."""
STUCK_SECONDS: Final = 45
"""How long pods may be held by something that seldom resolves by itself (``wideep.waiting.STUCK``) while no other node
is measured. In that time the kubelet tries to pull an image three times."""
GONE_SECONDS: Final = 60
"""Time for the pods of a killed run, which hold their GPUs until they have ended."""
RETRY_SECONDS: Final = 60
LOG_LINES: Final = 100_000

Remark = Callable[[str], None]


class InterruptedBurnInError(Exception):
    """The user has interrupted the burn-in."""


@dataclass
class BurnIn:
    """One burn-in. ``by``: ``up`` or ``command``. ``jobs``: the names of the created Jobs, by node."""

    cluster: Cluster
    plan: BurnInPlan
    by: str
    remark: Remark
    interrupted: threading.Event = field(default_factory=threading.Event)
    run_id: str = field(default_factory=lambda: token_hex(3))
    jobs: dict[str, str] = field(default_factory=dict[str, str])

    def run(self, places: tuple[Place, ...]) -> tuple[Measured, tuple[Verdict, ...]]:
        """Measure the nodes. Return the figures, and verdicts on the nodes that yielded none.

        Raises:
            ClusterError: a Job cannot be created, or the cluster does not answer.
            InterruptedBurnInError: ``interrupted`` is set.
        """
        try:
            self._start(places)
            pods = self._wait()
            logs = {node: self._log(pods.get(node)) for node in self.jobs}
            return read_lines(line for log in logs.values() for line in log), tuple(self._unfit(pods, logs))
        finally:
            self._remove()

    def _start(self, places: tuple[Place, ...]) -> None:
        """Create the first node's Job first, because the others need its address. Nodes with fewer GPUs are measured
        alone."""
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
        """Create a Job. Its name is recorded first, so that it is deleted even if the response is lost."""
        name = self.jobs[place.node.name] = f"wideep-burnin-{self.run_id}-{len(self.jobs)}"
        manifest = job(self.plan, self.by, name, place, meeting)
        self.cluster.create(JOBS, self.plan.namespace, manifest)

    def _pods(self) -> dict[str, Pod]:
        """Return the existing pods, by node."""
        chosen = selector(self.plan, self.by)
        found = ask_again(
            lambda: self.cluster.list(PODS, self.plan.namespace, labels=chosen).items, RETRY_SECONDS, POLL_SECONDS
        )
        owners = {owner.name: pod for pod in found for owner in pod.metadata.owner_references}
        return {node: owners[name] for node, name in self.jobs.items() if name in owners}

    def _pause(self) -> None:
        if self.interrupted.wait(POLL_SECONDS):
            raise InterruptedBurnInError("interrupted while the nodes were measured")

    def _address(self, node: str) -> str:
        end = time.monotonic() + ADDRESS_SECONDS
        while time.monotonic() < end:
            pod = self._pods().get(node)
            if pod and pod.status.pod_ip:
                return pod.status.pod_ip
            self._pause()
        return ""

    def _wait(self) -> dict[str, Pod]:
        """Wait until all pods have ended, until all remaining pods are stuck, or until the time is up."""
        progress = ProgressReporter(self.remark, "burn-in", self.plan.seconds)
        stuck_since = time.monotonic()
        while True:
            pods = self._pods()
            open_ = [node for node in self.jobs if node not in pods or not pods[node].ended]
            held = [node for node in open_ if node in pods and is_stuck(pods[node])]
            if len(held) < len(open_):
                stuck_since = time.monotonic()
            is_over = time.monotonic() - stuck_since > STUCK_SECONDS or progress.waited > self.plan.seconds
            if not open_ or is_over:
                return pods
            progress.tell(f"{len(self.jobs) - len(open_)} of {len(self.jobs)} nodes are measured")
            self._pause()

    def _log(self, pod: Pod | None) -> list[str]:
        text = self.cluster.logs(pod, CONTAINER, tail=LOG_LINES) if pod else None
        return (text or "").splitlines()

    def _unfit(self, pods: dict[str, Pod], logs: dict[str, list[str]]) -> Iterable[Verdict]:
        """Yield a verdict for each node that printed no result: why its pod did not run, or what it printed."""
        for node, log in logs.items():
            if read_lines(log).lines:
                continue
            pod = pods.get(node)
            step = f"wideep doctor shows more; then run wideep burnin --nodes {node}."
            yield Verdict(node, f"{node}: nothing was measured ({_reason(pod, log)}). {step}")

    def _remove(self) -> None:
        """Delete the Jobs. The cluster itself deletes, after their deadline, those that cannot be deleted here."""
        for node, name in self.jobs.items():
            try:
                self.cluster.delete(JOBS, name, self.plan.namespace)
            except ClusterError as error:
                self.remark(
                    f"could not delete Job {name} of {node} ({error}); the cluster deletes it when it has ended"
                )


def clear_away(cluster: Cluster, plan: BurnInPlan, by: str) -> None:
    """Delete what a killed burn-in left behind, and wait up to a minute until its pods hold no GPU.

    Raises:
        ClusterError: Jobs may not be listed or deleted.
    """
    chosen = selector(plan, by)
    left = cluster.list(JOBS, plan.namespace, labels=chosen).items
    for each in left:
        cluster.delete(JOBS, each.name, plan.namespace)
    if left:
        poll(lambda: cluster.list(PODS, plan.namespace, labels=chosen).items, bool, GONE_SECONDS, POLL_SECONDS)


def is_stuck(pod: Pod) -> bool:
    """Tell whether something that seldom resolves by itself holds a pod: an image that cannot be pulled, or no room on
    its node."""
    waiting = pod.main_status.state.waiting if pod.main_status else None
    return (waiting is not None and waiting.reason in STUCK) or any(
        condition.type == "PodScheduled" and condition.status == "False" for condition in pod.status.conditions
    )


def _reason(pod: Pod | None, log: list[str]) -> str:
    """Return why a pod has measured nothing."""
    if pod is None:
        return "the Job made no pod: a quota or an admission rule may refuse it"
    condition = condition_of(pod)
    if pod.ended or condition.phase is Phase.LOADING:
        return (log[-1] if log else "") or condition.reason or pod.status.message or f"its pod is {pod.status.phase}"
    return condition.reason
