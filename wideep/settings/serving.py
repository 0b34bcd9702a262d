"""``frontend``, ``workers`` and ``access``: what the pods get, and who may reach them."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated

from pydantic import Field, StringConstraints

from wideep.settings.base import SettingsModel
from wideep.settings.grammar import LabelKey, ObjectName, PlainText
from wideep.settings.quantity import Cpu, Quantity

__all__ = [
    "Access",
    "Exposure",
    "Frontend",
    "Ingress",
    "PodResources",
    "RouterMode",
    "ServiceType",
    "Variable",
    "Workers",
]

Host = Annotated[str, StringConstraints(pattern=r"^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)+$")]
Variable = Annotated[str, StringConstraints(pattern=r"^[A-Za-z_][A-Za-z0-9_]*$")]
AddressRange = Annotated[str, StringConstraints(pattern=r"^[0-9a-fA-F.:]+/[0-9]{1,3}$")]
Namespace = Annotated[str, StringConstraints(pattern=r"^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$")]
Source = Annotated[str, StringConstraints(pattern=r"^([a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?|[0-9a-fA-F.:]+/[0-9]{1,3})$")]


class RouterMode(StrEnum):
    """How the frontend picks a worker."""

    ROUND_ROBIN = "round-robin"
    KV = "kv"


class ServiceType(StrEnum):
    """How a Service is reached from outside the cluster."""

    NODE_PORT = "NodePort"
    LOAD_BALANCER = "LoadBalancer"


class PodResources(SettingsModel):
    """What one pod gets: limits, which are its requests too. GPUs follow from the layout."""

    cpu: Cpu | None = None
    """Cores, as ``16`` or ``500m``."""
    memory: Quantity | None = None
    """Main memory, as ``256Gi``. Shared memory counts towards it."""


class Exposure(SettingsModel):
    """A further Service of the frontend, beside the operator's own, which only the cluster reaches."""

    type: ServiceType
    """``LoadBalancer``, or ``NodePort``."""
    port: Annotated[int, Field(ge=1, le=65535)] = 80
    """Port of the Service."""
    source_ranges: tuple[AddressRange, ...] = ()
    """Address ranges that a load balancer lets through (``203.0.113.0/24``), each within ``access.allowFrom``. Empty:
    all of them, and the pods' NetworkPolicies judge."""
    annotations: dict[LabelKey, PlainText] = Field(default_factory=dict[LabelKey, PlainText])
    """Settings of the cloud's load balancer."""


class Ingress(SettingsModel):
    """An HTTP route to the frontend."""

    host: Host
    """Name under which it is reached, ``chat.example.com``."""
    class_name: ObjectName
    """The ingress class (``kubectl get ingressclass``)."""
    tls_secret: ObjectName | None = None
    """A Secret of the namespace with certificate and key. None: plain HTTP."""
    annotations: dict[LabelKey, PlainText] = Field(default_factory=dict[LabelKey, PlainText])
    """Settings of the ingress controller: timeouts above all, for answers that stream for minutes."""


class Frontend(SettingsModel):
    """The OpenAI-compatible HTTP server before the workers."""

    replicas: Annotated[int, Field(ge=1, le=64)] = 1
    """Pods of the frontend."""
    router_mode: RouterMode = RouterMode.ROUND_ROBIN
    """How a request finds its worker; ``kv`` prefers the one that has its prefix cached."""
    resources: PodResources = PodResources()
    """CPU and memory of a pod. Not set: the operator's default."""
    service: Exposure | None = None
    """A Service that is reached from outside. None: only the operator's own, inside the cluster."""
    ingress: Ingress | None = None
    """An Ingress. None: there is none."""


class Workers(SettingsModel):
    """What the pods of both roles get beyond their GPUs."""

    env: dict[Variable, PlainText] = Field(default_factory=dict[Variable, PlainText])
    """Further environment variables of the engine; they win over the ones that this program sets. No secrets: they
    are in the graph for everyone to read. Those come from ``envFrom``."""
    env_from: tuple[ObjectName, ...] = ()
    """Secrets of the namespace that exist; each of their keys becomes an environment variable of the engine. ``env``
    wins over them."""
    trust_remote_code: bool = False
    """Run Python code that comes with the model's repository, as ``--trust-remote-code`` of the engine. SGLang has the
    classes of every ``model.family`` itself; set it only for a repository whose code you have read."""
    resources: PodResources = PodResources()
    """CPU and memory of a pod. Not set: no limit."""
    shared_memory: Quantity = "80Gi"
    """Size of /dev/shm, through which the ranks of a pod talk."""
    ready_timeout_minutes: Annotated[int, Field(ge=1, le=1440)] | None = None
    """Minutes that the graph may take from its creation, or its last change, until it is ready: then `pulumi up` gives
    up. None: by the model's size, with the slowest volume that is worth using (DeepSeek-R1: two hours)."""
    priority_class: ObjectName | None = None
    """A PriorityClass of the cluster, so that other pods make room for the workers and not they for others."""
    spread_over: LabelKey | None = None
    """A node label, such as ``topology.kubernetes.io/zone``, over whose values the workers of a role spread where they
    can. The pods of one worker should stay together: leave it out where workers have several."""


class Access(SettingsModel):
    """Who may open connections to the pods (NetworkPolicies; they need a network plugin that keeps them)."""

    network_policies: bool = True
    """Make them: workers, etcd and NATS are reached from their own namespace only, etcd and NATS also from
    ``graphsFrom``, the frontend also from ``allowFrom``."""
    allow_from: tuple[Source, ...] = ()
    """Who else may reach the frontend: names of namespaces (an ingress controller's) or address ranges
    (``10.0.0.0/8``)."""
    metrics_from: tuple[Source, ...] = ()
    """Namespaces or address ranges that may read the metrics of frontend and workers (Prometheus')."""
    graphs_from: tuple[Namespace, ...] = ()
    """Other namespaces whose graphs use the platform of this stack: their pods reach its etcd and NATS, which ask for
    no login."""
