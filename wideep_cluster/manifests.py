"""Access by key to manifests in the form of the API."""

from __future__ import annotations

from typing import Any, cast

__all__ = ["Json", "part", "parts"]

Json = dict[str, Any]


def part(body: Json, key: str) -> Json:
    """Return a map within an object; empty if it has none."""
    return cast("Json", body.get(key) or {})


def parts(body: Json, key: str) -> list[Json]:
    """Return a list of maps within an object; empty if it has none."""
    return cast("list[Json]", body.get(key) or [])
