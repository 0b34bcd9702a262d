"""Objects of a cluster, as far as they are looked at here."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, cast

from wideep_cluster import kinds
from wideep_cluster.objects import RawObject

__all__ = ["Change", "Item", "Json", "Kind", "Listing", "item_of", "part", "parts"]

Json = dict[str, Any]


@dataclass(frozen=True)
class Kind:
    """A sort of object, of a version of its group, or of the core API where it has none. ``version`` None: in that
    in which the cluster serves graphs (``wideep_cluster.dynamo.graph_api``)."""

    name: str
    plural: str
    group: str | None
    version: str | None = "v1alpha1"
    everywhere: bool = False
    """Of all namespaces, not just of one."""
    optional: bool = False
    """Where the user may not see them, there are none."""

    @property
    def raw(self) -> kinds.Kind[RawObject]:
        """Where the API has them."""
        root = f"/apis/{self.group}/{self.version}" if self.group else "/api/v1"
        return kinds.Kind(RawObject, root, self.plural, namespaced=not self.everywhere)


@dataclass(frozen=True)
class Item:
    """Of an object, what tells whose it is and why it does not go; and all of it, in ``body``, as the API has it.
    ``owners`` are pairs of kind and name."""

    name: str
    finalizers: tuple[str, ...] = ()
    labels: tuple[tuple[str, str], ...] = ()
    owners: tuple[tuple[str, str], ...] = ()
    deleting: bool = False
    """It was told to go."""
    body: Json = field(default_factory=dict[str, Any], compare=False, repr=False)


@dataclass(frozen=True)
class Listing:
    """All objects of a kind, at one version of the namespace."""

    version: str
    items: tuple[Item, ...]


@dataclass(frozen=True)
class Change:
    """An object as it is now, or as it was when it went."""

    item: Item
    gone: bool = False


def part(body: Json, key: str) -> Json:
    """A map within an object; empty where it has none."""
    return cast("Json", body.get(key) or {})


def parts(body: Json, key: str) -> list[Json]:
    """A list of maps within an object; empty where it has none."""
    return cast("list[Json]", body.get(key) or [])


def item_of(body: Json) -> Item:
    """As the API has it."""
    metadata = body["metadata"]
    labels: dict[str, str] = metadata.get("labels") or {}
    return Item(
        name=metadata["name"],
        finalizers=tuple(metadata.get("finalizers") or ()),
        labels=tuple(labels.items()),
        owners=tuple((owner["kind"], owner["name"]) for owner in metadata.get("ownerReferences") or ()),
        deleting=bool(metadata.get("deletionTimestamp")),
        body=body,
    )
