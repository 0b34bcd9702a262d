"""The volume with the weights, and those of the platform."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from wideep.memory.weights import model_bytes
from wideep.settings.quantity import quantity_bytes
from wideep.settings.services import AccessMode
from wideep.text import some_of
from wideep_cli.doctor.check_context import Case, shown_seconds
from wideep_cli.doctor.finding import Finding, Section, fails, holds, unknown
from wideep_cluster.objects import Claim, StorageClass

__all__ = ["storage_findings"]

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
"""Provisioners of block devices and local disks: their filesystems are mounted on one node at a time, as their own
documentation says."""
SLOW_SECONDS: Final = 120


def storage_findings(case: Case) -> Iterator[Finding]:
    """The class of the cache's claim, the claim itself, and the default class that etcd and NATS want."""
    cache = case.settings.model_cache
    claim = next((claim for claim in case.view.claims.items if claim.name == case.plan.cache.claim), None)
    if cache.host_path:
        what = f"The weights are in {cache.host_path} of each node; {cache.size} must be free there."
        yield holds(Section.STORAGE, "model-cache", what)
    elif claim:
        yield _claim(case, claim)
    elif cache.existing_claim:
        yield _missing_claim(case)
    elif case.view.classes.error:
        yield unknown(Section.STORAGE, "storage-class", str(case.view.classes.error))
    else:
        yield _class(case)
    if case.plan.platform.install and not case.view.classes.error:
        yield from _default(case)


def _missing_claim(case: Case) -> Finding:
    name = case.plan.cache.claim
    if case.view.claims.error:
        return unknown(Section.STORAGE, "model-cache", str(case.view.claims.error))
    others = [claim.name for claim in case.view.claims.items]
    fix = f"modelCache.existingClaim: {others[0]}" if others else "Leave modelCache.existingClaim out: one is made."
    what = f"There is no claim {name} in namespace {case.settings.namespace}."
    return fails(Section.STORAGE, "model-cache", what, fix, key="modelCache.existingClaim")


def _class(case: Case) -> Finding:
    """Before the claim is made."""
    cache, classes = case.settings.model_cache, case.view.classes.items
    names = [each.name for each in classes]
    if cache.storage_class:
        chosen = next((each for each in classes if each.name == cache.storage_class), None)
        if chosen is None:
            what = f"There is no storage class {cache.storage_class}; the cluster has {some_of(names, 6) or 'none'}."
            shared = [each.name for each in classes if each.provisioner not in ONE_NODE]
            fix = f"modelCache.storageClass: {(shared or names or ['NAME'])[0]}"
            return fails(Section.STORAGE, "storage-class", what, fix, key="modelCache.storageClass")
    else:
        chosen = next((each for each in classes if each.default), None)
        if chosen is None:
            what = (
                f"The cluster has no default storage class, and the stack names none ({some_of(names, 6) or 'none'})."
            )
            fix = f"modelCache.storageClass: {(names or ['NAME'])[0]}"
            return fails(Section.STORAGE, "storage-class", what, fix, key="modelCache.storageClass")
    return _mountable(case, chosen)


def _mountable(case: Case, chosen: StorageClass) -> Finding:
    what = f"{chosen.name} ({chosen.provisioner})"
    if case.settings.model_cache.access_mode is AccessMode.READ_WRITE_ONCE:
        return holds(Section.STORAGE, "storage-class", f"{what}; all pods are on one node.")
    if chosen.provisioner in ONE_NODE:
        shared = [each.name for each in case.view.classes.items if each.provisioner not in ONE_NODE]
        fix = (
            f"modelCache.storageClass: {shared[0]}"
            if shared
            else "modelCache.storageClass: a class with shared volumes (NFS, CephFS, Lustre, EFS, Filestore)"
        )
        told = f"Volumes of {what} are mounted on one node, and the workers are on {case.plan.nodes}."
        return fails(Section.STORAGE, "storage-class", told, fix, key="modelCache.storageClass")
    return holds(Section.STORAGE, "storage-class", f"{what}, for {case.plan.cache.size} that all nodes read.")


