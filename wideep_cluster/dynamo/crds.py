"""The CRDs of Dynamo, where another release than the stack's has left them."""

from __future__ import annotations

from typing import Final

from wideep.errors import Problem
from wideep_cluster.client import Listed
from wideep_cluster.errors import Answer
from wideep_cluster.objects import Definition

__all__ = ["GRAPHS", "GRAPH_CRD", "crd_conflict"]

GRAPHS: Final = "dynamographdeployments"
GRAPH_CRD: Final = f"{GRAPHS}.nvidia.com"
CRDS: Final = ("dynamocomponentdeployments.nvidia.com", GRAPH_CRD)
OWNER: Final = ("meta.helm.sh/release-namespace", "meta.helm.sh/release-name")
MANAGED_BY: Final = "app.kubernetes.io/managed-by"


def crd_conflict(definitions: Listed[Definition], namespace: str, release: str) -> Answer:
    """Return the problem of a CRD that Helm would not take over into this release; None where there is none.

    CRDs outlive the release that brought them. Helm takes over those that say its name and namespace.
    """
    wanted = f"{namespace}/{release}"
    other = next((crd for crd in definitions.items if crd.name in CRDS and _owner(crd) != wanted), None)
    if other is None:
        return definitions.error
    owner, names = _owner(other), " ".join(CRDS)
    belongs = f"belongs to Helm release {owner}" if owner else "belongs to no Helm release"
    rule = f"CustomResourceDefinition {other.name} {belongs}, and Helm cannot adopt it into {wanted}"
    fix = (
        "if it is left over from an older platform, hand it over, then run `pulumi up` again:",
        f"  kubectl label crd {names} {MANAGED_BY}=Helm --overwrite",
        f"  kubectl annotate crd {names} {OWNER[0]}={namespace} {OWNER[1]}={release} --overwrite",
        "if its platform still runs, use that one: platform: {install: false}",
    )
    return Problem("platform.install", "true", rule, "\n".join(fix))


def _owner(crd: Definition) -> str:
    """The release, as ``namespace/name``; empty where Helm would say that it is nobody's."""
    annotations = crd.metadata.annotations
    return "/".join(annotations.get(key, "") for key in OWNER) if crd.labels.get(MANAGED_BY) == "Helm" else ""
