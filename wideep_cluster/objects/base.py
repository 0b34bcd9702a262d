"""The fields that every object of the cluster has."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from pydantic import BaseModel, ConfigDict, Field, model_validator
from pydantic.alias_generators import to_camel

__all__ = ["Condition", "KubeObject", "Meta", "Model", "RawObject"]


class Model(BaseModel):
    """Base class of the models: camelCase names, unknown fields ignored."""

    model_config = ConfigDict(
        frozen=True, extra="ignore", alias_generator=to_camel, populate_by_name=True, defer_build=True
    )


class Owner(Model):
    """A reference to the owner of an object."""

    kind: str
    name: str
    uid: str = ""


class Meta(Model):
    """Name, labels and times of an object."""

    name: str
    namespace: str = ""
    uid: str = ""
    resource_version: str = ""
    generation: int = 0
    labels: dict[str, str] = {}
    annotations: dict[str, str] = {}
    creation_timestamp: datetime | None = None
    deletion_timestamp: datetime | None = None
    finalizers: tuple[str, ...] = ()
    owner_references: tuple[Owner, ...] = ()


class KubeObject(Model):
    """An object of any kind."""

    metadata: Meta

    @property
    def name(self) -> str:
        """The object's name."""
        return self.metadata.name

    @property
    def namespace(self) -> str:
        """The object's namespace; empty for a cluster-scoped object."""
        return self.metadata.namespace

    @property
    def labels(self) -> dict[str, str]:
        """The object's labels."""
        return self.metadata.labels

    @property
    def is_deleting(self) -> bool:
        """Whether the object has been deleted, but finalizers or running containers still hold it."""
        return self.metadata.deletion_timestamp is not None


class RawObject(KubeObject):
    """An object of any kind with all of its fields, in the form of the API."""

    body: dict[str, Any] = Field(default_factory=dict[str, Any])

    @model_validator(mode="before")
    @classmethod
    def _whole(cls, read: dict[str, Any]) -> dict[str, Any]:
        return {"metadata": read["metadata"], "body": read}


class Condition(Model):
    """A condition in an object's status; ``status`` is ``True``, ``False`` or ``Unknown``."""

    type: str
    status: str
    reason: str = ""
    message: str = ""
    last_transition_time: datetime | None = None
