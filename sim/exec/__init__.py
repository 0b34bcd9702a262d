"""Stands for the programs in a worker's container: `kubectl exec POD -- nvidia-smi`, `ibstat`, `ping`."""

from __future__ import annotations

import sys
from typing import Any

from sim import paths

PROGRAMS = paths.PROJECT / "sim" / "exec" / "bin"
"""First on kwok's PATH: what is not here is looked for on this machine, as kwok does with any command."""


def target(namespace: str, pod: str) -> dict[str, Any]:
    """Of a ClusterExec: commands of this pod run here, and know whose they are."""
    known = {"SIM_PYTHON": sys.executable, "SIM_POD_NAMESPACE": namespace, "SIM_POD_NAME": pod}
    envs = [{"name": name, "value": value} for name, value in known.items()]
    return {"execs": [{"local": {"workDir": str(paths.PROJECT), "envs": envs}}]}
