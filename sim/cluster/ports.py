"""The choice of loopback ports that nothing uses and that no other clone's simulation has chosen."""

from __future__ import annotations

import random
import socket
import sys
from dataclasses import dataclass
from ipaddress import IPv6Address, ip_address
from pathlib import Path
from typing import Self

from sim import paths
from sim.state import Cluster, Ports, SimError, load

# Below the kernel's range of ports for outgoing connections.
_RANGE = range(20000, 32000)
_LISTEN = "0A"  # include/net/tcp_states.h


def choose(cluster: str) -> Ports:
    """Return free ports for a new simulation. Each id tries ports in its own order, so simultaneous calls rarely
    collide."""
    taken = {port for other in _others(cluster) for port in other.ports.model_dump().values()}
    candidates = random.Random(cluster).sample(_RANGE, len(_RANGE))  # noqa: S311  # no secret depends on it
    free = (port for port in candidates if port not in taken and is_free(port))
    return Ports(**{name: next(free) for name in Ports.model_fields})


def is_free(port: int) -> bool:
    """Tell whether a server can bind the loopback port. Connections that an earlier server has left do not count."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True


def answers(port: int) -> bool:
    """Tell whether something listens on the loopback port."""
    with socket.socket() as probe:
        probe.settimeout(1)
        return probe.connect_ex(("127.0.0.1", port)) == 0


def listens(port: int, pid: int) -> bool:
    """Tell whether a server has that port in the network namespace of that process."""
    return any(one.port == port for one in listening(pid))


def listening(pid: int) -> list[Listening]:
    """Return all listening sockets in the network namespace of a process; empty if the process has ended."""
    try:
        tables = [Path(f"/proc/{pid}/net/{name}").read_text() for name in ("tcp", "tcp6")]
    except OSError:
        return []
    rows = [line.split() for table in tables for line in table.splitlines()[1:]]
    return [Listening.of(row[1], int(row[9])) for row in rows if row[3] == _LISTEN]


@dataclass(frozen=True)
class Listening:
    """A listening socket, as /proc/net/tcp shows it."""

    address: str
    port: int
    inode: int

    @classmethod
    def of(cls, local: str, inode: int) -> Self:
        """Parse a local address in hexadecimal digits, in words of the machine's byte order."""
        host, port = local.split(":")
        words = [int(host[start : start + 8], 16).to_bytes(4, sys.byteorder) for start in range(0, len(host), 8)]
        return cls(str(ip_address(b"".join(words))), int(port, 16), inode)

    @property
    def is_loopback(self) -> bool:
        found = ip_address(self.address)
        mapped = found.ipv4_mapped if isinstance(found, IPv6Address) else None
        return (mapped or found).is_loopback


def _others(cluster: str) -> list[Cluster]:
    found: list[Cluster] = []
    for file in (paths.cache_root() / "clusters").glob("*/cluster.json"):
        if file.parent.name == cluster:
            continue
        try:
            other = load(file)
        except SimError:
            continue  # from another version: its ports are unknown, but `is_free` notices those in use
        if other is not None:
            found.append(other)
    return found
