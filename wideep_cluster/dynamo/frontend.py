"""Dynamo's frontend, asked over a forwarded port of this machine."""

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
    """Return the body of a GET. ``who`` is asked, for the sentences.

    Raises:
        ClusterError: there is no answer, or it is not 200.
    """
    try:
        with open_port(port, path, SECONDS) as answer:
            return answer.read(MOST_BYTES).decode("utf-8", "replace")
    except urllib.error.HTTPError as error:
        raise ClusterError(f"{who} returns {error.code} for {path}.", error.code) from error
    except (OSError, HTTPException) as error:
        raise ClusterError(f"{who} does not respond to {path}: {getattr(error, 'reason', error)}.") from error


def served_models(port: int) -> tuple[str, ...]:
    """Return the names at ``/v1/models``.

    Raises:
        ClusterError: the frontend does not answer.
        ValueError: what it answers is no JSON.
    """
    listed = cast("dict[str, list[dict[str, str]]]", json.loads(get(port, "/v1/models")))
    return tuple(sorted(model["id"] for model in listed.get("data", [])))
