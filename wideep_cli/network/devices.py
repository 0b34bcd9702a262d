"""RDMA devices in a pod, as ibstat reports them."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from wideep_cluster import Cluster, ClusterError, run
from wideep_cluster.objects import Pod

__all__ = ["Port", "ports", "read"]

DEVICE: Final = re.compile(r"^CA '([^']+)'")
FIELD: Final = re.compile(r"^\s+(State|Physical state|Rate|Link layer): (.+)$")


@dataclass(frozen=True)
class Port:
    """A port of an RDMA device. ``rate`` is in Gbit/s."""

    device: str
    state: str
    physical: str
    rate: int
    layer: str

    @property
    def active(self) -> bool:
        """Whether the port can carry traffic."""
        return self.state == "Active"


def ports(cluster: Cluster, pod: Pod) -> tuple[Port, ...]:
    """Return all ports that a pod sees.

    Raises:
        ClusterError: ibstat is missing, or finds no device.
    """
    ran = run(cluster, pod, ["ibstat"])
    if ran.code:
        said = (ran.output.strip() or ran.errors.strip() or "no output").splitlines()[0]
        raise ClusterError(f"ibstat in pod {pod.name}: {said}")
    return tuple(read(ran.output))


def read(text: str) -> Iterator[Port]:
    """Parse ibstat's output: a device's name, then its ports with one indented line per field."""
    device, fields = "", dict[str, str]()
    for line in text.splitlines():
        found, field = DEVICE.match(line), FIELD.match(line)
        if found:
            device = found[1]
        elif line.strip().startswith("Port ") and line.strip().endswith(":"):
            fields = {}
        elif field:
            fields[field[1]] = field[2].strip()
        if field and field[1] == "Link layer":
            rate = fields.get("Rate", "0")
            yield Port(
                device,
                fields.get("State", ""),
                fields.get("Physical state", ""),
                int(rate) if rate.isdigit() else 0,
                fields["Link layer"],
            )
