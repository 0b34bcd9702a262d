"""The volume with the weights in a worker's pod: who reads it, and the one folder that the engine's pod may write to.

Claims are mounted through the pod's spec, because the graph's own ``volumeMounts`` cannot make a mount read-only (CRD
of Dynamo 0.6.0). The weights are checked once, when they are downloaded, so no pod may change them later.
"""

from __future__ import annotations

from typing import Final

from wideep.download import MOUNT_PATH
from wideep.graph.pod import ClaimSource, ContainerMount, HostPathSource, Volume
from wideep.graph.refs import cache_claim
from wideep.settings import Settings
from wideep.settings.layout import RoleLayout

__all__ = ["COUNTS_FOLDER", "COUNTS_PATH", "download_mount", "engine_mounts", "read_mount", "weights_volume"]

NAME: Final = "model-cache"
COUNTS_FOLDER: Final = "expert-counts"
"""Folder of the volume in which `wideep eplb record` keeps the counts that the engine recorded."""
COUNTS_PATH: Final = f"/{COUNTS_FOLDER}"
"""Writable mount of that folder; the engine reads it below ``MOUNT_PATH``."""


def weights_volume(settings: Settings) -> Volume:
    """Return the claim with the weights, or the node's folder, as a volume."""
    path, claim = settings.model_cache.host_path, cache_claim(settings)
    if path is not None:
        return Volume(name=NAME, host_path=HostPathSource(path=path, type="DirectoryOrCreate"))
    return Volume(name=NAME, persistent_volume_claim=ClaimSource(claim_name=claim or ""))


def engine_mounts(settings: Settings, layout: RoleLayout) -> tuple[ContainerMount, ...]:
    """Return the read-only mount of the weights and, if the stack records experts, a writable one for the counts."""
    if settings.model_cache.host_path or layout.eplb.recorder_mode is None:
        return (read_mount(),)
    return read_mount(), ContainerMount(name=NAME, mount_path=COUNTS_PATH, sub_path=COUNTS_FOLDER)


def read_mount() -> ContainerMount:
    """Return the read-only mount of the weights."""
    return ContainerMount(name=NAME, mount_path=MOUNT_PATH, read_only=True)


def download_mount() -> ContainerMount:
    """Return a writable mount of the whole volume, for the download that fills it."""
    return ContainerMount(name=NAME, mount_path=MOUNT_PATH)
