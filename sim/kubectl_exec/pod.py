"""The pod in which a command runs, and its node, read from the API server."""

from __future__ import annotations

import json
import os
import subprocess
from dataclasses import dataclass
from typing import Any

from sim.operator.contract import MAIN_CONTAINER

Manifest = dict[str, Any]


@dataclass(frozen=True)
class Here:
    """A pod and its node."""

    pod: Manifest
    node: Manifest

    @property
    def main(self) -> Manifest:
        """The container with the engine."""
        containers = self.pod["spec"]["containers"]
        return next((each for each in containers if each["name"] == MAIN_CONTAINER), containers[0])

    @property
    def gpus(self) -> int:
        """Number of the container's GPUs."""
        return int(((self.main.get("resources") or {}).get("limits") or {}).get("nvidia.com/gpu", 0))

    @property
    def running(self) -> bool:
        """Whether the container runs and therefore occupies its GPUs' memory."""
        statuses = (self.pod.get("status") or {}).get("containerStatuses") or []
        return any("running" in (each.get("state") or {}) for each in statuses)


def kubectl(*arguments: str) -> Manifest:
    """Return an object or a list of the simulated cluster."""
    done = subprocess.run(["kubectl", *arguments, "-o", "json"], capture_output=True, text=True, check=True)
    return json.loads(done.stdout)


def here() -> Here:
    """Return the pod that SIM_POD_NAMESPACE and SIM_POD_NAME name, with its node."""
    pod = kubectl("get", "pod", os.environ["SIM_POD_NAME"], "-n", os.environ["SIM_POD_NAMESPACE"])
    return Here(pod, kubectl("get", "node", pod["spec"]["nodeName"]))
