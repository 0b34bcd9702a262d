"""The Jobs of a burn-in, one for each node. The measuring program is in the pod's command, so that no other object is
needed.

A Job ends at its deadline, and the cluster deletes it soon after, even if this program was killed.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from wideep import rdma
from wideep.burnin.program import PORT, PROGRAM
from wideep.plan.burnin import BurnInPlan
from wideep_cluster.burnin.places import Place
from wideep_cluster.objects import GPU

__all__ = ["CONTAINER", "Meeting", "job", "labels", "selector"]

CONTAINER: Final = "burnin"
NAME_LABEL: Final = "app.kubernetes.io/name"
NAME: Final = "wideep-burnin"
GRAPH_LABEL: Final = "wideep/burnin-of"
RUN_LABEL: Final = "wideep/burnin-by"
"""``up`` or ``command``: an `up` deletes what a killed `up` left behind, but not the Jobs of a user's
`wideep burnin`."""
KEPT_SECONDS: Final = 120
"""How long the cluster keeps a finished Job that nobody deletes."""
LATER_SECONDS: Final = 60
"""How much later than this program's deadline a Job's own deadline is, so that the pods can still be read."""
HOSTNAME: Final = "kubernetes.io/hostname"

Manifest = dict[str, object]


@dataclass(frozen=True)
class Meeting:
    """The nodes that are measured together, in the same order for all, and the address of the first; empty for the
    first node itself."""

    nodes: tuple[str, ...]
    master: str = ""


def labels(plan: BurnInPlan, by: str) -> dict[str, str]:
    """Return the labels of a burn-in's Jobs and pods."""
    return {NAME_LABEL: NAME, "app.kubernetes.io/managed-by": "wideep", GRAPH_LABEL: plan.graph, RUN_LABEL: by}


def selector(plan: BurnInPlan, by: str = "") -> str:
    """Return the label selector of the burn-in's Jobs and pods; with ``by``, only of those of `up` or of the
    command."""
    chosen = {NAME_LABEL: NAME, GRAPH_LABEL: plan.graph, **({RUN_LABEL: by} if by else {})}
    return ",".join(f"{key}={value}" for key, value in chosen.items())


def job(plan: BurnInPlan, by: str, name: str, place: Place, meeting: Meeting) -> Manifest:
    """Return the Job for a node."""
    own = labels(plan, by)
    spec: Manifest = {
        "backoffLimit": 0,
        "activeDeadlineSeconds": plan.seconds + LATER_SECONDS,
        "ttlSecondsAfterFinished": KEPT_SECONDS,
        "template": {"metadata": {"labels": own}, "spec": _pod(plan, place, meeting)},
    }
    return {"apiVersion": "batch/v1", "kind": "Job", "metadata": {"name": name, "labels": own}, "spec": spec}


def _arguments(plan: BurnInPlan, place: Place, meeting: Meeting) -> list[str]:
    words = ["--node", place.node.name, "--nodes", ",".join(meeting.nodes), "--gpus", str(place.gpus)]
    words += ["--worker-nodes", str(plan.worker_nodes), *plan.arguments]
    words += ["--master", f"{meeting.master}:{PORT}"] if meeting.master else []
    words += ["--only", plan.only] if plan.only else []
    return [*words, *(["--quick"] if plan.quick else [])]


def _pod(plan: BurnInPlan, place: Place, meeting: Meeting) -> Manifest:
    hardware = plan.hardware
    limits = {GPU: str(place.gpus), **({hardware.rdma_resource: str(place.gpus)} if plan.uses_rdma else {})}
    container: Manifest = {
        "name": CONTAINER,
        "image": plan.image,
        "command": ["python3", "-c", PROGRAM],
        "args": _arguments(plan, place, meeting),
        "env": [{"name": name, "value": value} for name, value in plan.env.items()],
        "resources": {"limits": limits},
        "volumeMounts": [{"name": "shm", "mountPath": "/dev/shm"}],  # noqa: S108 - NCCL's, in the container
        **({"securityContext": {"capabilities": {"add": [rdma.RDMA_CAPABILITY]}}} if plan.uses_rdma else {}),
    }
    return {
        "restartPolicy": "Never",
        "automountServiceAccountToken": False,
        "terminationGracePeriodSeconds": 2,
        "nodeSelector": {HOSTNAME: place.node.labels.get(HOSTNAME, place.node.name)},
        "tolerations": [each.model_dump(exclude_none=True) for each in hardware.tolerations],
        "imagePullSecrets": [{"name": plan.pull_secret}] if plan.pull_secret else [],
        "containers": [container],
        "volumes": [{"name": "shm", "emptyDir": {"medium": "Memory", "sizeLimit": plan.shared_memory}}],
    }
