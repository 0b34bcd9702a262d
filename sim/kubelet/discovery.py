"""The preconditions of Kubernetes discovery for a pod of Dynamo 1.x: its token, and the permissions of its account.

The processes themselves find each other in a folder (`serving.Place`). The preconditions are checked against the real
API server, and a pod that lacks one of them ends as the real one does.
"""

from __future__ import annotations

from typing import Final

from sim.kubelet.pod import CrashError, Pod
from sim.operator import contract
from sim.operator.contract import Manifest

NEEDED: Final = (("list", "discovery.k8s.io", "endpointslices"), ("create", "nvidia.com", "dynamoworkermetadatas"))
"""Permissions of a process under Kubernetes discovery: it lists the others, and records what it serves."""


def has_token(container: Manifest) -> bool:
    """Tell whether the API server has given the container a token: admission mounts one unless the pod opts out."""
    return any(mount["mountPath"] == contract.TOKEN_PATH for mount in container.get("volumeMounts") or [])


async def _obstacles(pod: Pod) -> list[str]:
    if pod.labels.get(contract.LABEL_DISCOVERY) != "kubernetes":
        return []
    if not has_token(pod.main):
        return [f"failed to read {contract.TOKEN_PATH}/token: No such file or directory"]
    user = f"system:serviceaccount:{pod.namespace}:{pod.pod['spec'].get('serviceAccountName', 'default')}"
    return [
        f"{resource}.{group} is forbidden: User {user!r} cannot {verb} resource in namespace {pod.namespace!r}"
        for verb, group, resource in NEEDED
        if not await pod.kube.may(user, pod.namespace, verb, group, resource)
    ]


async def enter(pod: Pod) -> None:
    """Raise CrashError, after logging the reasons, if the pod cannot take part in Kubernetes discovery."""
    wrong = await _obstacles(pod)
    for line in wrong:
        pod.journal.write(f"Error: failed to create the Kubernetes discovery client: {line}", "stderr")
    if wrong:
        raise CrashError(1)
