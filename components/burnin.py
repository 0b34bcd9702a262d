"""The burn-in of the free GPU nodes, before the model is loaded on them."""

from __future__ import annotations

import json
from dataclasses import dataclass, field

import pulumi

from components.base import Component
from components.dynamic.burn_in import BurnInProvider, NodeBurnIn
from components.dynamic.cluster_resource import ClusterAccess
from wideep.plan import BurnInPlan

__all__ = ["BurnIn", "BurnInArgs"]


@dataclass(frozen=True)
class BurnInArgs:
    """What is measured, and with which image."""

    namespace: pulumi.Input[str]
    plan: BurnInPlan
    image: pulumi.Input[str]
    """Stands in place of the image that it was planned with."""
    depends_on: tuple[pulumi.Resource, ...] = ()
    """What its pods need: the pull secret, the policies."""
    cluster: ClusterAccess = field(default_factory=ClusterAccess)


class BurnIn(Component):
    """GPUs and links that were measured, and reach what they should; else `pulumi up` fails here.

    >>> burnin = BurnIn("burnin", BurnInArgs("dynamo-workshop", plan.burnin, image.reference))
    """

    def __init__(self, name: str, args: BurnInArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__(name, opts)
        properties = {
            "namespace": args.namespace,
            "graph": args.plan.graph,
            "plan": args.plan.model_dump_json(by_alias=True),
            "image": args.image,
            "subject": json.dumps(args.plan.subject(), sort_keys=True),
            **args.cluster.properties(),
        }
        NodeBurnIn(BurnInProvider(), f"{name}-nodes", properties, self.child(depends_on=args.depends_on))
        self.register_outputs({})
