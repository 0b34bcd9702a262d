"""Namespaces and the objects in them other than pods and volumes, and CustomResourceDefinitions."""

from __future__ import annotations

from datetime import datetime

from pydantic import Field

from wideep_cluster.objects.base import Condition, KubeObject, Model

__all__ = ["ConfigMap", "Definition", "Event", "Namespace", "NetworkPolicy", "Quota", "Secret", "Service"]


class ConfigMap(KubeObject):
    """A ConfigMap: texts by key."""

    data: dict[str, str] = Field(default_factory=dict[str, str])


class QuotaStatus(Model):
    """A quota's limits and what is used of them, as quantities."""

    hard: dict[str, str] = Field(default_factory=dict[str, str])
    used: dict[str, str] = Field(default_factory=dict[str, str])


class Quota(KubeObject):
    """A ResourceQuota."""

    status: QuotaStatus = QuotaStatus()


class NamespaceStatus(Model):
    """The phase, ``Active`` or ``Terminating``, and the conditions, which say what delays a deletion."""

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
    """The pods of a Service, and its ports."""

    selector: dict[str, str] = Field(default_factory=dict[str, str])
    ports: tuple[ServicePort, ...] = ()


class Service(KubeObject):
    """A Service."""

    spec: ServiceSpec = ServiceSpec()


class NetworkPolicy(KubeObject):
    """A NetworkPolicy."""


class Secret(KubeObject):
    """A Secret without its values, which are not even requested."""


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
        """Kind and name of the object concerned."""
        return f"{self.involved_object.kind} {self.involved_object.name}"

    @property
    def when(self) -> datetime | None:
        """When it last happened."""
        return self.last_timestamp or self.event_time or self.metadata.creation_timestamp


class Definition(KubeObject):
    """A CustomResourceDefinition."""
