"""While the download waits for its volume, the user reads what keeps the volume away."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import Final

import pulumi

from components.lifecycle.hooks import hook_all
from components.lifecycle.own_cluster import own_cluster
from wideep_cluster import Cluster, ClusterError
from wideep_cluster.kinds import CLAIMS, CLASSES, EVENTS
from wideep_cluster.kube import KubeNamespace
from wideep_cluster.kube_objects import Json, part, parts
from wideep_cluster.progress import ProgressReporter

__all__ = ["tell_of_volume", "tell_of_volumes"]

JOB: Final = "kubernetes:batch/v1:Job"
RETRY_SECONDS: Final = 2.0
LATER: Final = "WaitForFirstConsumer"
"""Such a volume is made for the first pod, on its node: the claim alone waits for ever."""


def tell_of_volumes() -> None:
    """From here on, a Job whose volume is not bound is made with words about it. The provider's wait for the Job says
    that its pod is active, and not that the pod has no volume.

    A thread beside the wait: a hook that waited itself would go on after Ctrl-C, of which the engine tells no program.
    """

    def tell(args: pulumi.ResourceHookArgs) -> None:
        inputs: Json = dict(args.new_inputs or {})
        spec = part(inputs, "spec")
        for volume in parts(part(part(spec, "template"), "spec"), "volumes"):
            if claim := part(volume, "persistentVolumeClaim"):
                place = own_cluster(part(inputs, "metadata")["namespace"])
                about = (place, claim["claimName"], spec["activeDeadlineSeconds"], pulumi.log.info)
                threading.Thread(target=tell_of_volume, args=about, name="volume", daemon=True).start()

    hook_all(JOB, pulumi.ResourceHookBinding(before_create=[pulumi.ResourceHook("volume", tell)]))


def tell_of_volume(place: KubeNamespace, claim: str, deadline_seconds: float, say: Callable[[str], None]) -> None:
    """Say what the claim's last event says, until it is bound, or only a pod will have it bound, or the Job's own
    deadline has passed. Who may not see the claim reads nothing of it."""
    reporter = ProgressReporter(say, f"PersistentVolumeClaim {claim}", int(deadline_seconds))
    while reporter.waited <= deadline_seconds:
        try:
            waits_for = _waits_for(place.cluster, place.name, claim)
        except ClusterError as error:
            if not error.is_temporary:
                return
        else:
            if waits_for is None:
                return
            reporter.tell(waits_for)
        time.sleep(RETRY_SECONDS)


def _waits_for(cluster: Cluster, namespace: str, name: str) -> str | None:
    """What the claim waits for; None: for nothing, or for a pod."""
    claim = cluster.find(CLAIMS, name, namespace)
    if claim is None or claim.status.phase == "Bound":
        return None
    kind = claim.spec.storage_class_name
    storage_class = cluster.find(CLASSES, kind) if kind else None
    if storage_class and storage_class.volume_binding_mode == LATER:
        return None
    about = f"involvedObject.kind=PersistentVolumeClaim,involvedObject.name={name}"
    events = [event for event in cluster.list(EVENTS, namespace, fields=about).items if event.when]
    last = max(events, key=lambda event: str(event.when), default=None)
    return f"a volume of storage class {kind or '(none)'}: {last.message if last else 'no event says why'}"
