"""What an `up` does if the stack names another release of Dynamo than the one that is installed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, cast

import pulumi
import yaml

from components.lifecycle.helm_releases import HelmReleases
from components.lifecycle.orphans import CRDS_NAMESPACE
from wideep.dynamo.upgrades import Upgrade, upgrade
from wideep.errors import Problem
from wideep.resource_names import CRDS_RELEASE, PLATFORM_RELEASE
from wideep_cluster.manifests import part

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from wideep.plan import Plan

__all__ = ["announced", "check_upgrade", "installed_version", "unkept_crds"]

KEY: Final = "platform.version"
KEEP: Final = "keep"
POLICY: Final = "helm.sh/resource-policy"
CRD: Final = "CustomResourceDefinition"


def check_upgrade(plan: Plan, known: Mapping[str, Mapping[str, Any]], helm: HelmReleases | None) -> None:
    """Announce the consequences of a change of release, in previews too. ``helm``: the cluster's records; None: the
    cluster is not asked, and the state has to do.

    Raises:
        pulumi.RunError: Dynamo does not support the step, or its CRDs would be deleted and every graph with them.
    """
    before, platform = installed_version(known), plan.platform
    if before is None and helm is not None:
        before = helm.chart_version(plan.namespace, platform.release)
    if before is None or before == platform.version:
        return
    step = upgrade(before, platform.version, several_pods=platform.grove)
    if step.refused:
        raise pulumi.RunError(str(Problem(KEY, platform.version, step.refused, step.advice)))
    if step.crds_release_goes and CRDS_RELEASE.name in known and helm is not None:
        lost = unkept_crds(helm.manifest(CRDS_NAMESPACE, platform.crds_release))
        if lost:
            raise pulumi.RunError(str(_unkept(plan, lost)))
    for line in announced(step):
        pulumi.log.warn(line)


def installed_version(known: Mapping[str, Mapping[str, Any]]) -> str | None:
    """Return the version of the platform's chart in the state; None if the state has no platform release."""
    release = known.get(PLATFORM_RELEASE.name) or {}
    status: Mapping[str, Any] = release.get("status") or {}
    found = status.get("version") or release.get("version")
    return str(found) if found else None


def announced(step: Upgrade) -> Iterator[str]:
    """Yield the messages about an upgrade step: its direction, then each consequence."""
    yield f"platform: {step.kind} of Dynamo from {step.before} to {step.after}"
    for each in step.consequences:
        down = " Nothing answers meanwhile." if each.outage else ""
        yield f"{each.subject}: {each.text}{down}"


def unkept_crds(manifest: str) -> list[str]:
    """Return the CRDs of a Helm release that Helm would delete with it, and with which the API server would delete
    every object of theirs."""
    documents = cast("list[dict[str, Any]]", [each for each in yaml.safe_load_all(manifest) if each])
    return [each["metadata"]["name"] for each in documents if each["kind"] == CRD and not _is_kept(each)]


def _is_kept(crd: Mapping[str, Any]) -> bool:
    return part(part(dict(crd), "metadata"), "annotations").get(POLICY) == KEEP


def _unkept(plan: Plan, lost: list[str]) -> Problem:
    namespace, release = CRDS_NAMESPACE, plan.platform.crds_release
    rule = (
        f"Helm release {namespace}/{release} is uninstalled on the way to it. That deletes {', '.join(lost)} (without "
        f"{POLICY}: {KEEP}), and with them every graph on the cluster"
    )
    fix = (
        "take Helm's record away, so that the CRDs stay where they are, then repeat:\n"
        f"  kubectl delete secret -n {namespace} -l owner=helm,name={release}\n"
        "  pulumi up --refresh"
    )
    return Problem(KEY, plan.platform.version, rule, fix)
