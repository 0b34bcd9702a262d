"""What precedes a container's start: its image is pulled, and the Secrets that its environment references exist."""

from __future__ import annotations

import asyncio

import aiohttp

from sim.cluster import logins
from sim.faults import store
from sim.kubelet import podstatus
from sim.kubelet.pod import Pod
from sim.operator.kube import Kind

RETRY_SECONDS = 2.0
MANIFEST_TYPES = (
    "application/vnd.oci.image.manifest.v1+json, application/vnd.oci.image.index.v1+json, "
    "application/vnd.docker.distribution.manifest.v2+json"
)


async def prepare(pod: Pod) -> None:
    """Wait until the pod's container can start."""
    await _pull(pod)
    await _wait_for_secrets(pod)


async def _pull(pod: Pod) -> None:
    """Wait until the simulation's registry has the image, in ImagePullBackOff meanwhile; other registries' images
    pass."""
    image: str = pod.main.get("image", "")
    await pod.event("Pulling", f"Pulling image {image!r}")
    await asyncio.sleep(pod.machine.times.pull)
    while not await _has(pod, image):
        message = f"Back-off pulling image {image!r}: not found"
        await pod.status(podstatus.waiting(pod.pod, "ImagePullBackOff", message))
        await pod.event("Failed", f"Failed to pull image {image!r}: not found", "Warning")
        await asyncio.sleep(RETRY_SECONDS)
    await pod.event("Pulled", f"Successfully pulled image {image!r}")


async def _has(pod: Pod, image: str) -> bool:
    cluster = pod.machine.cluster
    if not image.startswith(f"{cluster.registry_alias}/"):
        return True
    if store.is_active(cluster.directory, "image-lost", image):
        return False
    name = image.split("/", 1)[1]
    repository, _, reference = name.partition("@") if "@" in name else name.partition(":")
    url = f"http://{cluster.registry}/v2/{repository.split(':')[0]}/manifests/{reference or 'latest'}"
    login = aiohttp.BasicAuth(logins.USER, cluster.password)
    async with aiohttp.ClientSession() as session:
        try:
            async with session.head(url, headers={"Accept": MANIFEST_TYPES}, auth=login) as answer:
                return answer.status == 200
        except aiohttp.ClientError:
            return False


async def _wait_for_secrets(pod: Pod) -> None:
    while missing := await _missing_secret(pod):
        message = f'secret "{missing}" not found'
        await pod.status(podstatus.waiting(pod.pod, "CreateContainerConfigError", message))
        await pod.event("Failed", f"Error: {message}", "Warning")
        await asyncio.sleep(RETRY_SECONDS)


async def _missing_secret(pod: Pod) -> str:
    """Return the first Secret that the container's environment needs and the namespace lacks; empty if there is
    none."""
    references = [entry.get("secretRef") for entry in pod.main.get("envFrom") or []]
    references += [(entry.get("valueFrom") or {}).get("secretKeyRef") for entry in pod.main.get("env") or []]
    needed = [reference["name"] for reference in references if reference and not reference.get("optional")]
    for name in needed:
        if not await pod.kube.get(Kind.SECRET, pod.namespace, name):
            return name
    return ""
