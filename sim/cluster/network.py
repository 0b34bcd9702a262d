"""A network of Dynamo's own, which no other user of this machine reaches: a namespace with nothing but loopback.

A frontend of Dynamo 0.6.0 knows no login, and takes its answers from the workers at the machine's own address.

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
    """The first that this machine's kernel lets this user make."""
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
    """The command of the process that holds the namespace; none where there is no namespace."""
    if cluster.network is None or cluster.network not in _MAKE:
        return []
    return [*_MAKE[cluster.network], *_HOLD, ready(cluster)]


def inside(cluster: Cluster) -> list[str]:
    """What comes before a command that is to run in the namespace; nothing where there is none."""
    known = cluster.processes.get(NAME)
    if known is None or cluster.network is None or cluster.network not in _ENTER:
        return []
    return ["nsenter", "--target", str(known.pid), *_ENTER[cluster.network], "--"]


def ready(cluster: Cluster) -> Path:
    """Written when loopback is up."""
    return cluster.directory / "network-ready"


def bring_up() -> None:
    """Brings loopback up; OSError where that is not allowed, as in a user namespace that may do nothing."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as any_socket:
        answer = fcntl.ioctl(any_socket, _GET_FLAGS, struct.pack(_REQUEST, b"lo", 0))
        flags: int = struct.unpack(_REQUEST, answer)[1]
        fcntl.ioctl(any_socket, _SET_FLAGS, struct.pack(_REQUEST, b"lo", flags | _UP))


if __name__ == "__main__":
    bring_up()
    if sys.argv[1:]:
        Path(sys.argv[1]).write_text("up\n")
        signal.pause()
