"""The CRDs of Dynamo, where another release than the stack's has left them."""

from __future__ import annotations

from typing import Any, Final, cast

import pulumi

from wideep.dynamo.api import V1ALPHA1
from wideep_cluster.kube import KubeNamespace

__all__ = ["check_crds"]

NAMES: Final = (V1ALPHA1.component_crd, V1ALPHA1.crd)
OWNER: Final = ("meta.helm.sh/release-namespace", "meta.helm.sh/release-name")
MANAGED_BY: Final = "app.kubernetes.io/managed-by"


def check_crds(place: KubeNamespace, namespace: str, release: str) -> None:
    """Raises pulumi.RunError, with what to do, for a CRD that Helm would not take over into this release.

    CRDs outlive the release that brought them. Helm takes over those that say its name and namespace.
    """
    from kubernetes.client import ApiextensionsV1Api

    found: Any = ApiextensionsV1Api(place.api).list_custom_resource_definition()
    for crd in found.items:
        name, owner = crd.metadata.name, _owner(crd)
        if name in NAMES and owner != f"{namespace}/{release}":
            raise pulumi.RunError(_refusal(name, owner, namespace, release))


def _owner(crd: Any) -> str:
    """The release, as ``namespace/name``; empty where Helm would say that it is nobody's."""
    annotations = cast("dict[str, str]", crd.metadata.annotations or {})
    labels = cast("dict[str, str]", crd.metadata.labels or {})
    return "/".join(annotations.get(key, "") for key in OWNER) if labels.get(MANAGED_BY) == "Helm" else ""


def _refusal(name: str, owner: str, namespace: str, release: str) -> str:
    belongs = f"belongs to Helm release {owner}" if owner else "belongs to no Helm release"
    crds = " ".join(NAMES)
    return "\n".join(
        (
            f"CustomResourceDefinition {name} {belongs}, and Helm does not take it over into {namespace}/{release}.",
            "Where it is left from an older platform, hand it over, then repeat `pulumi up`:",
            f"  kubectl label crd {crds} {MANAGED_BY}=Helm --overwrite",
            f"  kubectl annotate crd {crds} {OWNER[0]}={namespace} {OWNER[1]}={release} --overwrite",
            "Where its platform still runs, use that one: platform: {install: false}",
        )
    )
