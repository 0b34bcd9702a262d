"""How far a worker has loaded its model, from the last lines of its log."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Final

from wideep.engines.base import LogFormat

__all__ = ["download_progress", "loading_progress"]

FETCHED: Final = re.compile(r"(\d{1,3})%")


def loading_progress(log: Iterable[str], form: LogFormat) -> str:
    """Return the latest stage that the log shows; ``started`` if it shows none."""
    words = "started"
    for line in log:
        shards = form.shards.search(line)
        if shards:
            words = f"loading weights, {shards[1]} %"
        words = next((stage for mark, stage in form.stages if mark in line), words)
    return words


def download_progress(log: Iterable[str]) -> str:
    """Return the last percentage in a download's log; empty if there is none."""
    found = [match[1] for line in log for match in FETCHED.finditer(line)]
    return f"{found[-1]} %" if found else ""
