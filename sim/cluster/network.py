"""A network namespace of Dynamo's own, with nothing but loopback, which no other user of this machine can reach.

A frontend of Dynamo 0.6.0 has no authentication, and receives its answers from the workers at the machine's own
address.

    python -m sim.cluster.network FILE

holds such a namespace: it brings loopback up, writes FILE, and stays.
"""

import fcntl
import os
import signal
import socket
import struct
import subprocess
import sys
from pathlib import Path

from sim import paths
from sim.state import Cluster, Network

NAME = "dynamo-network"
_MAKE = {
    Network.OWN: ("unshare", "--net"),
    Network.OWN_AS_USER: ("unshare", "--user", "--map-root-user", "--net"),
}
_ENTER = {Network.OWN: ("--net",), Network.OWN_AS_USER: ("--user", "--preserve-credentials", "--net")}
_HOLD = (sys.executable, "-m", "sim.cluster.network")
_SECONDS = 10
_GET_FLAGS, _SET_FLAGS, _UP = 0x8913, 0x8914, 0x1  # linux/sockios.h, linux/if.h
_REQUEST = "16sh14x"  # struct ifreq: the interface's name, its flags


def choose() -> Network:
    """Return the first kind of namespace that the kernel lets this user create; `Network.SHARED` if there is none."""
    env = os.environ | {"PYTHONPATH": str(paths.PROJECT)}
    for network, command in _MAKE.items():
        try:
            made = subprocess.run([*command, *_HOLD], env=env, capture_output=True, timeout=_SECONDS, check=False)
        except (OSError, subprocess.TimeoutExpired):
            continue
        if made.returncode == 0:
            return network
    return Network.SHARED


def holder(cluster: Cluster) -> list[str | Path]:
    """Return the command of the process that holds the namespace; empty if there is no namespace."""
    if cluster.network is None or cluster.network not in _MAKE:
        return []
    return [*_MAKE[cluster.network], *_HOLD, ready(cluster)]


def inside(cluster: Cluster) -> list[str]:
    """Return the prefix for commands that run in the namespace; empty if there is no namespace."""
    known = cluster.processes.get(NAME)
    if known is None or cluster.network is None or cluster.network not in _ENTER:
        return []
    return ["nsenter", "--target", str(known.pid), *_ENTER[cluster.network], "--"]


def ready(cluster: Cluster) -> Path:
    """Return the file that is written when loopback is up."""
    return cluster.directory / "network-ready"


def bring_up() -> None:
    """Bring loopback up; raise OSError if that is not allowed, as in a user namespace without rights."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as any_socket:
        answer = fcntl.ioctl(any_socket, _GET_FLAGS, struct.pack(_REQUEST, b"lo", 0))
        flags: int = struct.unpack(_REQUEST, answer)[1]
        fcntl.ioctl(any_socket, _SET_FLAGS, struct.pack(_REQUEST, b"lo", flags | _UP))


if __name__ == "__main__":
    bring_up()
    if sys.argv[1:]:
        Path(sys.argv[1]).write_text("up\n")
        signal.pause()
