"""From settings to the typed graph: a frontend, prefill and decode."""

from __future__ import annotations

from wideep import names
from wideep.dynamo.api import GROVE_ANNOTATION
from wideep.engines import engine_of
from wideep.graph.common import Stack
from wideep.graph.dgd import DynamoGraphDeployment, GraphSpec, Metadata
from wideep.graph.frontend import frontend_service
from wideep.graph.refs import graph_name
from wideep.graph.startup import startup_seconds
from wideep.graph.worker import worker_service
from wideep.settings import Settings

__all__ = ["build_graph"]


def build_graph(settings: Settings, image: str, weight_bytes: float) -> DynamoGraphDeployment:
    """The graph of a stack that passes ``wideep.rules``. ``weight_bytes`` are what each worker reads at its start."""
    stack = Stack(settings, graph_name(settings), image, startup_seconds(settings, weight_bytes))
    workers = {str(role): worker_service(stack, role, layout) for role, layout in settings.layout.roles.items()}
    annotations = dict(stack.release.graph_annotations)
    if all(layout.nodes == 1 for layout in settings.layout.roles.values()):
        # Plain Deployments, also where Grove's CRDs are: they outlive Grove, and a graph left to them waits for ever.
        annotations[GROVE_ANNOTATION] = "false"
    return DynamoGraphDeployment(
        metadata=Metadata(name=stack.name, namespace=settings.namespace, annotations=annotations),
        spec=GraphSpec(
            backend_framework=engine_of(settings).framework,
            services={names.FRONTEND: frontend_service(stack), **workers},
        ),
    )
