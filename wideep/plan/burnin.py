"""What a burn-in runs on the nodes, and the figures that its results are compared with."""

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
    """Everything that measuring and judging need: the provider in `pulumi up` receives this and no settings."""

    namespace: str
    graph: str
    """The graph's name, which keeps the Jobs and figures of two stacks in one namespace apart."""
    hardware: Hardware
    floor: Floor
    image: str
    pull_secret: str | None
    env: dict[str, str]
    """Variables of the container: those of the network, and the workers' own."""
    shared_memory: str
    arguments: tuple[str, ...]
    """Arguments of the measuring program: the model's sizes."""
    worker_nodes: int
    """Nodes of the layout's largest worker."""
    nodes: int
    """Nodes that the layout needs."""
    quick: bool
    only: str | None = None
    """The only part to measure: ``memory``, ``compute``, ``nvlink`` or ``rdma``. None: all parts."""
    seconds: int = Field(gt=0)
    again: str = ""

    @property
    def uses_rdma(self) -> bool:
        """Whether the nodes are connected by RDMA."""
        return rdma.uses_rdma(self.hardware)

    def subject(self) -> dict[str, object]:
        """Return what is measured. While this stays the same, `pulumi up` does not measure again."""
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
