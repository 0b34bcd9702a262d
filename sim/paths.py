"""Where the simulation keeps what it writes: one folder of the user's cache, nothing else outside the checkout.

ROOT/tools/NAME/VERSION/bin/   tools, built or downloaded once, shared by all clones
ROOT/go/{mod,build}/           Go's module and build caches
ROOT/clusters/ID/              one running simulation, ID being the clone's
"""

import hashlib
import os
from pathlib import Path

PROJECT = Path(__file__).resolve().parent.parent


def cache_root() -> Path:
    """The simulation's folder: $XDG_CACHE_HOME/dynamo-wideep, by default ~/.cache/dynamo-wideep."""
    base = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(base) / "dynamo-wideep"


def tools_root() -> Path:
    return cache_root() / "tools"


def cluster_id() -> str:
    """This clone's id: $SIM_ID (tests set it), else eight hex digits of the checkout's absolute path."""
    return os.environ.get("SIM_ID") or hashlib.sha256(str(PROJECT).encode()).hexdigest()[:8]


def cluster_dir(cluster: str | None = None) -> Path:
    return cache_root() / "clusters" / (cluster or cluster_id())
