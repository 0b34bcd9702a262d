"""The ComputeDomain of a graph in an NVL72 rack: without it the pods of one worker do not reach each other over NVLink.

NVIDIA's DRA driver joins the nodes of a domain (IMEX), and hands each pod that claims it a channel
(``resource.nvidia.com/v1beta1``; Dynamo's recipe of DeepSeek-R1 on GB200).
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
    """A domain over the nodes of all workers of a graph: prefill hands over to decode over NVLink as well."""

    name: str
    nodes: int
    """0: as many as there are, where somebody else decides how many workers run."""

    @property
    def claim(self) -> ResourceClaim:
        """The pod's claim on a channel of the domain."""
        return ResourceClaim(name=CLAIM, resource_claim_template_name=self.name)

    @property
    def used(self) -> ResourceClaimRef:
        """The same for the engine's container."""
        return ResourceClaimRef(name=CLAIM)


def fabric_of(settings: Settings) -> Fabric | None:
    """The domain that a stack's workers need. None: no worker has GPUs of several nodes of a rack."""
    if settings.hardware.interconnect is not Interconnect.NVLINK or not settings.layout.has_multinode_workers:
        return None
    roles = settings.layout.roles.values()
    elastic = any(role.replicas_managed_by for role in roles)
    nodes = 0 if elastic else sum(role.replicas * role.nodes for role in roles)
    return Fabric(names.compute_domain(graph_name(settings), nodes), nodes)
