"""Which models a frontend lists."""

from __future__ import annotations

import json
import urllib.request
from http.client import HTTPException
from typing import Any, Final

from ops.cluster import Cluster, forward_service

__all__ = ["listed_models"]

SECONDS: Final = 15


def listed_models(cluster: Cluster, namespace: str, service: str) -> tuple[str, ...] | None:
    """Names at ``/v1/models`` of a frontend; None where it does not answer.

    Raises:
        ClusterError: there is no way to it.
    """
    direct = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    try:
        with (
            forward_service(cluster, namespace, service) as port,
            direct.open(f"http://127.0.0.1:{port}/v1/models", timeout=SECONDS) as answer,
        ):
            body: dict[str, Any] = json.load(answer)
    except (OSError, HTTPException, ValueError):
        return None
    return tuple(str(model["id"]) for model in body.get("data", []))
