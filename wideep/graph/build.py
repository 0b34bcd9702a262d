"""Construction of the typed graph from settings: a frontend, prefill and decode workers, and the planner."""

from __future__ import annotations

from wideep import names
from wideep.dynamo.api import GROVE_ANNOTATION, V1ALPHA1
from wideep.engines import engine_of
from wideep.graph import v1beta1
from wideep.graph.base import Graph, Metadata
from wideep.graph.common import Stack
from wideep.graph.components import component
from wideep.graph.dgd import DynamoGraphDeployment, GraphSpec
from wideep.graph.frontend import frontend_service
from wideep.graph.planner import planner
from wideep.graph.refs import graph_name
from wideep.graph.startup import startup_seconds
from wideep.graph.worker import worker_service
from wideep.settings import Settings

__all__ = ["build_graph"]


def build_graph(settings: Settings, image: str, weight_bytes: float) -> Graph:
    """Return the graph of a stack that passes ``wideep.rules``. ``weight_bytes`` are what each worker reads at its
    start."""
    stack = Stack(settings, graph_name(settings), image, startup_seconds(settings, weight_bytes))
    workers = {str(role): worker_service(stack, role, layout) for role, layout in settings.layout.roles.items()}
    annotations = dict(stack.release.graph_annotations)
    if not settings.layout.has_multinode_workers:
        # Plain Deployments, even if Grove's CRDs exist: they outlive Grove, and without it such a graph waits forever.
        annotations[GROVE_ANNOTATION] = "false"
    metadata = Metadata(name=stack.name, namespace=settings.namespace, annotations=annotations)
    framework = engine_of(settings).framework
    services = {names.FRONTEND: frontend_service(stack), **workers}
    if stack.release.api == V1ALPHA1:
        return DynamoGraphDeployment(metadata=metadata, spec=GraphSpec(backend_framework=framework, services=services))
    return v1beta1.DynamoGraphDeployment(
        metadata=metadata,
        spec=v1beta1.GraphSpec(
            backend_framework=framework,
            components=(*(component(stack, name, service) for name, service in services.items()), *planner(stack)),
        ),
    )
