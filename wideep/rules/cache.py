"""Rules of the model cache: its size, which nodes can mount it, and keys that exclude each other."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from wideep.errors import Problem
from wideep.memory.weights import model_bytes
from wideep.rules.hardware import nodes_needed
from wideep.settings.quantity import quantity_bytes
from wideep.settings.root import Settings
from wideep.settings.services import AccessMode

__all__ = ["cache_problems", "volume_size"]

SPARE: Final = 1.1
"""Size of a volume as a multiple of the model's: the filesystem and the downloader's partial files need space too."""
SYSTEM_FOLDERS: Final = (
    *("/bin", "/boot", "/dev", "/etc", "/lib", "/lib32", "/lib64", "/proc", "/root", "/run", "/sbin", "/sys", "/usr"),
    *("/var/cache", "/var/log", "/var/run", "/var/spool", "/opt/cni"),
    *(f"/var/lib/{system}" for system in ("cni", "containerd", "containers", "docker", "etcd", "kubelet", "rancher")),
)
"""Folders that belong to a Linux node's system, or to the programs that make it a node of a cluster."""


def cache_problems(settings: Settings) -> list[Problem]:
    """Return all broken rules of ``modelCache``."""
    alone = (_cache_size(settings), _cache_mode(settings), _anonymous(settings), _node_folder(settings))
    return [*(problem for problem in alone if problem), *_without_volume(settings)]


def _anonymous(settings: Settings) -> Problem | None:
    token = "hfToken" if settings.hf_token else "hfTokenSecret" if settings.hf_token_secret else None
    if not settings.model_cache.anonymous or token is None:
        return None
    return Problem("modelCache.anonymous", "true", f"{token} is set too", f"remove anonymous or {token}")


def _node_folder(settings: Settings) -> Problem | None:
    """Refuse a system folder as ``hostPath``: the download writes to the folder as the node's root."""
    path = settings.model_cache.host_path
    if path is None or not any(
        path == folder or path.startswith(f"{folder}/") or folder.startswith(f"{path}/") for folder in SYSTEM_FOLDERS
    ):
        return None
    rule = "the download would write as root into a folder that the node's own system needs"
    return Problem("modelCache.hostPath", path, rule, "use a separate folder on the data disk: /mnt/models")


def _without_volume(settings: Settings) -> Iterator[Problem]:
    """Yield a problem for each key of a volume that is set together with ``hostPath``."""
    cache = settings.model_cache
    if cache.host_path is None:
        return
    rule = f"modelCache.hostPath is {cache.host_path}, so there is no volume"
    keys = {
        "existingClaim": cache.existing_claim,
        "storageClass": cache.storage_class,
        "protect": "true" if cache.protect else None,
        "retain": "true" if cache.retain else None,
    }
    for key, value in keys.items():
        if value is not None:
            yield Problem(f"modelCache.{key}", value, rule, f"remove {key} or hostPath")


def _cache_size(settings: Settings) -> Problem | None:
    """Refuse a volume that is smaller than the model: the whole repository is downloaded to it."""
    cache = settings.model_cache
    needed = settings.model.disk_bytes or model_bytes(settings.model)
    if cache.existing_claim or quantity_bytes(cache.size) >= needed:
        return None
    size = f"{quantity_bytes(cache.size) / 1e9:.1f} GB"
    rule = f"{settings.model.name} is {needed / 1e9:.1f} GB on disk, and the volume has {size}"
    return Problem("modelCache.size", cache.size, rule, f"set size: {volume_size(needed)} or more")


def volume_size(size_bytes: float) -> str:
    """Return a Kubernetes quantity for a volume that holds ``size_bytes`` of weights with room to spare, in steps of 50
    Gi."""
    return f"{-(-int(size_bytes * SPARE) // (50 * 2**30)) * 50}Gi"


def _cache_mode(settings: Settings) -> Problem | None:
    """Refuse a ReadWriteOnce volume for workers on several nodes: one node mounts it, and pods on other nodes wait
    forever."""
    cache, roles = settings.model_cache, settings.layout.roles
    nodes = nodes_needed(roles.values(), settings.hardware.gpus_per_node)
    ours = not cache.existing_claim and not cache.host_path
    if cache.access_mode is not AccessMode.READ_WRITE_ONCE or not ours or nodes == 1:
        return None
    rule = f"only one node can mount the volume, and the workers are on {nodes}"
    return Problem("modelCache.accessMode", cache.access_mode, rule, "set accessMode: ReadWriteMany")
