"""Namespaces and what is in them besides pods and volumes, and the kinds that a cluster knows."""

from __future__ import annotations

from datetime import datetime

from pydantic import Field

from wideep_cluster.objects.base import Condition, KubeObject, Model

__all__ = ["ConfigMap", "Definition", "Event", "Namespace", "NetworkPolicy", "Quota", "Secret", "Service"]


class ConfigMap(KubeObject):
    """Texts by key."""

    data: dict[str, str] = Field(default_factory=dict[str, str])


class QuotaStatus(Model):
    """A quota's limits and what is used of them, as quantities."""

    hard: dict[str, str] = Field(default_factory=dict[str, str])
    used: dict[str, str] = Field(default_factory=dict[str, str])


class Quota(KubeObject):
    """A ResourceQuota."""

    status: QuotaStatus = QuotaStatus()


class NamespaceStatus(Model):
    """``Active`` or ``Terminating``; the conditions say what holds it."""

    phase: str = ""
    conditions: tuple[Condition, ...] = ()


class Namespace(KubeObject):
    """A namespace."""

    status: NamespaceStatus = NamespaceStatus()


class ServicePort(Model):
    """A port of a Service; ``target_port`` is a number or the name of a container's port."""

    name: str = ""
    port: int
    target_port: int | str = 0


class ServiceSpec(Model):
    """Which pods, at which ports."""

    selector: dict[str, str] = Field(default_factory=dict[str, str])
    ports: tuple[ServicePort, ...] = ()


class Service(KubeObject):
    """A Service."""

    spec: ServiceSpec = ServiceSpec()


class NetworkPolicy(KubeObject):
    """A NetworkPolicy."""


class Secret(KubeObject):
    """A Secret without its values: they are not even asked for."""


class Reference(Model):
    """The object that an event is about."""

    kind: str = ""
    name: str = ""
    namespace: str = ""


class Event(KubeObject):
    """Something that happened to an object. ``type`` is ``Normal`` or ``Warning``."""

    involved_object: Reference = Reference()
    type: str = "Normal"
    reason: str = ""
    message: str = ""
    count: int | None = None
    last_timestamp: datetime | None = None
    event_time: datetime | None = None

    @property
    def about(self) -> str:
        """Kind and name of the object."""
        return f"{self.involved_object.kind} {self.involved_object.name}"

    @property
    def when(self) -> datetime | None:
        """When it happened last."""
        return self.last_timestamp or self.event_time or self.metadata.creation_timestamp


class Definition(KubeObject):
    """A CustomResourceDefinition."""
