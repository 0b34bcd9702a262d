"""Helm's record of a release as stored in its Secret: JSON, gzipped, in base64, and once more in base64 as a Secret's
data (helm/helm, pkg/storage/driver)."""

from __future__ import annotations

import base64
import gzip
import json
from typing import Any

__all__ = ["Record", "read_record", "write_record"]

Record = dict[str, Any]


def read_record(data: str) -> Record:
    """Return the record from the ``release`` key of a Secret's data."""
    return json.loads(gzip.decompress(base64.b64decode(base64.b64decode(data))))


def write_record(record: Record) -> str:
    """Return the record in the form that ``read_record`` reads."""
    return base64.b64encode(base64.b64encode(gzip.compress(json.dumps(record).encode()))).decode()