def _claim(case: Case, claim: Claim) -> Finding:
    """Bound, as large as the model, and for as many nodes as it is mounted on."""
    waited = case.seconds_since(claim.metadata.creation_timestamp)
    if claim.status.phase != "Bound":
        return _unbound(case, claim, waited)
    size = claim.status.capacity.get("storage", "0")
    needed = case.settings.model.disk_bytes or model_bytes(case.settings.model)
    many = {"ReadWriteMany", "ReadOnlyMany"} & set(claim.spec.access_modes)
    if _bytes(size) < needed:
        what = f"Claim {claim.name} has {size}, and {case.plan.model} is {needed / 1e9:.1f} GB."
        fix = f"modelCache.size: {case.plan.cache.size}, with a new claim where its class cannot grow one"
        return fails(Section.STORAGE, "model-cache", what, fix, key="modelCache.size")
    if case.plan.nodes > 1 and not many:
        what = f"Claim {claim.name} is {', '.join(claim.spec.access_modes)}, and the workers are on several nodes."
        return fails(
            Section.STORAGE, "model-cache", what, "modelCache.accessMode: ReadWriteMany", key="modelCache.accessMode"
        )
    return holds(Section.STORAGE, "model-cache", f"Claim {claim.name} is bound, {size}.")


def _unbound(case: Case, claim: Claim, waited: float) -> Finding:
    """A claim without a volume: what the provisioner says, or that its class does not exist."""
    name = claim.spec.storage_class_name
    classes = {each.name: each for each in case.view.classes.items}
    said = case.view.warned("PersistentVolumeClaim", claim.name)
    what = f"Claim {claim.name} has had no volume for {shown_seconds(waited)}"
    if name and classes and name not in classes:
        what += f": there is no storage class {name}."
        fix = f"modelCache.storageClass: {next(iter(classes))} (the claim has to be made anew)"
        return fails(Section.STORAGE, "model-cache", what, fix, key="modelCache.storageClass")
    if not name and not any(each.default for each in classes.values()):
        what += ": it names no storage class, and the cluster has no default one."
        fix = f"modelCache.storageClass: {next(iter(classes), 'NAME')}"
        return fails(Section.STORAGE, "model-cache", what, fix, key="modelCache.storageClass")
    if said:
        key = "modelCache.accessMode" if "access mode" in said[-1].message.lower() else "modelCache.storageClass"
        fix = f"{key}: one that {name or 'the default class'} can make"
        return fails(Section.STORAGE, "model-cache", f"{what}: {said[-1].message.strip()}", fix, key=key)
    if name and classes and classes[name].volume_binding_mode == "WaitForFirstConsumer":
        return unknown(Section.STORAGE, "model-cache", f"{what}: class {name} waits for the first pod that mounts it.")
    if waited < SLOW_SECONDS:
        return unknown(Section.STORAGE, "model-cache", f"{what}; that may be soon.")
    fix = f"Look at the provisioner of {name or 'the default class'}: kubectl describe pvc {claim.name}"
    return fails(Section.STORAGE, "model-cache", f"{what}, and nobody says why.", fix, key="modelCache.storageClass")


def _default(case: Case) -> Iterator[Finding]:
    """The platform's etcd and NATS have claims without a class."""
    if any(each.default for each in case.view.classes.items) or case.deployed:
        return
    what = "The cluster has no default storage class, which etcd and NATS of the platform use."
    fixes = (
        "platform.values: {etcd: {persistence: {storageClass: NAME}}, "
        "nats: {config: {jetstream: {fileStore: {pvc: {storageClassName: NAME}}}}}}"
    )
    values = str(case.settings.platform.values)
    if "storageClass" not in values:
        yield fails(Section.STORAGE, "platform-storage", what, fixes, key="platform.values")


def _bytes(quantity: str) -> int:
    """Bytes of what the cluster reports; 0 for a form that only the API server writes (``1e12``)."""
    try:
        return quantity_bytes(quantity)
    except ValueError:
        return int(float(quantity)) if quantity.replace(".", "").replace("e", "").isdigit() else 0
