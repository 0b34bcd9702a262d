"""What all types of the graph have in common, and how one becomes a manifest."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict
from pydantic.alias_generators import to_camel

__all__ = ["GraphModel", "Manifest"]

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
    )

    def manifest(self) -> Manifest:
        """The object as Kubernetes reads it: camelCase, in the order of the fields, without what is not set."""
        return self.model_dump(mode="json", by_alias=True, exclude_none=True)
