"""Check from inside one pod whether it reaches another."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from wideep_cluster import Cluster, ClusterError, run
from wideep_cluster.objects import Pod

__all__ = ["Reached", "reaches"]

PROBE: Final = """\
import socket, sys
sock = socket.socket()
sock.settimeout(2)
try:
    sock.connect((sys.argv[1], 9090))
except ConnectionRefusedError:
    pass
except OSError as error:
    sys.exit(f"{error}")
"""
"""A replacement for ping in images without it: a refused connection is an answer too."""
NOT_FOUND: Final = 127


@dataclass(frozen=True)
class Reached:
    """Whether ``source`` gets an answer from ``target``; if not, ``why``."""

    source: str
    target: str
    holds: bool
    why: str = ""


def reaches(cluster: Cluster, source: Pod, target: Pod) -> tuple[bool, str]:
    """Return whether ``target`` answers a ping, or a TCP connection if the image has no ping; if not, also the reason.

    Raises:
        ClusterError: no command starts in the pod.
    """
    address = target.status.pod_ip
    if not address:
        return False, "it has no address yet"
    try:
        ran = run(cluster, source, ["ping", "-c", "1", "-W", "2", address])
    except ClusterError:
        ran = None
    if ran is None or ran.code == NOT_FOUND:
        ran = run(cluster, source, ["python3", "-c", PROBE, address])
    if ran.code == 0:
        return True, ""
    said = (ran.output.strip() or ran.errors.strip() or f"exit code {ran.code}").splitlines()
    return False, next((line for line in said if "loss" in line or "rror" in line), said[-1])
