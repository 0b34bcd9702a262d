"""The ComputeDomain of a graph in an NVL72 rack: without it the pods of one worker cannot reach each other over NVLink.

NVIDIA's DRA driver joins the nodes of a domain (IMEX), and gives each pod that claims it a channel
(``resource.nvidia.com/v1beta1``; Dynamo's recipe for DeepSeek-R1 on GB200).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from wideep import names
from wideep.graph.pod import ResourceClaim, ResourceClaimRef
from wideep.graph.refs import graph_name
from wideep.settings import Settings
from wideep.settings.hardware import Interconnect

__all__ = ["Fabric", "fabric_of"]

CLAIM: Final = "nvlink"


@dataclass(frozen=True)
class Fabric:
    """A domain over the nodes of all workers of a graph: prefill also hands over to decode over NVLink."""

    name: str
    nodes: int
    """0: any number of nodes, because the number of workers is managed outside this program."""

    @property
    def claim(self) -> ResourceClaim:
        """The pod's claim on a channel of the domain."""
        return ResourceClaim(name=CLAIM, resource_claim_template_name=self.name)

    @property
    def used(self) -> ResourceClaimRef:
        """The engine container's reference to that claim."""
        return ResourceClaimRef(name=CLAIM)


def fabric_of(settings: Settings) -> Fabric | None:
    """Return the domain that a stack's workers need; None if no worker has GPUs on several nodes of a rack."""
    if settings.hardware.interconnect is not Interconnect.NVLINK or not settings.layout.has_multinode_workers:
        return None
    roles = settings.layout.roles.values()
    elastic = any(role.replicas_managed_by for role in roles)
    nodes = 0 if elastic else sum(role.replicas * role.nodes for role in roles)
    return Fabric(names.compute_domain(graph_name(settings), nodes), nodes)
