"""Which models a frontend lists."""

from __future__ import annotations

import json
from http.client import HTTPException
from typing import Any, Final

from wideep_cluster import Cluster, forward_service
from wideep_cluster.loopback import MOST_BYTES, open_port

__all__ = ["listed_models"]

SECONDS: Final = 15


def listed_models(cluster: Cluster, namespace: str, service: str) -> tuple[str, ...] | None:
    """Names at ``/v1/models`` of a frontend; None where it does not answer.

    Raises:
        ClusterError: there is no way to it.
    """
    try:
        with (
            forward_service(cluster, namespace, service) as port,
            open_port(port, "/v1/models", SECONDS) as answer,
        ):
            body: dict[str, Any] = json.loads(answer.read(MOST_BYTES))
    except (OSError, HTTPException, ValueError):
        return None
    return tuple(str(model["id"]) for model in body.get("data", []))
