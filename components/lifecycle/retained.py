"""What this stack left on the cluster on purpose when it was destroyed, so that its next `up` takes it over.

No state knows a retained object any more, and to make it again fails with "already exists". So it carries its stack's
name, and a stack that retains looks for it before anything is made. Found objects are imported. The engine ignores an
import of what its state knows already, so the same is right in every later run, and nothing is to be taken back.
"""

from __future__ import annotations

import re
from typing import Final

import pulumi

from components.lifecycle.own_cluster import connect_from_config
from wideep.errors import ConfigError, Problem
from wideep.plan import CachePlan, Plan
from wideep.resource_names import OWNER_LABEL
from wideep_cluster.errors import ClusterError
from wideep_cluster.kinds import CLAIMS
from wideep_cluster.kube import KubeNamespace
from wideep_cluster.objects import Claim

__all__ = ["has_label", "import_options", "retained_claim", "retained_claim_of", "stack_label"]

LIMIT: Final = 63
"""Characters of a label's value."""
UNSEEN: Final = "cannot tell whether a retained volume of this stack exists: {}"


def stack_label() -> dict[str, str]:
    """The label of what is retained: project and stack, as a label's value may have them."""
    name = re.sub(r"[^A-Za-z0-9_.-]", "-", f"{pulumi.get_project()}.{pulumi.get_stack()}")
    return {OWNER_LABEL: name[:LIMIT].strip("-_.")}


def import_options(object_id: str | None, *from_others: str) -> pulumi.ResourceOptions:
    """Import the object of that id, where there is one. ``from_others`` are the fields that the cluster writes: they
    come with it, and a later `up` must not take them away."""
    return pulumi.ResourceOptions(import_=object_id, ignore_changes=list(from_others))


def has_label(labels: dict[str, str]) -> bool:
    """Whether the object with these labels is retained by this stack."""
    return stack_label().items() <= labels.items()


def retained_claim_of(plan: Plan) -> bool:
    """``retained_claim`` on the cluster of the Kubernetes provider's config, for a stack that retains."""
    from kubernetes.config import ConfigException

    try:
        place = connect_from_config(plan.namespace)
    except (ConfigException, OSError):
        pulumi.log.warn(UNSEEN.format("there is no kubeconfig"))
        return False
    return retained_claim(place, plan.cache)


def retained_claim(place: KubeNamespace, cache: CachePlan) -> bool:
    """Whether the claim is there and carries this stack's label. (The namespace is ``lifecycle.existing``'s.)

    A cluster that cannot be asked is a warning: a preview without one goes on. Raises pulumi.RunError where the
    claim has another storage class or access mode, because what would replace it cannot be made beside it.
    """
    try:
        claim = place.cluster.find(CLAIMS, cache.claim, place.name)
    except ClusterError as error:
        pulumi.log.warn(UNSEEN.format(error.reason))
        return False
    if claim is None or not has_label(claim.labels) or not cache.create:
        return False
    _check(claim, cache)
    return True


def _check(claim: Claim, cache: CachePlan) -> None:
    problems: list[Problem] = []
    live, modes = claim.spec.storage_class_name or "", claim.spec.access_modes
    if cache.storage_class not in (None, live):
        problems.append(_differs("storageClass", str(cache.storage_class), live, cache.claim))
    if modes != (cache.access_mode.value,):
        problems.append(_differs("accessMode", cache.access_mode.value, ", ".join(modes), cache.claim))
    if problems:
        raise pulumi.RunError(str(ConfigError(problems)))


def _differs(key: str, value: str, live: str, claim: str) -> Problem:
    rule = f"modelCache.retain is true, but the retained volume ({claim}) has {live}, which cannot change"
    return Problem(f"modelCache.{key}", value, rule, f"{key}: {live}, or delete the claim, and the weights with it")
