"""Troubles that show in a pod's status and its events, before any log."""

from __future__ import annotations

import re
from typing import Final

from wideep.text import duration
from wideep.waiting import Stuck, reasons_of
from wideep_cli.doctor.check_context import CheckContext
from wideep_cli.doctor.finding import Verdict
from wideep_cli.doctor.gpus import placement
from wideep_cli.doctor.trouble import Diagnosis
from wideep_cluster.dynamo.pods import STARTING_REASONS
from wideep_cluster.objects import ContainerStatus, Pod

__all__ = ["config_trouble", "mount_trouble", "node_trouble", "scheduling_trouble", "waiting_for"]

SECRET: Final = re.compile(r'secret "([^"]+)" not found')


def node_trouble(case: CheckContext, pod: Pod) -> Diagnosis | None:
    """Its node is down, or threw it out."""
    name = pod.spec.node_name
    node = next((node for node in case.view.nodes.items if node.name == name), None)
    if name and case.view.nodes.items and node is None:
        return Diagnosis(
            "node", f"its node {name} is gone.", (f"kubectl -n {pod.namespace} delete pod {pod.name} --force",)
        )
    if node and not node.ready:
        condition = next((c for c in node.status.conditions if c.type == "Ready"), None)
        since = duration(case.seconds_since(condition.last_transition_time if condition else None))
        why = f" ({condition.message.strip()})" if condition and condition.message else ""
        fixes = (
            f"Bring {name} back (kubectl describe node {name}), or delete it: its pods then start elsewhere.",
            "hardware.nodes: a spare node makes a worker start again without waiting",
        )
        return Diagnosis("node", f"its node {name} has not been ready for {since}{why}.", fixes, "hardware.nodes")
    if pod.status.reason == "Evicted":
        return Diagnosis("node", f"evicted from {name}: {pod.status.message}", (f"kubectl describe node {name}",))
    return None


def scheduling_trouble(case: CheckContext, pod: Pod) -> Diagnosis | None:
    """It has no node. Too few GPUs are told once, by the placement."""
    if pod.spec.node_name or pod.ended:
        return None
    condition = next((c for c in pod.status.conditions if c.type == "PodScheduled"), None)
    if pod.gpus and placement(case).verdict is Verdict.FAILS:
        return None
    since = duration(case.seconds_since(pod.metadata.creation_timestamp))
    if condition is None or condition.reason == "SchedulingGated":
        cause = f"waits for Grove to place all pods of its worker together, for {since}."
        return Diagnosis("scheduling", cause, verdict=Verdict.UNKNOWN)
    message = condition.message
    if "persistentvolumeclaim" in message or "volume node affinity" in message or "unbound" in message:
        fix = "modelCache.storageClass: one whose volumes every node can mount"
        cause = f"cannot be placed because of its volume, for {since}: {message}"
        return Diagnosis("scheduling", cause, (fix,), "modelCache.storageClass")
    cause = f"has had no node for {since}: {message}"
    return Diagnosis("scheduling", cause, ("See *GPU nodes* above.",), "hardware")


def config_trouble(case: CheckContext, pod: Pod) -> Diagnosis | None:
    """A container that cannot be made: most often for a Secret that is not there."""
    status = waiting_for(pod, reasons_of(Stuck.CONTAINER))
    if status is None or status.state.waiting is None:
        return None
    message = status.state.waiting.message
    missing = SECRET.search(message)
    token = case.plan.token
    if missing and token and missing[1] == token.secret:
        cause = f"there is no Secret {token.secret} with the Hugging Face token."
        if token.create:
            return Diagnosis("secret", cause, ("`pulumi up --refresh` makes it again.",), "hfToken")
        fix = f"hfTokenSecret: a Secret of namespace {pod.namespace} with the key {token.key}"
        return Diagnosis("secret", cause, (fix,), "hfTokenSecret")
    if missing:
        return Diagnosis("secret", f"there is no Secret {missing[1]}.", ("`pulumi up --refresh`",))
    return Diagnosis(
        "container",
        f"{status.state.waiting.reason}: {message}",
        (f"kubectl -n {pod.namespace} describe pod {pod.name}",),
    )


def mount_trouble(case: CheckContext, pod: Pod) -> Diagnosis | None:
    """It has a node, and waits for a volume."""
    status = waiting_for(pod, STARTING_REASONS)
    if status is None:
        return None
    said = [e for e in case.view.warned("Pod", pod.name) if e.reason in ("FailedMount", "FailedAttachVolume")]
    if not said:
        return None
    message = said[-1].message
    if "Multi-Attach" in message:
        cause = "another node has the model cache mounted, and its volume can be on one node only."
        return Diagnosis("volume", cause, ("modelCache.accessMode: ReadWriteMany",), "modelCache.accessMode")
    fix = f"modelCache.storageClass: one that node {pod.spec.node_name} can mount"
    return Diagnosis("volume", f"its volume cannot be mounted: {message}", (fix,), "modelCache.storageClass")


def waiting_for(pod: Pod, reasons: tuple[str, ...]) -> ContainerStatus | None:
    """The first container that waits for one of these reasons."""
    every = (*pod.status.init_container_statuses, *pod.status.container_statuses)
    return next((s for s in every if s.state.waiting and s.state.waiting.reason in reasons), None)
