"""The part of a Kubernetes pod spec that the graph writes: container, probes, env, scheduling."""

from __future__ import annotations

from typing import Annotated, Final

from pydantic import Field

from wideep.graph.base import GraphModel

__all__ = [
    "RESTRICTED",
    "Affinity",
    "Capabilities",
    "ClaimSource",
    "ConfigMapSource",
    "Container",
    "ContainerMount",
    "EnvFromSource",
    "EnvVar",
    "EnvVarSource",
    "ExtraPodSpec",
    "HostPathSource",
    "HttpGet",
    "InitContainer",
    "LabelSelector",
    "LocalObjectReference",
    "PodAffinityTerm",
    "PodAntiAffinity",
    "PodFields",
    "Probe",
    "ResourceClaim",
    "ResourceClaimRef",
    "SeccompProfile",
    "SecretKeySelector",
    "SecurityContext",
    "Toleration",
    "TopologySpreadConstraint",
    "Volume",
    "WeightedPodAffinityTerm",
]

Int32 = Annotated[int, Field(ge=-(2**31), lt=2**31)]


class SecretKeySelector(GraphModel):
    """One key of a Secret of the graph's own namespace."""

    name: str
    key: str


class EnvVarSource(GraphModel):
    """The source of a value that must not appear in the manifest."""

    secret_key_ref: SecretKeySelector


class EnvVar(GraphModel):
    """One environment variable of the container."""

    name: str
    value: str | None = None
    value_from: EnvVarSource | None = None


class ContainerMount(GraphModel):
    """A volume of the pod, and where the container mounts it."""

    name: str
    mount_path: str
    read_only: bool | None = None
    sub_path: str | None = None
    """A folder of the volume, instead of the whole volume."""


class ClaimSource(GraphModel):
    """A claim of the graph's namespace."""

    claim_name: str


class HostPathSource(GraphModel):
    """A folder of the node, created if it does not exist."""

    path: str
    type: str


class ConfigMapSource(GraphModel):
    """A ConfigMap of the graph's namespace, with one file for each key."""

    name: str


class Volume(GraphModel):
    """A volume of the pod, by one of its sources."""

    name: str
    config_map: ConfigMapSource | None = None
    host_path: HostPathSource | None = None
    persistent_volume_claim: ClaimSource | None = None


class LocalObjectReference(GraphModel):
    """An object of the graph's own namespace, by name."""

    name: str


class EnvFromSource(GraphModel):
    """All keys of a Secret as environment variables."""

    secret_ref: LocalObjectReference


class HttpGet(GraphModel):
    """An HTTP GET that succeeds with a status from 200 to 399."""

    path: str
    port: int | str


class Probe(GraphModel):
    """How the kubelet checks a container's health. Times are seconds."""

    http_get: HttpGet
    period_seconds: Int32
    timeout_seconds: Int32
    failure_threshold: Int32


class Capabilities(GraphModel):
    """Linux capabilities beyond the runtime's default."""

    add: tuple[str, ...]


class SeccompProfile(GraphModel):
    """Which system calls a container may make."""

    type: str


class SecurityContext(GraphModel):
    """What the container may do on its node."""

    capabilities: Capabilities | None = None
    allow_privilege_escalation: bool | None = None
    seccomp_profile: SeccompProfile | None = None


RESTRICTED: Final = SecurityContext(
    allow_privilege_escalation=False, seccomp_profile=SeccompProfile(type="RuntimeDefault")
)
"""For containers that need no privileges on their node."""


class Container(GraphModel):
    """The container that the operator merges over its own default for the component."""

    image: str
    working_dir: str | None = None
    command: tuple[str, ...] | None = None
    args: tuple[str, ...] | None = None
    env: tuple[EnvVar, ...] | None = None
    env_from: tuple[EnvFromSource, ...] | None = None
    volume_mounts: tuple[ContainerMount, ...] | None = None
    startup_probe: Probe | None = None
    """The only probe that the CRD does not accept at the service."""
    security_context: SecurityContext | None = None


class InitContainer(GraphModel):
    """A container that ends before the main one starts."""

    name: str
    image: str
    command: tuple[str, ...]
    args: tuple[str, ...]
    env: tuple[EnvVar, ...]
    volume_mounts: tuple[ContainerMount, ...]
    security_context: SecurityContext | None = None


class Toleration(GraphModel):
    """A taint that the pod tolerates."""

    key: str | None = None
    operator: str | None = None
    value: str | None = None
    effect: str | None = None


class LabelSelector(GraphModel):
    """Pods that carry all of these labels."""

    match_labels: dict[str, str]


class PodAffinityTerm(GraphModel):
    """Pods, and the node label that defines what *together* means."""

    label_selector: LabelSelector
    topology_key: str


class WeightedPodAffinityTerm(GraphModel):
    """A preference of the scheduler, with a weight from 1 to 100."""

    weight: Int32
    pod_affinity_term: PodAffinityTerm


class PodAntiAffinity(GraphModel):
    """Pods that should not share a node."""

    preferred_during_scheduling_ignored_during_execution: tuple[WeightedPodAffinityTerm, ...]


class Affinity(GraphModel):
    """Where a pod goes in relation to other pods."""

    pod_anti_affinity: PodAntiAffinity


class TopologySpreadConstraint(GraphModel):
    """How unevenly pods may be distributed over the values of a node label."""

    max_skew: Int32
    topology_key: str
    when_unsatisfiable: str
    label_selector: LabelSelector


class ResourceClaim(GraphModel):
    """A claim on a device, created for the pod (dynamic resource allocation) from a named template."""

    name: str
    resource_claim_template_name: str


class ResourceClaimRef(GraphModel):
    """A container's reference to one of the pod's claims."""

    name: str


class PodFields(GraphModel):
    """The pod around its containers."""

    volumes: tuple[Volume, ...] | None = None
    priority_class_name: str | None = None
    node_selector: dict[str, str] | None = None
    tolerations: tuple[Toleration, ...] | None = None
    affinity: Affinity | None = None
    topology_spread_constraints: tuple[TopologySpreadConstraint, ...] | None = None
    image_pull_secrets: tuple[LocalObjectReference, ...] | None = None
    resource_claims: tuple[ResourceClaim, ...] | None = None
    automount_service_account_token: bool | None = None
    """False if Dynamo finds its peers in etcd; Grove's init container mounts a token of its own."""


class _MainContainer(GraphModel):
    main_container: Container
    init_containers: tuple[InitContainer, ...] | None = None


class ExtraPodSpec(PodFields, _MainContainer):
    """The pod of a service in a ``v1alpha1`` graph: containers first, in a manifest's usual order."""
