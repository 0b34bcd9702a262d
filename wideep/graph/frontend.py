"""The graph's HTTP server."""

from __future__ import annotations

from wideep import names
from wideep.graph.common import (
    HOSTNAME,
    OFFLINE,
    Stack,
    health,
    limits,
    pull_secrets,
    spread,
)
from wideep.graph.dgd import ComponentType, Resources, Service
from wideep.graph.pod import RESTRICTED, Container, EnvVar, ExtraPodSpec
from wideep.graph.volumes import read_mount, weights_volume
from wideep.settings.serving import PodResources, RouterMode

__all__ = ["frontend_service"]


def frontend_service(stack: Stack) -> Service:
    """Return the frontend. It replaces the default readiness probe, which runs curl and jq: the image may lack them."""
    frontend = stack.settings.frontend
    labels = stack.release.pod_labels(stack.name, None)
    return Service(
        dynamo_namespace=stack.name,
        component_type=ComponentType.FRONTEND,
        replicas=frontend.replicas,
        resources=Resources(limits=limits(frontend.resources)) if frontend.resources != PodResources() else None,
        readiness_probe=health(stack.release.frontend_port, failures=3),
        extra_pod_spec=ExtraPodSpec(
            main_container=_server(stack),
            volumes=(weights_volume(stack.settings),) if stack.release.frontend_reads_model else None,
            # Set even for one pod: otherwise a second pod would change the first one's spec, and restart it.
            topology_spread_constraints=(spread(HOSTNAME, labels),),
            image_pull_secrets=pull_secrets(stack.settings),
            automount_service_account_token=stack.release.pods_need_token,
        ),
    )


def _server(stack: Stack) -> Container:
    kv = stack.settings.frontend.router_mode is RouterMode.KV
    env = {**OFFLINE, **stack.telemetry_env(names.FRONTEND)}
    return Container(
        image=stack.image,
        command=("python3", "-m", "dynamo.frontend") if kv else None,
        # Workers announce their cache only with a JSON argument, and the operator does not preserve its quotes.
        args=("--router-mode", "kv", "--no-kv-events") if kv else None,
        env=tuple(EnvVar(name=key, value=value) for key, value in env.items()),
        volume_mounts=(read_mount(),) if stack.release.frontend_reads_model else None,
        startup_probe=health(stack.release.frontend_port, failures=60),
        security_context=RESTRICTED,
    )
