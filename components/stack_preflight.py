"""Read-only checks of a stack, in previews too, before anything is created."""

from __future__ import annotations

import os
from collections.abc import Container, Mapping
from dataclasses import dataclass
from typing import Any

import pulumi

from components.lifecycle.drift import warn_on_drift
from components.lifecycle.existing import Whose, whose_namespace
from components.lifecycle.helm_releases import PENDING, HelmReleases
from components.lifecycle.orphan_hooks import find_orphaned_claim
from components.lifecycle.orphans import CRDS_NAMESPACE
from components.lifecycle.own_cluster import cluster_note, connect_from_config, is_reachable, unless_unreachable
from components.lifecycle.ownership import stack_name
from components.lifecycle.retained import retained_claim_of
from components.lifecycle.state import read_stack_outputs
from components.lifecycle.upgrades import check_upgrade, installed_version
from components.preflight.cluster import (
    check_conflicts,
    check_crds,
    check_operators,
    check_storage,
    check_versions,
)
from components.preflight.external import check_external
from wideep.errors import Problem
from wideep.plan import Plan
from wideep.resource_names import ANY_CLUSTER, CACHE_CLAIM, CRDS_RELEASE, DOWNLOAD_JOB, GRAPH, PLATFORM_RELEASE, SWEEP
from wideep_cluster.dynamo.operator import release_conflict
from wideep_cluster.kube import KubeNamespace

__all__ = ["OnCluster", "run_preflight"]

Release = tuple[str, str]
"""Namespace and name."""


@dataclass(frozen=True)
class OnCluster:
    """What of the stack exists on the cluster already."""

    whose: Whose = Whose.TO_MAKE
    """Who owns the namespace."""
    claim_exists: bool = False
    """Whether the model cache belongs to this stack but is unknown to its state, so that it is imported."""


def run_preflight(plan: Plan) -> OnCluster:
    """Raise pulumi.RunError for what would stop `up` halfway; return what exists and is imported or used as it is.

    If the cluster cannot be reached, the provider reports that later.
    """
    check_external(plan)
    whose = whose_namespace(plan)
    check_operators(plan)
    known = read_stack_outputs()
    asked = known is not None and not _on_any_cluster() and is_reachable()
    if known is not None and plan.platform.install:
        with unless_unreachable("release of Dynamo that is installed"):
            check_upgrade(plan, known, _helm(plan, known) if asked else None)
    if known is not None and asked:
        with unless_unreachable("preflight"):
            place = connect_from_config(plan.namespace)
            pulumi.log.info(cluster_note(place))
            _check_cluster(plan, known, place)
    warn_on_drift(plan)
    return OnCluster(whose, retained_claim_of(plan) if plan.cache.retain else find_orphaned_claim(plan))


def _on_any_cluster() -> bool:
    return pulumi.runtime.is_dry_run() and bool(os.environ.get(ANY_CLUSTER))


def _check_cluster(plan: Plan, known: Mapping[str, Mapping[str, Any]], place: KubeNamespace) -> None:
    """Check what the stack is about to create and its state does not know."""
    crds = (CRDS_NAMESPACE, plan.platform.crds_release)
    releases = {PLATFORM_RELEASE.name: (plan.namespace, plan.platform.release)}
    if plan.platform.crds_chart:
        releases = {CRDS_RELEASE.name: crds, **releases}
    helm = _helm(plan, known)
    if plan.platform.install:
        new = [where for name, where in releases.items() if name not in known]
        if new or any(name not in known for name in _others(plan)):
            with unless_unreachable("Helm releases of the state"):
                _check_known(helm, [where for where in releases.values() if where not in new])
        with unless_unreachable("Helm releases and operators of others"):
            _check_new(helm, new, restricted=plan.platform.restricted)
        if installed_version(known) != plan.platform.version:
            check_versions(place, plan.platform.version)
        if crds in new:
            check_crds(place, *crds)
    new_cache = plan.cache if plan.cache.create and CACHE_CLAIM.name not in known else None
    new_platform = plan.platform if plan.platform.install and PLATFORM_RELEASE.name not in known else None
    check_storage(place, new_cache, new_platform)


def _helm(plan: Plan, known: Container[str]) -> HelmReleases:
    return HelmReleases(connect_from_config(plan.namespace), pulumi.log.info, began=SWEEP.name in known)


def _others(plan: Plan) -> list[str]:
    """Return the other resources that the state of a complete stack has. If none is missing, the cluster is not
    asked."""
    made = {GRAPH.name: True, DOWNLOAD_JOB.name: plan.download is not None, CACHE_CLAIM.name: plan.cache.create}
    return [name for name, is_made in made.items() if is_made]


def _check_known(helm: HelmReleases, known: list[Release]) -> None:
    """Refuse a release that is in the state but unknown to Helm: no operator would be installed. In a preview this is a
    warning, because it may be that of `pulumi up --refresh`, which fixes it."""
    gone = [f"{namespace}/{release}" for namespace, release in known if not helm.exists(namespace, release)]
    if not gone:
        return
    message = (
        f"Helm release {' and '.join(gone)} is in the state but not on the cluster: it was uninstalled manually, or "
        "by a run that was killed before it could record that.\n"
        "  Run `pulumi up --refresh` to reinstall it, or `pulumi destroy --refresh` to continue the destroy."
    )
    if not pulumi.runtime.is_dry_run():
        raise pulumi.RunError(message)
    pulumi.log.warn(message)


def _check_new(helm: HelmReleases, new: list[Release], *, restricted: bool) -> None:
    """Refuse releases that somebody else has installed, or is installing."""
    if not new:
        return
    taken = {where: helm.foreign_status(*where, stack_name()) for where in new}
    problems = [_taken(where, status) for where, status in taken.items() if status is not None]
    check_conflicts(helm.place, problems, restricted=restricted)


def _taken(where: Release, status: str) -> Problem:
    namespace, release = where
    if not status.startswith(PENDING):
        return release_conflict(namespace, release, status)
    rule = (
        f"Helm release {release} of namespace {namespace} is {status}, and it is not known whether this stack "
        "started it: "
        "another run is active, or was interrupted"
    )
    records = f"kubectl delete secret -n {namespace} -l owner=helm,name={release},status={status}"
    return Problem("platform.install", "true", rule, f"wait until it is installed; or, if no run is active: {records}")
