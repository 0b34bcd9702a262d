"""Check the PersistentVolumeClaims (PVCs) of the weights and of the platform: bound or Pending, and why."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from wideep.memory.weights import model_bytes
from wideep.settings.quantity import quantity_bytes
from wideep.settings.services import AccessMode
from wideep.text import duration
from wideep_cli.doctor.check_context import CheckContext
from wideep_cli.doctor.finding import Finding, Section, answered, fails, holds, unknown
from wideep_cluster.dynamo.storage import ONE_NODE, cache_class_problem, platform_class_problems
from wideep_cluster.objects import Claim, StorageClass

__all__ = ["storage_findings"]

SLOW_SECONDS: Final = 120


def storage_findings(case: CheckContext) -> Iterator[Finding]:
    """Check the cache's claim, or the storage class for it, and the storage classes that etcd and NATS need."""
    cache = case.settings.model_cache
    claim = next((claim for claim in case.view.claims.items if claim.name == case.plan.cache.claim), None)
    if cache.host_path:
        what = f"The weights are in {cache.host_path} of each node; {cache.size} must be free there."
        yield holds(Section.STORAGE, "model-cache", what)
    elif claim:
        yield _claim(case, claim)
    elif cache.existing_claim:
        yield _missing_claim(case)
    else:
        yield _class(case)
    if case.plan.platform.install and not case.deployed:
        yield from _platform(case)


def _missing_claim(case: CheckContext) -> Finding:
    name = case.plan.cache.claim
    if case.view.claims.error:
        return unknown(Section.STORAGE, "model-cache", str(case.view.claims.error))
    others = [claim.name for claim in case.view.claims.items]
    fix = (
        f"modelCache.existingClaim: {others[0]}"
        if others
        else "Remove modelCache.existingClaim: the stack creates a claim."
    )
    what = f"There is no claim {name} in namespace {case.settings.namespace}."
    return fails(Section.STORAGE, "model-cache", what, fix, key="modelCache.existingClaim")


def _class(case: CheckContext) -> Finding:
    """Check the storage class before the claim is created."""
    cache, classes = case.plan.cache, case.view.classes
    missing = answered(Section.STORAGE, "storage-class", cache_class_problem(cache, classes, case.view.volumes))
    if missing:
        return missing
    fits = (
        each for each in classes.items if each.name == cache.storage_class or (not cache.storage_class and each.default)
    )
    chosen = next(fits, None)
    if chosen is None:
        what = f"The cluster has a volume of class {cache.storage_class}, created manually, for {cache.size}."
        return holds(Section.STORAGE, "storage-class", what)
    return _mountable(case, chosen)


def _mountable(case: CheckContext, chosen: StorageClass) -> Finding:
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
        told = f"Volumes of {what} can be mounted on one node only, and the workers are on {case.plan.nodes}."
        return fails(Section.STORAGE, "storage-class", told, fix, key="modelCache.storageClass")
    return holds(Section.STORAGE, "storage-class", f"{what}, for {case.plan.cache.size} readable by all nodes.")


def _claim(case: CheckContext, claim: Claim) -> Finding:
    """Check that the claim is bound, holds the model, and can be mounted on all nodes that need it."""
    waited = case.seconds_since(claim.metadata.creation_timestamp)
    if claim.status.phase != "Bound":
        return _unbound(case, claim, waited)
    size = claim.status.capacity.get("storage", "0")
    needed = case.settings.model.disk_bytes or model_bytes(case.settings.model)
    many = {"ReadWriteMany", "ReadOnlyMany"} & set(claim.spec.access_modes)
    if _bytes(size) < needed:
        what = f"Claim {claim.name} has {size}, and {case.plan.model} is {needed / 1e9:.1f} GB."
        fix = f"modelCache.size: {case.plan.cache.size}, with a new claim if its class does not allow expansion"
        return fails(Section.STORAGE, "model-cache", what, fix, key="modelCache.size")
    if case.plan.nodes > 1 and not many:
        what = f"Claim {claim.name} is {', '.join(claim.spec.access_modes)}, and the workers are on several nodes."
        return fails(
            Section.STORAGE, "model-cache", what, "modelCache.accessMode: ReadWriteMany", key="modelCache.accessMode"
        )
    return holds(Section.STORAGE, "model-cache", f"Claim {claim.name} is bound, {size}.")


def _unbound(case: CheckContext, claim: Claim, waited: float) -> Finding:
    """Explain a claim without a volume, by its storage class and by the provisioner's events."""
    name = claim.spec.storage_class_name
    classes = {each.name: each for each in case.view.classes.items}
    said = case.view.warned("PersistentVolumeClaim", claim.name)
    what = f"Claim {claim.name} has been Pending for {duration(waited)}"
    if name and classes and name not in classes:
        what += f": there is no storage class {name}."
        fix = f"modelCache.storageClass: {next(iter(classes))} (the claim must be recreated)"
        return fails(Section.STORAGE, "model-cache", what, fix, key="modelCache.storageClass")
    if not name and not any(each.default for each in classes.values()):
        what += ": it names no storage class, and the cluster has no default one."
        fix = f"modelCache.storageClass: {next(iter(classes), 'NAME')}"
        return fails(Section.STORAGE, "model-cache", what, fix, key="modelCache.storageClass")
    if said:
        key = "modelCache.accessMode" if "access mode" in said[-1].message.lower() else "modelCache.storageClass"
        fix = f"set {key} to one that {name or 'the default class'} supports"
        return fails(Section.STORAGE, "model-cache", f"{what}: {said[-1].message.strip()}", fix, key=key)
    if name and classes and classes[name].volume_binding_mode == "WaitForFirstConsumer":
        return unknown(Section.STORAGE, "model-cache", f"{what}: class {name} waits for the first pod that mounts it.")
    if waited < SLOW_SECONDS:
        return unknown(Section.STORAGE, "model-cache", f"{what}, which may be normal.")
    fix = f"Check the provisioner of {name or 'the default class'}: kubectl describe pvc {claim.name}"
    return fails(
        Section.STORAGE, "model-cache", f"{what}, and no event explains why.", fix, key="modelCache.storageClass"
    )


def _platform(case: CheckContext) -> Iterator[Finding]:
    """Check the storage classes for the claims of etcd and NATS."""
    for answer in dict.fromkeys(platform_class_problems(case.plan.platform, case.view.classes, case.view.volumes)):
        found = answered(Section.STORAGE, "platform-storage", answer)
        if found:
            yield found


def _bytes(quantity: str) -> int:
    """Return a quantity that the cluster reports, also in the API server's form ``1e12``, in bytes; 0 if unreadable."""
    try:
        return quantity_bytes(quantity)
    except ValueError:
        return int(float(quantity)) if quantity.replace(".", "").replace("e", "").isdigit() else 0
