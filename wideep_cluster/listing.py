"""The objects of a kind at one moment, and their changes from then on."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Any, Final, Generic, TypeVar

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field

from wideep_cluster.errors import ClusterError, api_error
from wideep_cluster.objects import KubeObject
from wideep_cluster.wire import ApiRequest, Lines

if TYPE_CHECKING:
    from kubernetes.client import ApiClient

__all__ = ["Change", "Changes", "Listed", "Listing", "Page"]

T = TypeVar("T", bound=KubeObject)
S = TypeVar("S")
GONE: Final = 410
"""The HTTP status if the API server no longer knows the version that a watch starts from."""


@dataclass(frozen=True)
class Listing(Generic[T]):
    """Objects of a kind, and the resource version at which they were read, from which a watch continues. Both are empty
    if the cluster lacks the kind."""

    items: tuple[T, ...]
    version: str


@dataclass(frozen=True)
class Listed(Generic[S]):
    """Objects of a kind, or names, or the error that prevented reading them. ``everywhere``: from all namespaces, not
    only the stack's."""

    items: tuple[S, ...] = ()
    error: ClusterError | None = None
    everywhere: bool = True


@dataclass(frozen=True)
class Change(Generic[T]):
    """An object as it is now, or, if it is gone, as it was when it was deleted."""

    item: T
    gone: bool = False


class _Meta(BaseModel):
    version: str = Field(default="", alias="resourceVersion")
    more: str = Field(default="", alias="continue")


def _or_none(items: object) -> object:
    """Return an empty tuple for null, as which the API server sends an empty list of metadata."""
    return () if items is None else items


class Page(BaseModel, Generic[T]):
    """One response of a list request, which may have several."""

    model_config = ConfigDict(extra="ignore")
    metadata: _Meta = _Meta()
    items: Annotated[tuple[T, ...], BeforeValidator(_or_none)] = ()


class _Event(BaseModel):
    model_config = ConfigDict(extra="ignore")
    type: str
    object: dict[str, Any]


class Changes(Generic[T]):
    """The changes that a watch reports, until its time is up, its version is too old, or it is closed. The request is
    sent when the changes are first read.

    Reading raises ClusterError if the API server ends the watch for another reason.
    """

    def __init__(self, model: type[T], api: ApiClient, asked: ApiRequest, seconds: int) -> None:
        self._model, self._asked, self._lines = model, asked, Lines(api, asked, seconds)

    def __iter__(self) -> Iterator[Change[T]]:
        try:
            for line in self._lines:
                event = _Event.model_validate_json(line)
                if event.type == "ERROR":
                    status, asked = int(event.object.get("code", 0)), self._asked
                    raise api_error(status, json.dumps(event.object), asked.verb, asked.resource, asked.where)
                if event.type != "BOOKMARK":
                    yield Change(self._model.model_validate(event.object), event.type == "DELETED")
        except ClusterError as error:
            if error.status != GONE:
                raise

    def close(self) -> None:
        """End the watch from another thread than the one that reads it."""
        self._lines.close()
