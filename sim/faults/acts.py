"""Setting faults, clearing them, and (in the agent) clearing those whose time is over."""

from __future__ import annotations

import os
import subprocess
import time

from rich.console import Console

from sim.cluster import control_plane, process, services
from sim.env import environment
from sim.faults import store
from sim.faults.kinds import Fault, OfProcess, OnCluster
from sim.faults.table import FAULTS
from sim.state import Cluster, SimError, load

__all__ = ["clear", "expire", "put"]


def put(cluster: Cluster, name: str, on: str | None, seconds: float | None) -> store.Set:
    """Set a fault; raise SimError if it does not exist or cannot be set."""
    fault = FAULTS.get(name)
    if fault is None:
        raise SimError(f"there is no fault {name!r}: `python -m sim fault list` shows those there are")
    found = store.Set(name, on or _default(fault), time.time() + seconds if seconds else None)
    match fault.how:
        case OnCluster() as how:
            _kubectl(cluster, how.do, found.on, how.manifest)
        case OfProcess(process=victim):
            known = (cluster.processes | control_plane.processes(cluster)).get(victim)
            if known:
                process.stop(known, grace=0)
        case _:
            pass
    with store.change(cluster.directory) as faults:
        faults[:] = [one for one in faults if (one.name, one.on) != (name, found.on)] + [found]
    return found


def clear(cluster: Cluster, name: str | None = None) -> list[store.Set]:
    """Clear all faults, or those of one name; return them."""
    gone = [one for one in store.listed(cluster.directory) if name in (None, one.name)]
    for one in gone:
        _undo(cluster, one)
    with store.change(cluster.directory) as faults:
        faults[:] = [one for one in faults if one not in gone]
    return gone


def expire(cluster: Cluster) -> None:
    """Clear the faults whose time is over."""
    now = time.time()
    over = [one for one in store.listed(cluster.directory) if one.until is not None and one.until <= now]
    for one in over:
        _undo(cluster, one)
    if over:
        with store.change(cluster.directory) as faults:
            faults[:] = [one for one in faults if one not in over]


def _default(fault: Fault) -> str:
    return fault.how.on if isinstance(fault.how, OnCluster) else "*"


def _undo(cluster: Cluster, one: store.Set) -> None:
    match FAULTS[one.name].how:
        case OnCluster() as how if how.undo:
            _kubectl(cluster, how.undo, one.on, "", may_be_gone=True)
        case OfProcess(process=victim):
            _start(cluster, victim)
        case _:
            pass


def _start(cluster: Cluster, victim: str) -> None:
    if victim in control_plane.COMPONENTS:
        control_plane.start(cluster)
        return
    cluster = load(cluster.file) or cluster  # the caller may have loaded it long ago
    for service in services.services(cluster):
        if service.name == victim:
            cluster.processes[victim] = services.start(cluster, service)
            cluster.save()
            services.wait(cluster, service)


def _kubectl(
    cluster: Cluster, arguments: tuple[str, ...], on: str, manifest: str, *, may_be_gone: bool = False
) -> None:
    namespace, _, name = on.rpartition("/")
    command = [str(cluster.tools["kubectl"]), *(word.format(namespace=namespace, name=name) for word in arguments)]
    env = os.environ | environment(cluster)
    done = subprocess.run(command, env=env, input=manifest, capture_output=True, text=True, timeout=60, check=False)
    said = done.stderr.strip()
    if done.returncode and not (may_be_gone and ("not found" in said or "NotFound" in said)):
        raise SimError(f"`kubectl {' '.join(command[1:])}` failed: {said}")


def shown(console: Console, faults: list[store.Set]) -> None:
    """Print one line for each fault."""
    for one in faults:
        left = "" if one.until is None else f", {max(0, one.until - time.time()):.0f} s more"
        console.print(f"{one.name} on {one.on or 'the cluster'}{left}: {FAULTS[one.name].says}")
