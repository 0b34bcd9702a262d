"""Where the simulation keeps what it writes: one folder of the user's cache, nothing else outside the checkout.

ROOT/tools/NAME/VERSION/bin/   tools, built or downloaded once, shared by all clones
ROOT/go/{mod,build}/           Go's module and build caches
ROOT/clusters/ID/              one running simulation, ID being the clone's
"""

import hashlib
import os
import re
from pathlib import Path

from sim.errors import SimError

PROJECT = Path(__file__).resolve().parent.parent
_ID = re.compile(r"[a-z0-9][a-z0-9-]{0,29}")


def cache_root() -> Path:
    """Return the simulation's folder: $XDG_CACHE_HOME/dynamo-wideep, by default ~/.cache/dynamo-wideep."""
    base = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(base) / "dynamo-wideep"


def charts_of(release: str) -> str:
    """Return the folder, within the checkout, of the stand-in charts that install a release of Dynamo: those of 0.6.0,
    or those of 1.6.1, whose operator brings the CRDs."""
    return "sim/charts" if release.startswith("0.") else "sim/charts/1.6.1"


def tools_root() -> Path:
    return cache_root() / "tools"


def cluster_id() -> str:
    """Return this clone's id: $SIM_ID (tests set it), else eight hex digits of a hash of the checkout's absolute path.

    Raises SimError for a SIM_ID that cannot be the name of a folder and of a cluster.
    """
    name = os.environ.get("SIM_ID") or hashlib.sha256(str(PROJECT).encode()).hexdigest()[:8]
    if not _ID.fullmatch(name):
        raise SimError(f"SIM_ID={name!r} cannot name a cluster: write up to 30 small letters, digits and dashes")
    return name


def lock_file(of: str = "") -> Path:
    """Return this clone's lock file. It lies beside the cluster's own folder, because `down` removes that folder."""
    return cluster_dir().parent / f".{cluster_id()}{of}.lock"


def cluster_dir(cluster: str | None = None) -> Path:
    return cache_root() / "clusters" / (cluster or cluster_id())
