"""Before the download: its volume is there, or the user reads what keeps it away."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any, Final, cast

import pulumi

from components.draining import may_answer_later
from components.hooks import hook_all
from components.kube import KubeNamespace
from components.objects import Json, part, parts
from components.own_cluster import own_cluster
from components.progress import Teller, duration

__all__ = ["VolumeError", "await_volume", "await_volumes"]

JOB: Final = "kubernetes:batch/v1:Job"
RETRY_SECONDS: Final = 2.0
LATER: Final = "WaitForFirstConsumer"
"""Such a volume is made for the first pod, on its node: the claim alone waits for ever."""


class VolumeError(Exception):
    """No volume came in time."""


def await_volumes() -> None:
    """From here on, a Job is made when the volume that it mounts is bound. The provider's wait for the Job says that
    its pod is active, and not that the pod has no volume."""

    async def wait(args: pulumi.ResourceHookArgs) -> None:
        inputs: Json = dict(args.new_inputs or {})
        spec = part(inputs, "spec")
        for volume in parts(part(part(spec, "template"), "spec"), "volumes"):
            if claim := part(volume, "persistentVolumeClaim"):
                place = own_cluster(part(inputs, "metadata")["namespace"])
                await await_volume(place, claim["claimName"], spec["activeDeadlineSeconds"], pulumi.log.info)

    hook_all(JOB, pulumi.ResourceHookBinding(before_create=[pulumi.ResourceHook("volume", wait)]))


async def await_volume(place: KubeNamespace, claim: str, deadline_seconds: float, say: Callable[[str], None]) -> None:
    """Returns once the claim is bound, or where only a pod will have it bound. Says what its last event says. Platform
    and image are made meanwhile, and Ctrl-C ends it.

    Raises VolumeError after ``deadline_seconds``.
    """
    from kubernetes.client import ApiException
    from urllib3.exceptions import HTTPError

    teller = Teller(say, f"PersistentVolumeClaim {claim}", int(deadline_seconds))
    while True:
        try:
            lacks = await asyncio.to_thread(_lacks, place, claim)
        except (ApiException, HTTPError) as error:
            if not may_answer_later(error):
                return  # who may not look leaves it to the Job
            lacks = f"the API server does not answer ({type(error).__name__})"
        if lacks is None:
            return
        teller.tell(lacks)
        if teller.waited > teller.deadline_seconds:
            raise VolumeError(
                f"{teller.subject}: after {duration(teller.deadline_seconds)} it still waits for {lacks}.\n"
                "  modelCache.storageClass: one whose provisioner runs; `wideep doctor` looks at it. Then `pulumi up`."
            )
        await asyncio.sleep(RETRY_SECONDS)


def _lacks(place: KubeNamespace, claim: str) -> str | None:
    """What the claim waits for; None: for nothing, or for a pod."""
    from kubernetes.client import CoreV1Api, StorageV1Api

    core = CoreV1Api(place.api)
    found = cast("Any", core.read_namespaced_persistent_volume_claim(claim, place.name))
    kind: str | None = found.spec.storage_class_name
    if found.status.phase == "Bound":
        return None
    if kind and cast("Any", StorageV1Api(place.api).read_storage_class(kind)).volume_binding_mode == LATER:
        return None
    about = f"involvedObject.kind=PersistentVolumeClaim,involvedObject.name={claim}"
    events: list[Any] = cast("Any", core.list_namespaced_event(place.name, field_selector=about)).items
    last = max(events, key=lambda event: str(event.last_timestamp or event.event_time), default=None)
    return f"a volume of storage class {kind or '(none)'}: {last.message if last else 'no event says why'}"
