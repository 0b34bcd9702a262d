"""The base of all types of the graph, and their conversion to a manifest."""

from __future__ import annotations

import json
from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import Literal, Self

from pydantic import BaseModel, ConfigDict
from pydantic.alias_generators import to_camel

__all__ = ["Graph", "GraphModel", "GraphPart", "Manifest", "Metadata"]

Manifest = dict[str, object]
"""A Kubernetes object, ready to be serialized."""


class GraphModel(BaseModel):
    """Base class of each object of the graph. Python names are snake_case, the manifest's keys camelCase.

    The types hold the part of the CRD that this program writes: a field that they have is accepted exactly as the API
    server would accept it, and any other field is refused.
    """

    model_config = ConfigDict(
        frozen=True,
        strict=True,
        extra="forbid",
        alias_generator=to_camel,
        populate_by_name=True,
        defer_build=True,
    )

    def manifest(self) -> Manifest:
        """Return the object as Kubernetes reads it: camelCase, in the order of the fields, without fields that are not
        set."""
        return self.model_dump(mode="json", by_alias=True, exclude_none=True)


class Metadata(GraphModel):
    """Name, namespace and annotations of an object."""

    name: str
    namespace: str | None = None
    annotations: dict[str, str] | None = None


@dataclass(frozen=True)
class GraphPart:
    """A component of a graph, whichever version of the API the graph is written in."""

    name: str
    """The component's name in the graph, with which the names of the operator's objects for it begin."""
    role: str
    """``frontend``, ``prefill``, ``decode`` or ``planner``."""
    path: str
    """The component's path in the graph: ``spec.services.decode``, ``spec.components[2]``."""
    replicas: int
    nodes: int
    """Pods of one replica."""
    args: tuple[str, ...]
    manifest: Manifest

    @property
    def pods(self) -> int:
        """Pods of all replicas."""
        return self.replicas * self.nodes


class Graph(GraphModel, ABC):
    """A graph, ready to be serialized. Each version of the API has a class of its own."""

    api_version: str
    kind: Literal["DynamoGraphDeployment"] = "DynamoGraphDeployment"
    metadata: Metadata

    @classmethod
    def parse(cls, manifest: Manifest) -> Self:
        """Return the typed graph of a manifest. Raises pydantic's ValidationError for a field that the types do not
        have."""
        return cls.model_validate_json(json.dumps(manifest))

    @property
    @abstractmethod
    def parts(self) -> tuple[GraphPart, ...]:
        """The components, frontend first."""

    @abstractmethod
    def spec_with_image(self, image: object) -> Manifest:
        """Return the ``spec`` with another image in each component. An image's digest is known only once it is pushed,
        so ``image`` may be a value that becomes a string later (a Pulumi Output)."""

    @classmethod
    @abstractmethod
    def part_of(cls, spec: Manifest, part: GraphPart) -> Manifest:
        """Return the component in a ``spec`` of such a graph. Raises KeyError if the spec does not have it."""

    def part(self, role: str) -> GraphPart:
        """Return the component of a role."""
        return next(each for each in self.parts if each.role == role)
