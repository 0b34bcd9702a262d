"""Requests to Dynamo's frontend over a forwarded local port."""

from __future__ import annotations

import json
import urllib.error
from http.client import HTTPException
from typing import Final, cast

from wideep_cluster.errors import ClusterError
from wideep_cluster.loopback import MOST_BYTES, open_port

__all__ = ["get", "served_models"]

SECONDS: Final = 15


def get(port: int, path: str, *, who: str = "The frontend") -> str:
    """Return the body of a GET. ``who`` names the server in error messages.

    Raises:
        ClusterError: there is no answer, or its status is not 200.
    """
    try:
        with open_port(port, path, SECONDS) as answer:
            return answer.read(MOST_BYTES).decode("utf-8", "replace")
    except urllib.error.HTTPError as error:
        raise ClusterError(f"{who} returns {error.code} for {path}.", error.code) from error
    except (OSError, HTTPException) as error:
        raise ClusterError(f"{who} does not respond to {path}: {getattr(error, 'reason', error)}.") from error


def served_models(port: int) -> tuple[str, ...]:
    """Return the model names at ``/v1/models``, sorted.

    Raises:
        ClusterError: the frontend does not answer.
        ValueError: the answer is not JSON.
    """
    listed = cast("dict[str, list[dict[str, str]]]", json.loads(get(port, "/v1/models")))
    return tuple(sorted(model["id"] for model in listed.get("data", [])))
