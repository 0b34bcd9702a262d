"""Chooses loopback ports that nothing uses, and that no other clone's simulation has chosen."""

import random
import socket

from sim import paths
from sim.state import Cluster, Ports, SimError, load

# Below the range from which the kernel takes ports for outgoing connections.
_RANGE = range(20000, 32000)


def choose(cluster: str) -> Ports:
    """Free ports for a new simulation. Each id tries them in its own order, so that two at once seldom meet."""
    taken = {port for other in _others(cluster) for port in other.ports.model_dump().values()}
    candidates = random.Random(cluster).sample(_RANGE, len(_RANGE))  # noqa: S311  # no secret depends on it
    free = (port for port in candidates if port not in taken and is_free(port))
    return Ports(**{name: next(free) for name in Ports.model_fields})


def is_free(port: int) -> bool:
    """Whether a server can have the loopback port: nothing listens there. An earlier server does not count."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True


def answers(port: int) -> bool:
    """Whether something listens on the loopback port."""
    with socket.socket() as probe:
        probe.settimeout(1)
        return probe.connect_ex(("127.0.0.1", port)) == 0


def _others(cluster: str) -> list[Cluster]:
    found: list[Cluster] = []
    for file in (paths.cache_root() / "clusters").glob("*/cluster.json"):
        if file.parent.name == cluster:
            continue
        try:
            other = load(file)
        except SimError:
            continue  # another version's simulation: its ports are not known, only whether they are in use
        if other is not None:
            found.append(other)
    return found
