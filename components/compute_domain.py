"""The ComputeDomain of a graph whose workers span nodes of an NVL72 rack."""

from __future__ import annotations

from dataclasses import dataclass

import pulumi
import pulumi_kubernetes as k8s

from components.base import Component
from wideep.plan import ComputeDomainPlan
from wideep.resource_names import COMPUTE_DOMAIN

__all__ = ["ComputeDomain", "ComputeDomainArgs"]


@dataclass(frozen=True)
class ComputeDomainArgs:
    """The ComputeDomain of one graph."""

    namespace: pulumi.Input[str]
    domain: ComputeDomainPlan


class ComputeDomain(Component):
    """A ComputeDomain. NVIDIA's DRA driver joins its nodes and creates the claim template through which pods get a
    channel.

    >>> domain = ComputeDomain("fabric", ComputeDomainArgs("dynamo-workshop", plan.compute_domain))
    """

    def __init__(self, name: str, args: ComputeDomainArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__(name, opts)
        group, version, _ = COMPUTE_DOMAIN
        k8s.apiextensions.CustomResource(
            f"{name}-domain",
            api_version=f"{group}/{version}",
            kind="ComputeDomain",
            metadata=self.metadata(args.domain.name, args.namespace),
            spec={
                "numNodes": args.domain.nodes,
                "channel": {"resourceClaimTemplate": {"name": args.domain.name}},
            },
            opts=self.api_child(),
        )
        self.register_outputs({})
