"""From settings to the typed graph: a frontend, prefill and decode."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from wideep import names
from wideep.backends import network, sglang
from wideep.download import MOUNT_PATH, model_path, model_revision
from wideep.graph.dgd import (
    ComponentType,
    DynamoGraphDeployment,
    GraphSpec,
    Metadata,
    Multinode,
    Pvc,
    ResourceList,
    Resources,
    Service,
    SharedMemory,
    SubComponentType,
    VolumeMount,
)
from wideep.graph.pod import (
    Affinity,
    Capabilities,
    Container,
    EnvFromSource,
    EnvVar,
    ExtraPodSpec,
    HttpGet,
    LabelSelector,
    LocalObjectReference,
    PodAffinityTerm,
    PodAntiAffinity,
    Probe,
    SecurityContext,
    Toleration,
    TopologySpreadConstraint,
    WeightedPodAffinityTerm,
)
from wideep.graph.refs import cache_claim, graph_name, pull_secret, token_secret
from wideep.graph.startup import PERIOD_SECONDS, ready_timeout_seconds, startup_seconds
from wideep.settings import Settings
from wideep.settings.layout import Role, RoleLayout
from wideep.settings.serving import RouterMode

__all__ = ["COMPONENT_LABEL", "FRONTEND_PORT", "GRAPH_LABEL", "SYSTEM_PORT", "build_graph"]

FRONTEND_PORT: Final = 8000
SYSTEM_PORT: Final = 9090
"""Where the Dynamo runtime of a worker answers /health and /live."""
SHARED_MEMORY: Final = "80Gi"
HOSTNAME: Final = "kubernetes.io/hostname"
GRAPH_LABEL: Final = "nvidia.com/dynamo-graph-deployment-name"
COMPONENT_LABEL: Final = "nvidia.com/dynamo-component-type"
SUB_COMPONENT_LABEL: Final = "nvidia.com/dynamo-sub-component-type"


def build_graph(settings: Settings, image: str, weight_bytes: float) -> DynamoGraphDeployment:
    """The graph of a stack that passes ``wideep.rules``. ``weight_bytes`` are what each worker reads at its start."""
    stack = _Stack(settings, graph_name(settings), image, startup_seconds(weight_bytes))
    workers = {str(role): _worker(stack, role, layout) for role, layout in settings.layout.roles.items()}
    annotations = {
        # Foreground deletion of a graph never ends with operators up to 1.0 (dynamo#8204).
        "pulumi.com/deletionPropagationPolicy": "background",
        "pulumi.com/waitFor": "condition=Ready",
        "pulumi.com/timeoutSeconds": str(ready_timeout_seconds(weight_bytes)),
    }
    return DynamoGraphDeployment(
        metadata=Metadata(name=stack.name, namespace=settings.namespace, annotations=annotations),
        spec=GraphSpec(
            pvcs=(Pvc(name=cache_claim(settings), create=False),),
            services={names.FRONTEND: _frontend(stack), **workers},
        ),
    )


@dataclass(frozen=True)
class _Stack:
    """What all services have in common."""

    settings: Settings
    name: str
    image: str
    startup_seconds: int


def _frontend(stack: _Stack) -> Service:
    """The HTTP server. Its default readiness probe runs curl and jq, which the image need not have."""
    frontend = stack.settings.frontend
    spread = TopologySpreadConstraint(
        max_skew=1,
        topology_key=HOSTNAME,
        when_unsatisfiable="ScheduleAnyway",
        label_selector=LabelSelector(match_labels={GRAPH_LABEL: stack.name, COMPONENT_LABEL: ComponentType.FRONTEND}),
    )
    kv = frontend.router_mode is RouterMode.KV
    container = Container(
        image=stack.image,
        command=("python3", "-m", "dynamo.frontend") if kv else None,
        # Workers announce their cache only with an argument in JSON, whose quotes the operator does not keep.
        args=("--router-mode", "kv", "--no-kv-events") if kv else None,
        env_from=_token_env(stack.settings),
        startup_probe=_health(FRONTEND_PORT, failures=60),
    )
    return Service(
        dynamo_namespace=stack.name,
        component_type=ComponentType.FRONTEND,
        replicas=frontend.replicas,
        readiness_probe=_health(FRONTEND_PORT, failures=3),
        extra_pod_spec=ExtraPodSpec(
            main_container=container,
            topology_spread_constraints=(spread,) if frontend.replicas > 1 else None,
            image_pull_secrets=_pull_secrets(stack.settings),
            automount_service_account_token=False,
        ),
    )


def _worker(stack: _Stack, role: Role, layout: RoleLayout) -> Service:
    """The workers of one role: ``replicas`` times ``nodes`` pods."""
    settings, hardware = stack.settings, stack.settings.hardware
    gpus = str(layout.gpus_per_node)
    rdma = {hardware.rdma_resource: gpus} if network.uses_rdma(hardware) else None
    return Service(
        dynamo_namespace=stack.name,
        component_type=ComponentType.WORKER,
        sub_component_type=SubComponentType(role),
        replicas=layout.replicas,
        annotations={"nvidia.com/deployment-strategy": "Recreate"} if _full(settings, layout) else None,
        multinode=Multinode(node_count=layout.nodes) if layout.nodes > 1 else None,
        resources=Resources(limits=ResourceList(gpu=gpus, custom=rdma)),
        volume_mounts=(VolumeMount(name=cache_claim(settings), mount_point=MOUNT_PATH),),
        shared_memory=SharedMemory(size=SHARED_MEMORY),
        extra_pod_spec=ExtraPodSpec(
            main_container=_engine(stack, role, layout),
            node_selector=hardware.node_selector or None,
            tolerations=_tolerations(settings),
            affinity=_apart(stack.name, role) if _shares_nodes(settings, layout) else None,
            image_pull_secrets=_pull_secrets(settings),
            automount_service_account_token=False,
        ),
    )


def _engine(stack: _Stack, role: Role, layout: RoleLayout) -> Container:
    settings = stack.settings
    env = {
        "MODEL_REVISION": model_revision(settings.model, settings.model_cache),  # another one restarts the pods
        **sglang.engine_env(role, layout),
        **network.network_env(settings.hardware, layout),
    }
    pinned = SecurityContext(capabilities=Capabilities(add=(network.RDMA_CAPABILITY,)))
    return Container(
        image=stack.image,
        working_dir=sglang.WORKING_DIR,
        command=sglang.COMMAND,
        args=sglang.engine_args(role, layout, settings.model, model_path(settings.model)),
        env=tuple(EnvVar(name=key, value=value) for key, value in env.items()),
        env_from=_token_env(settings),
        startup_probe=_health(SYSTEM_PORT, failures=stack.startup_seconds // PERIOD_SECONDS),
        security_context=pinned if network.uses_rdma(settings.hardware) else None,
    )


def _full(settings: Settings, layout: RoleLayout) -> bool:
    """No GPUs are left for one more pod: a rolling update, which starts the new pod first, would wait for ever."""
    used = sum(role.gpus for role in settings.layout.roles.values())
    return settings.hardware.gpus - used < layout.gpus_per_node


def _health(port: int, failures: int) -> Probe:
    return Probe(
        http_get=HttpGet(path="/health", port=port),
        period_seconds=PERIOD_SECONDS,
        timeout_seconds=PERIOD_SECONDS,
        failure_threshold=failures,
    )


def _token_env(settings: Settings) -> tuple[EnvFromSource, ...] | None:
    secret = token_secret(settings)
    return (EnvFromSource(secret_ref=LocalObjectReference(name=secret)),) if secret else None


def _pull_secrets(settings: Settings) -> tuple[LocalObjectReference, ...] | None:
    secret = pull_secret(settings.image)
    return (LocalObjectReference(name=secret),) if secret else None


def _tolerations(settings: Settings) -> tuple[Toleration, ...] | None:
    written = settings.hardware.tolerations
    return tuple(Toleration(**toleration.model_dump()) for toleration in written) or None


def _shares_nodes(settings: Settings, layout: RoleLayout) -> bool:
    """Several pods of a role would fit on one node; pods that take a whole node part by themselves."""
    return layout.replicas * layout.nodes > 1 and layout.gpus_per_node < settings.hardware.gpus_per_node


def _apart(name: str, role: Role) -> Affinity:
    """A wish, not a must: where nodes are few, pods of one role may share one."""
    term = PodAffinityTerm(
        label_selector=LabelSelector(match_labels={GRAPH_LABEL: name, SUB_COMPONENT_LABEL: role}),
        topology_key=HOSTNAME,
    )
    wish = WeightedPodAffinityTerm(weight=100, pod_affinity_term=term)
    return Affinity(pod_anti_affinity=PodAntiAffinity(preferred_during_scheduling_ignored_during_execution=(wish,)))
