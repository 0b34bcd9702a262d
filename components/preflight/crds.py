"""The CRDs of Dynamo, where another release than the stack's has left them."""

from __future__ import annotations

from components.preflight import refuse
from wideep_cluster.dynamo.crds import crd_conflict
from wideep_cluster.kinds import DEFINITIONS
from wideep_cluster.kube import KubeNamespace

__all__ = ["check_crds"]


def check_crds(place: KubeNamespace, namespace: str, release: str) -> None:
    """Raise pulumi.RunError, with what to do, for a CRD that Helm would not take over into this release."""
    refuse([crd_conflict(place.cluster.listed(DEFINITIONS), namespace, release)])
