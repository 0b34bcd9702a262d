"""``frontend``, ``workers`` and ``access``: the pods' resources and environment, and who may reach the pods."""

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
    """What one pod gets: limits, which are also its requests. GPUs follow from the layout."""

    cpu: Cpu | None = None
    """Cores: ``16`` or ``500m``."""
    memory: Quantity | None = None
    """Main memory: ``256Gi``. Shared memory counts towards it."""


class Exposure(SettingsModel):
    """A further Service of the frontend, beside the operator's own, which only the cluster reaches."""

    type: ServiceType
    """``LoadBalancer``, or ``NodePort``."""
    port: Annotated[int, Field(ge=1, le=65535)] = 80
    """Port of the Service."""
    source_ranges: tuple[AddressRange, ...] = ()
    """Address ranges that a load balancer lets through (``203.0.113.0/24``), each within ``access.allowFrom``. Empty:
    all of them, and the pods' NetworkPolicies decide."""
    annotations: dict[LabelKey, PlainText] = Field(default_factory=dict[LabelKey, PlainText])
    """Annotations for the cloud's load balancer."""


class Ingress(SettingsModel):
    """An HTTP route to the frontend."""

    host: Host
    """Host name of the frontend, ``chat.example.com``."""
    class_name: ObjectName
    """The ingress class (``kubectl get ingressclass``)."""
    tls_secret: ObjectName | None = None
    """A Secret of the namespace with certificate and key. None: plain HTTP."""
    annotations: dict[LabelKey, PlainText] = Field(default_factory=dict[LabelKey, PlainText])
    """Annotations for the ingress controller: above all timeouts, for answers that stream for minutes."""


class Frontend(SettingsModel):
    """The OpenAI-compatible HTTP server in front of the workers."""

    replicas: Annotated[int, Field(ge=1, le=64)] = 1
    """Pods of the frontend."""
    router_mode: RouterMode = RouterMode.ROUND_ROBIN
    """How the frontend picks a worker for a request; ``kv`` prefers the worker that has its prefix cached."""
    resources: PodResources = PodResources()
    """CPU and memory of a pod. Not set: the operator's default."""
    service: Exposure | None = None
    """A Service that is reached from outside. None: only the operator's own, inside the cluster."""
    ingress: Ingress | None = None
    """An Ingress. None: no Ingress."""


class Workers(SettingsModel):
    """What the pods of both roles get beyond their GPUs."""

    env: dict[Variable, PlainText] = Field(default_factory=dict[Variable, PlainText])
    """Further environment variables of the engine; they override those that this program sets. No secrets: the
    variables are in the graph for everyone to read. Secrets come from ``envFrom``."""
    env_from: tuple[ObjectName, ...] = ()
    """Existing Secrets of the namespace; each of their keys becomes an environment variable of the engine. ``env``
    overrides them."""
    trust_remote_code: bool = False
    """Run Python code from the model's repository (the engine's ``--trust-remote-code``). SGLang itself has the classes
    of every ``model.family``; set it only for a repository whose code you have read."""
    resources: PodResources = PodResources()
    """CPU and memory of a pod. Not set: no limit."""
    shared_memory: Quantity = "80Gi"
    """Size of /dev/shm, through which the ranks of a pod communicate."""
    ready_timeout_minutes: Annotated[int, Field(ge=1, le=1440)] | None = None
    """Minutes that the graph may take from its creation or last change until it is ready; after that `pulumi up` gives
    up. None: by the model's size, for the slowest volume that is worth using (DeepSeek-R1: two hours)."""
    priority_class: ObjectName | None = None
    """A PriorityClass of the cluster, so that other pods make room for the workers and not the other way round."""
    spread_over: LabelKey | None = None
    """A node label, such as ``topology.kubernetes.io/zone``, over whose values the workers of a role are spread if
    possible. The pods of one worker should stay together: leave it out if workers have several pods."""


class Access(SettingsModel):
    """Who may open connections to the pods (NetworkPolicies; they need a network plugin that enforces them)."""

    network_policies: bool = True
    """Make the policies: workers, etcd and NATS are reached from their own namespace only, etcd and NATS also from
    ``graphsFrom``, the frontend also from ``allowFrom``."""
    allow_from: tuple[Source, ...] = ()
    """Who else may reach the frontend: names of namespaces (an ingress controller's) or address ranges
    (``10.0.0.0/8``)."""
    metrics_from: tuple[Source, ...] = ()
    """Namespaces or address ranges (Prometheus') that may read the metrics of frontend and workers."""
    graphs_from: tuple[Namespace, ...] = ()
    """Other namespaces whose graphs use the platform of this stack: their pods reach its etcd and NATS, which require
    no login."""
