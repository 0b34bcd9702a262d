"""Stand-in for the init container `crd-apply` of the operator's pod: the operator starts once the CRDs are applied."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime

from sim.operator import contract
from sim.operator.contract import Manifest
from sim.operator.kube import Kind, Kube
from sim.operator.v1.reconcilers import apply_crds


def is_waiting(pod: Manifest) -> bool:
    """Tell whether kwok has made the pod's sandbox and the init container that applies CRDs is waiting."""
    statuses = (pod.get("status") or {}).get("initContainerStatuses") or []
    return any(one["name"] == contract.CRD_APPLY and "waiting" in one["state"] for one in statuses)


def done(pod: Manifest) -> Manifest:
    """Return the pod's status after its init containers have ended and before its containers are created."""
    now = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    ended = {"terminated": {"exitCode": 0, "reason": "Completed", "startedAt": now, "finishedAt": now}}
    base = {"imageID": "", "restartCount": 0, "started": False}
    init = [
        {"name": one["name"], "image": one["image"], "ready": True, **base, "state": {"$patch": "replace", **ended}}
        for one in pod["spec"]["initContainers"]
    ]
    creating = {"$patch": "replace", "waiting": {"reason": "ContainerCreating"}}
    own = [
        {"name": one["name"], "image": one["image"], "ready": False, **base, "state": creating}
        for one in pod["spec"]["containers"]
    ]
    initialized = {"type": "Initialized", "status": "True", "lastTransitionTime": now}
    return {"status": {"conditions": [initialized], "initContainerStatuses": init, "containerStatuses": own}}


@dataclass
class CrdApply:
    """Applies the CRDs once for each operator pod that has the init container."""

    kube: Kube
    begun: set[str] = field(default_factory=set)

    async def see(self, pod: Manifest, gone: bool) -> None:
        meta = pod["metadata"]
        if gone:
            self.begun.discard(meta["uid"])
        elif is_waiting(pod) and meta["uid"] not in self.begun:
            self.begun.add(meta["uid"])
            try:
                await apply_crds(self.kube)
                await self.kube.patch(Kind.POD, meta["namespace"], meta["name"], done(pod), status=True)
            except Exception:
                self.begun.discard(meta["uid"])  # so that the next event tries again
                raise
