"""What a burn-in runs on the nodes, and what it is held against."""

from __future__ import annotations

from pydantic import Field

from wideep import rdma
from wideep.burnin.program import model_arguments
from wideep.graph.refs import graph_name, image_reference, pull_secret
from wideep.plan.base import PlanModel
from wideep.rules.hardware import nodes_needed
from wideep.settings import Settings
from wideep.settings.burnin import Floor
from wideep.settings.hardware import Hardware

__all__ = ["BurnInPlan", "burnin_plan"]


class BurnInPlan(PlanModel):
    """All that measuring and judging need: the provider of `pulumi up` has this and no settings."""

    namespace: str
    graph: str
    """Its name: two stacks in one namespace do not take each other's Jobs and figures."""
    hardware: Hardware
    floor: Floor
    image: str
    pull_secret: str | None
    env: dict[str, str]
    """Of the container: the network's, and the workers' own."""
    shared_memory: str
    arguments: tuple[str, ...]
    """Of the measuring program: the model's sizes."""
    worker_nodes: int
    """Nodes of the layout's largest worker."""
    nodes: int
    """Nodes that the layout needs."""
    quick: bool
    only: str | None = None
    """One part of it alone: ``memory``, ``compute``, ``nvlink`` or ``rdma``."""
    seconds: int = Field(gt=0)
    again: str = ""

    @property
    def uses_rdma(self) -> bool:
        """Whether the nodes are connected by RDMA."""
        return rdma.uses_rdma(self.hardware)

    def subject(self) -> dict[str, object]:
        """Return what is measured: where it is the same as last time, it is not measured again."""
        hardware = self.hardware.model_dump(mode="json", by_alias=True)
        return {"hardware": hardware, "workerNodes": self.worker_nodes, "again": self.again}


def burnin_plan(settings: Settings) -> BurnInPlan:
    """Return the burn-in of a stack, whether or not `pulumi up` runs it."""
    hardware, roles, burnin = settings.hardware, settings.layout.roles.values(), settings.burnin
    widest = max(roles, key=lambda role: role.nodes)
    return BurnInPlan(
        namespace=settings.namespace,
        graph=graph_name(settings),
        hardware=hardware,
        floor=burnin.floor,
        image=image_reference(settings),
        pull_secret=pull_secret(settings.image),
        env={**rdma.network_env(hardware, widest), **settings.workers.env},
        shared_memory=settings.workers.shared_memory,
        arguments=model_arguments(settings.model),
        worker_nodes=widest.nodes,
        nodes=nodes_needed(roles, hardware.gpus_per_node),
        quick=burnin.quick,
        seconds=60 * burnin.timeout_minutes,
        again=burnin.again,
    )
