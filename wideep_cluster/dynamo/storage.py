"""The storage classes of the volumes that a stack creates: a claim whose class does not exist waits forever."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Final, cast

from wideep.dynamo import release
from wideep.errors import Problem
from wideep.plan import CachePlan, PlatformPlan
from wideep.text import some_of
from wideep_cluster.errors import Answer
from wideep_cluster.listing import Listed
from wideep_cluster.objects import StorageClass, Volume

__all__ = ["ONE_NODE", "cache_class_problem", "class_problem", "platform_class_problems", "suggested_class"]

ONE_NODE: Final = (
    "ebs.csi.aws.com",
    "kubernetes.io/aws-ebs",
    "pd.csi.storage.gke.io",
    "kubernetes.io/gce-pd",
    "disk.csi.azure.com",
    "kubernetes.io/azure-disk",
    "rancher.io/local-path",
    "kubernetes.io/no-provisioner",
    "cinder.csi.openstack.org",
    "rbd.csi.ceph.com",
    "topolvm.io",
    "blockvolume.csi.oraclecloud.com",
)
"""Provisioners of block devices and local disks: according to their own documentation, their filesystems are mounted on
one node at a time."""
ETCD: Final = "platform.etcd"
NO_CLASS: Final = "-"
"""Bitnami's value for a volume that was created manually."""
STORES: Final = {
    ETCD: (("etcd", "persistence"), "storageClass"),
    "platform.nats": (("nats", "config", "jetstream", "fileStore", "pvc"), "storageClassName"),
}
"""The path of each store's volume in the chart's values, and the name of the key for its class. The chart creates a
volume by default."""


def cache_class_problem(cache: CachePlan, classes: Listed[StorageClass], volumes: Listed[Volume]) -> Answer:
    """Return why the model cache's claim would wait forever; None if it gets a volume."""
    return class_problem("modelCache.storageClass", cache.storage_class, classes, volumes)


def platform_class_problems(
    platform: PlatformPlan, classes: Listed[StorageClass], volumes: Listed[Volume]
) -> Iterator[Answer]:
    """Yield the same for the claims of etcd and NATS, which are part of the platform."""
    for key, (path, name) in STORES.items():
        if not _is_installed(platform, path[0]):
            continue
        volume = _volume(platform.values, path)
        if volume is not None and volume.get(name) != NO_CLASS:
            wanted = volume.get(name) or (_global_class(platform.values) if key == ETCD else None)
            yield class_problem(f"{key}.storageClass", str(wanted) if wanted else None, classes, volumes)


def class_problem(key: str, wanted: str | None, classes: Listed[StorageClass], volumes: Listed[Volume]) -> Answer:
    """Return why a claim of class ``wanted`` (None: the default class) would wait forever, as a problem of config key
    ``key``; None if it would get a volume.

    A manually created volume may have a class for which no StorageClass object exists.
    """
    if classes.error:
        return classes.error
    names = {each.name for each in classes.items}
    if wanted in names or (wanted is None and any(each.default for each in classes.items)):
        return None
    if wanted and volumes.error:
        return volumes.error
    if wanted and any(each.spec.storage_class_name == wanted for each in volumes.items):
        return None
    there = some_of(sorted(names), 6) or "none at all"
    lacks = f"no storage class {wanted}, and no volume of it" if wanted else "no default storage class"
    rule = f"the cluster has {lacks} (it has {there}), so the claim would stay Pending"
    best = suggested_class(classes)
    fix = f"{key}: {best}, or another class with ReadWriteMany volumes" if best else "install a storage driver first"
    return Problem(key, wanted or "not set", rule, fix)


def suggested_class(classes: Listed[StorageClass]) -> str | None:
    """Return one of the cluster's classes, preferably one whose volumes many nodes can mount; None if there are
    none."""
    ordered = sorted(classes.items, key=lambda each: (each.provisioner in ONE_NODE, each.name))
    return ordered[0].name if ordered else None


def _is_installed(platform: PlatformPlan, store: str) -> bool:
    """Tell whether the chart installs the store: the values say so (``global.etcd.install``, from 1.0 on), else the
    release's default applies."""
    row = release(platform.version).row
    usual = row.etcd if store == "etcd" else row.nats
    said = (_volume(platform.values, ("global", store)) or {}).get("install")
    return usual != "off" if said is None else said is True


def _volume(values: Mapping[str, object], path: tuple[str, ...]) -> Mapping[str, object] | None:
    """Return the values of a store's volume. None: it has none, because something on the path is disabled."""
    for key in path:
        inner = values.get(key)
        values = cast("Mapping[str, object]", inner) if isinstance(inner, dict) else {}
        if values.get("enabled") is False:
            return None
    return values


def _global_class(values: Mapping[str, object]) -> object:
    """Return the class that Bitnami's charts use for a volume that names none."""
    written = _volume(values, ("global",)) or {}
    return written.get("defaultStorageClass") or written.get("storageClass")
