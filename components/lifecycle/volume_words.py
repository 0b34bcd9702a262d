"""Reports what delays the volume while the download waits for it."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import Final

import pulumi

from components.lifecycle.own_cluster import connect_from_config, unless_unreachable
from wideep_cluster import Cluster, ClusterError
from wideep_cluster.kinds import CLAIMS, CLASSES, EVENTS
from wideep_cluster.kube import KubeNamespace
from wideep_cluster.manifests import Json, part, parts
from wideep_cluster.progress import ProgressReporter

__all__ = ["report_volume_hook", "tell_of_volume"]

RETRY_SECONDS: Final = 2.0
LATER: Final = "WaitForFirstConsumer"
"""A volume of such a class is created for the first pod, on its node: the claim alone would wait forever."""


def report_volume_hook(name: str) -> pulumi.ResourceHook:
    """Return the hook (``before_create``) of a Job whose volume may not be bound. While the provider waits for the Job,
    it reports that the pod is active, but not that the pod has no volume.

    The reports come from a thread: a hook that itself waited would continue after Ctrl-C, of which the engine tells no
    program.
    """

    def tell(args: pulumi.ResourceHookArgs) -> None:
        inputs: Json = dict(args.new_inputs or {})
        spec = part(inputs, "spec")
        for volume in parts(part(part(spec, "template"), "spec"), "volumes"):
            if claim := part(volume, "persistentVolumeClaim"):
                _start(part(inputs, "metadata")["namespace"], claim["claimName"], spec["activeDeadlineSeconds"])

    return pulumi.ResourceHook(name, tell)


def _start(namespace: str, claim: str, deadline_seconds: float) -> None:
    with unless_unreachable(f"volume of claim {claim}"):
        about = (connect_from_config(namespace), claim, deadline_seconds, pulumi.log.info)
        threading.Thread(target=tell_of_volume, args=about, name="volume", daemon=True).start()


def tell_of_volume(place: KubeNamespace, claim: str, deadline_seconds: float, say: Callable[[str], None]) -> None:
    """Report the claim's last event until the claim is bound, until only a pod is missing for it to be bound, or until
    the Job's own deadline has passed. Report nothing if the user may not read the claim."""
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
    """Return what the claim waits for; None if it is bound, or only waits for a pod."""
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
    return f"a volume of storage class {kind or '(none)'}: {last.message if last else 'no event explains why'}"
