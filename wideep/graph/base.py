"""What all types of the graph have in common, and how one becomes a manifest."""

from __future__ import annotations

import json
from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import Literal, Self

from pydantic import BaseModel, ConfigDict
from pydantic.alias_generators import to_camel

__all__ = ["Graph", "GraphModel", "GraphPart", "Manifest", "Metadata"]

Manifest = dict[str, object]
"""A Kubernetes object on its way out."""


class GraphModel(BaseModel):
    """Base of each object of the graph. Python names are snake_case, the manifest's keys their camelCase.

    The types hold the part of the CRD that this program writes: a field that they have is accepted exactly as the
    API server would, a field that they do not have is refused.
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
        """The object as Kubernetes reads it: camelCase, in the order of the fields, without what is not set."""
        return self.model_dump(mode="json", by_alias=True, exclude_none=True)


class Metadata(GraphModel):
    """Name, namespace and annotations of an object."""

    name: str
    namespace: str | None = None
    annotations: dict[str, str] | None = None


@dataclass(frozen=True)
class GraphPart:
    """A component of a graph, whichever version of the API it is written in."""

    name: str
    """Its name in the graph, which begins the names of what the operator makes of it."""
    role: str
    """``frontend``, ``prefill``, ``decode`` or ``planner``."""
    path: str
    """Where it stands in the graph: ``spec.services.decode``, ``spec.components[2]``."""
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
    """A graph, ready to be written down. Each version of the API has a class of its own."""

    api_version: str
    kind: Literal["DynamoGraphDeployment"] = "DynamoGraphDeployment"
    metadata: Metadata

    @classmethod
    def parse(cls, manifest: Manifest) -> Self:
        """The typed graph of a manifest. Raises pydantic's ValidationError for a field that the types do not have."""
        return cls.model_validate_json(json.dumps(manifest))

    @property
    @abstractmethod
    def parts(self) -> tuple[GraphPart, ...]:
        """The components, frontend first."""

    @abstractmethod
    def spec_with_image(self, image: object) -> Manifest:
        """The ``spec`` with another image in each component: an image's digest is known only once it is pushed, so
        ``image`` may be something that becomes a string later (a Pulumi Output)."""

    @classmethod
    @abstractmethod
    def part_of(cls, spec: Manifest, part: GraphPart) -> Manifest:
        """The component in a ``spec`` of such a graph. Raises KeyError where the spec does not have it."""

    def part(self, role: str) -> GraphPart:
        """The component of a role."""
        return next(each for each in self.parts if each.role == role)
