"""The graph's prefill and decode workers."""

from __future__ import annotations

from wideep import rdma
from wideep.download import model_revision
from wideep.dynamo.api import STRATEGY_ANNOTATION
from wideep.engines import engine_of
from wideep.graph.common import (
    HOSTNAME,
    OFFLINE,
    Stack,
    health,
    limits,
    pull_secrets,
    secret_env,
    spread,
)
from wideep.graph.dgd import (
    ComponentType,
    Multinode,
    Resources,
    ScalingAdapter,
    Service,
    SharedMemory,
    SubComponentType,
)
from wideep.graph.engine_config import EngineConfig, engine_config
from wideep.graph.fabric import Fabric, fabric_of
from wideep.graph.local_cache import downloader
from wideep.graph.planner import FORWARD_PASSES
from wideep.graph.pod import (
    Affinity,
    Capabilities,
    Container,
    EnvVar,
    ExtraPodSpec,
    LabelSelector,
    PodAffinityTerm,
    PodAntiAffinity,
    SecurityContext,
    Toleration,
    WeightedPodAffinityTerm,
)
from wideep.graph.startup import PERIOD_SECONDS
from wideep.graph.volumes import engine_mounts, weights_volume
from wideep.rules.updates import Update, update_of
from wideep.settings import Settings
from wideep.settings.layout import Role, RoleLayout

__all__ = ["worker_service"]


def worker_service(stack: Stack, role: Role, layout: RoleLayout) -> Service:
    """Return the workers of one role: ``replicas`` times ``nodes`` pods."""
    settings, hardware = stack.settings, stack.settings.hardware
    fabric, recreated = fabric_of(settings), update_of(settings, role) is Update.OUTAGE
    gpus = str(layout.gpus_per_node)
    devices = {hardware.rdma_resource: gpus} if rdma.uses_rdma(hardware) else None
    return Service(
        dynamo_namespace=stack.name,
        component_type=ComponentType.WORKER,
        sub_component_type=SubComponentType(role),
        replicas=layout.replicas,
        scaling_adapter=ScalingAdapter(enabled=True) if layout.replicas_scaling_adapter else None,
        annotations={STRATEGY_ANNOTATION: "Recreate"} if recreated else None,
        multinode=Multinode(node_count=layout.nodes) if layout.nodes > 1 else None,
        resources=Resources(
            limits=limits(settings.workers.resources, gpus, devices), claims=(fabric.used,) if fabric else None
        ),
        shared_memory=SharedMemory(size=settings.workers.shared_memory),
        extra_pod_spec=_pod(stack, role, layout, fabric),
    )


def _pod(stack: Stack, role: Role, layout: RoleLayout, fabric: Fabric | None) -> ExtraPodSpec:
    settings, workers, cache = stack.settings, stack.settings.workers, stack.settings.model_cache
    labels = stack.release.pod_labels(stack.name, role)
    config = engine_config(settings, role, layout)
    return ExtraPodSpec(
        main_container=_engine(stack, role, layout, config),
        init_containers=(downloader(settings),) if cache.host_path and cache.download else None,
        volumes=(weights_volume(settings), *((config.volume,) if config else ())),
        priority_class_name=workers.priority_class,
        node_selector=settings.hardware.node_selector or None,
        tolerations=_tolerations(settings),
        affinity=_apart(labels) if _shares_nodes(settings, layout) else None,
        topology_spread_constraints=(spread(workers.spread_over, labels),) if workers.spread_over else None,
        image_pull_secrets=pull_secrets(settings),
        resource_claims=(fabric.claim,) if fabric else None,
        automount_service_account_token=stack.release.pods_need_token,
    )


def _engine(stack: Stack, role: Role, layout: RoleLayout, config: EngineConfig | None) -> Container:
    settings, cache = stack.settings, stack.settings.model_cache
    engine = engine_of(settings)
    command, args = engine.started(engine.args(settings, role, layout))
    env = {
        "MODEL_REVISION": model_revision(settings.model, cache),  # restarts the pods if modelCache.path stays the same
        **OFFLINE,
        **engine.env(role, layout, settings.hardware),
        **(engine.metrics_env if settings.monitoring.enabled else {}),
        **rdma.network_env(settings.hardware, layout),
        **(FORWARD_PASSES if settings.planner.enabled else {}),
        **stack.telemetry_env(role),
        **settings.workers.env,
        **layout.env,
    }
    pinned = SecurityContext(capabilities=Capabilities(add=(rdma.RDMA_CAPABILITY,)))
    return Container(
        image=stack.image,
        working_dir=stack.release.working_dir(engine.framework),
        command=command,
        args=args,
        env=tuple(EnvVar(name=key, value=value) for key, value in env.items()),
        env_from=secret_env(settings.workers.env_from),
        volume_mounts=(*engine_mounts(settings, layout), *((config.mount,) if config else ())),
        startup_probe=health(stack.release.system_port, failures=stack.startup_seconds // PERIOD_SECONDS),
        security_context=pinned if rdma.uses_rdma(settings.hardware) else None,
    )


def _tolerations(settings: Settings) -> tuple[Toleration, ...] | None:
    written = settings.hardware.tolerations
    return tuple(Toleration(**toleration.model_dump()) for toleration in written) or None


def _shares_nodes(settings: Settings, layout: RoleLayout) -> bool:
    """Tell whether several pods of a role would fit on one node; pods that take a whole node are apart anyway.

    The number of pods does not matter here: otherwise a second worker would change the first one's pod, and restart it.
    """
    return layout.gpus_per_node < settings.hardware.gpus_per_node


def _apart(labels: dict[str, str]) -> Affinity:
    """Return a soft anti-affinity: if there are few nodes, pods of one role may share one."""
    term = PodAffinityTerm(label_selector=LabelSelector(match_labels=labels), topology_key=HOSTNAME)
    wish = WeightedPodAffinityTerm(weight=100, pod_affinity_term=term)
    return Affinity(pod_anti_affinity=PodAntiAffinity(preferred_during_scheduling_ignored_during_execution=(wish,)))
