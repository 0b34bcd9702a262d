"""The Jobs of a burn-in: one a node, with the measuring program in the pod's command, so that nothing else is made.

A Job ends with its deadline and is deleted by the cluster soon after, also where this command was killed.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from wideep import rdma
from wideep.burnin.program import PORT, PROGRAM, model_arguments
from wideep.graph.refs import pull_secret
from wideep_cli.burnin.places import Place
from wideep_cli.stack_context import StackContext
from wideep_cluster.objects import GPU

__all__ = ["CONTAINER", "Asked", "Meeting", "job", "label"]

CONTAINER: Final = "burnin"
LABEL: Final = "app.kubernetes.io/name"
GRAPH: Final = "wideep/burnin-of"
"""Of a pod: the stack's graph, so that two stacks in one namespace do not take each other's."""
KEPT_SECONDS: Final = 120
"""How long the cluster keeps a Job that has ended, where nobody deletes it."""
LATER_SECONDS: Final = 60
"""A Job's own deadline is after that of the command, which still reads the pods then."""
HOSTNAME: Final = "kubernetes.io/hostname"

Manifest = dict[str, object]


@dataclass(frozen=True)
class Asked:
    """The options of the verb that the pods need."""

    only: str | None
    quick: bool
    seconds: int


@dataclass(frozen=True)
class Meeting:
    """The nodes that are measured together, in one order for all, and the first one's address; empty for itself."""

    nodes: tuple[str, ...]
    master: str = ""


def label(loaded: StackContext) -> str:
    """Return the selector of a burn-in's pods."""
    return f"{LABEL}=wideep-burnin,{GRAPH}={loaded.plan.name}"


def job(loaded: StackContext, asked: Asked, name: str, place: Place, meeting: Meeting) -> Manifest:
    """Return the Job of a node."""
    labels = {LABEL: "wideep-burnin", "app.kubernetes.io/managed-by": "wideep", GRAPH: loaded.plan.name}
    spec: Manifest = {
        "backoffLimit": 0,
        "activeDeadlineSeconds": asked.seconds + LATER_SECONDS,
        "ttlSecondsAfterFinished": KEPT_SECONDS,
        "template": {"metadata": {"labels": labels}, "spec": _pod(loaded, asked, place, meeting)},
    }
    return {"apiVersion": "batch/v1", "kind": "Job", "metadata": {"name": name, "labels": labels}, "spec": spec}


def _arguments(loaded: StackContext, asked: Asked, place: Place, meeting: Meeting) -> list[str]:
    words = ["--node", place.node.name, "--nodes", ",".join(meeting.nodes), "--gpus", str(place.gpus)]
    words += model_arguments(loaded.settings.model)
    words += ["--master", f"{meeting.master}:{PORT}"] if meeting.master else []
    words += ["--only", asked.only] if asked.only else []
    return [*words, *(["--quick"] if asked.quick else [])]


def _pod(loaded: StackContext, asked: Asked, place: Place, meeting: Meeting) -> Manifest:
    settings, hardware = loaded.settings, loaded.settings.hardware
    uses_rdma = rdma.uses_rdma(hardware)
    limits = {GPU: str(place.gpus), **({hardware.rdma_resource: str(place.gpus)} if uses_rdma else {})}
    widest = max(settings.layout.roles.values(), key=lambda role: role.nodes)
    env = {**rdma.network_env(hardware, widest), **settings.workers.env}
    secret = pull_secret(settings.image)
    container: Manifest = {
        "name": CONTAINER,
        "image": loaded.plan.image,
        "command": ["python3", "-c", PROGRAM],
        "args": _arguments(loaded, asked, place, meeting),
        "env": [{"name": name, "value": value} for name, value in env.items()],
        "resources": {"limits": limits},
        "volumeMounts": [{"name": "shm", "mountPath": "/dev/shm"}],  # noqa: S108 - NCCL's, in the container
        **({"securityContext": {"capabilities": {"add": [rdma.RDMA_CAPABILITY]}}} if uses_rdma else {}),
    }
    return {
        "restartPolicy": "Never",
        "automountServiceAccountToken": False,
        "terminationGracePeriodSeconds": 2,
        "nodeSelector": {HOSTNAME: place.node.labels.get(HOSTNAME, place.node.name)},
        "tolerations": [each.model_dump(exclude_none=True) for each in hardware.tolerations],
        "imagePullSecrets": [{"name": secret}] if secret else [],
        "containers": [container],
        "volumes": [{"name": "shm", "emptyDir": {"medium": "Memory", "sizeLimit": settings.workers.shared_memory}}],
    }
