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
    """What the burn-in measures, and with which image."""

    namespace: pulumi.Input[str]
    plan: BurnInPlan
    image: pulumi.Input[str]
    """The image of the measuring pods. It replaces the image in the plan."""
    depends_on: tuple[pulumi.Resource, ...] = ()
    """Resources that the burn-in's pods need: the pull secret and the network policies."""
    cluster: ClusterAccess = field(default_factory=ClusterAccess)


class BurnIn(Component):
    """A burn-in of the free GPU nodes. `pulumi up` fails here if a GPU or a link falls short of its limit.

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
