"""Problems that show in a pod's status and events, before any log."""

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
    """Diagnose a pod whose node is gone or not ready, or that its node evicted."""
    name = pod.spec.node_name
    node = next((node for node in case.view.nodes.items if node.name == name), None)
    if name and case.view.nodes.items and node is None:
        return Diagnosis(
            "node", f"its node {name} no longer exists.", (f"kubectl -n {pod.namespace} delete pod {pod.name} --force",)
        )
    if node and not node.ready:
        condition = next((c for c in node.status.conditions if c.type == "Ready"), None)
        since = duration(case.seconds_since(condition.last_transition_time if condition else None))
        why = f" ({condition.message.strip()})" if condition and condition.message else ""
        fixes = (
            f"Bring {name} back (kubectl describe node {name}), or delete it: its pods then start on other nodes.",
            "add a spare node (hardware.nodes), so that a worker can restart at once",
        )
        return Diagnosis("node", f"its node {name} has not been ready for {since}{why}.", fixes, "hardware.nodes")
    if pod.status.reason == "Evicted":
        return Diagnosis("node", f"evicted from {name}: {pod.status.message}", (f"kubectl describe node {name}",))
    return None


def scheduling_trouble(case: CheckContext, pod: Pod) -> Diagnosis | None:
    """Diagnose a pod without a node. A lack of GPUs is reported once, by ``placement``."""
    if pod.spec.node_name or pod.ended:
        return None
    condition = next((c for c in pod.status.conditions if c.type == "PodScheduled"), None)
    if pod.gpus and placement(case).verdict is Verdict.FAILED:
        return None
    since = duration(case.seconds_since(pod.metadata.creation_timestamp))
    if condition is None or condition.reason == "SchedulingGated":
        cause = f"has been waiting {since} for Grove to schedule all pods of its worker together."
        return Diagnosis("scheduling", cause, verdict=Verdict.UNKNOWN)
    message = condition.message
    if "persistentvolumeclaim" in message or "volume node affinity" in message or "unbound" in message:
        fix = "set modelCache.storageClass to a class with ReadWriteMany volumes"
        cause = f"unschedulable for {since} because of its volume: {message}"
        return Diagnosis("scheduling", cause, (fix,), "modelCache.storageClass")
    cause = f"Pending for {since}: {message}"
    return Diagnosis("scheduling", cause, ("See *GPU nodes* above.",), "hardware")


def config_trouble(case: CheckContext, pod: Pod) -> Diagnosis | None:
    """Diagnose a container that cannot be created, most often because a Secret is missing."""
    status = waiting_for(pod, reasons_of(Stuck.CONTAINER))
    if status is None or status.state.waiting is None:
        return None
    message = status.state.waiting.message
    missing = SECRET.search(message)
    token = case.plan.token
    if missing and token and missing[1] == token.secret:
        cause = f"Secret {token.secret} with the Hugging Face token does not exist."
        if token.create:
            return Diagnosis("secret", cause, ("Run `pulumi up --refresh` to recreate it.",), "hfToken")
        fix = f"hfTokenSecret: a Secret of namespace {pod.namespace} with the key {token.key}"
        return Diagnosis("secret", cause, (fix,), "hfTokenSecret")
    if missing:
        return Diagnosis("secret", f"Secret {missing[1]} does not exist.", ("`pulumi up --refresh`",))
    return Diagnosis(
        "container",
        f"{status.state.waiting.reason}: {message}",
        (f"kubectl -n {pod.namespace} describe pod {pod.name}",),
    )


def mount_trouble(case: CheckContext, pod: Pod) -> Diagnosis | None:
    """Diagnose a pod that has a node and waits for a volume."""
    status = waiting_for(pod, STARTING_REASONS)
    if status is None:
        return None
    said = [e for e in case.view.warned("Pod", pod.name) if e.reason in ("FailedMount", "FailedAttachVolume")]
    if not said:
        return None
    message = said[-1].message
    if "Multi-Attach" in message:
        cause = "another node has the model cache mounted, and its volume is ReadWriteOnce."
        return Diagnosis("volume", cause, ("modelCache.accessMode: ReadWriteMany",), "modelCache.accessMode")
    fix = f"set modelCache.storageClass to a class that node {pod.spec.node_name} can mount"
    return Diagnosis("volume", f"its volume cannot be mounted: {message}", (fix,), "modelCache.storageClass")


def waiting_for(pod: Pod, reasons: tuple[str, ...]) -> ContainerStatus | None:
    """Return the first container that waits for one of these reasons; None if there is none."""
    every = (*pod.status.init_container_statuses, *pod.status.container_statuses)
    return next((s for s in every if s.state.waiting and s.state.waiting.reason in reasons), None)
