"""Starting, stopping and inspecting a whole simulation."""

import os
import shutil
import sys
from contextlib import AbstractContextManager
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from rich.console import Console

from sim import paths
from sim.cluster import control_plane, network, ports, process, services
from sim.lock import locked
from sim.pulumi_plugins.install import install
from sim.state import Cluster, Network, SimError, load
from sim.tools.progress import step

_SOCKET_BYTES = 107  # sun_path, without its terminating zero byte
_SERVICES = ("registry", "kubelet", "dynamo-nats", "dynamo-etcd")


class State(StrEnum):
    RUNNING = "running"
    SILENT = "not listening"
    DEAD = "not running"


@dataclass(frozen=True)
class Component:
    """A process of the simulation and its current state."""

    name: str
    pid: int | None
    port: int | None
    state: State
    log: Path | None


def up(console: Console, stack: str, gpu_nodes: int | None = None) -> Cluster:
    """Start what does not run yet, with the nodes that the stack's hardware asks for or with `gpu_nodes` GPU nodes, and
    wait until everything is ready.

    Raises SimError; what already runs then keeps running, and the next `up` continues from there.
    """
    # Imported here because the tools and the domain are slow to import, and `status` and `down` do not need them.
    from sim.cluster import nodes
    from sim.tools.provide import provide

    hardware = nodes.hardware(stack)
    if gpu_nodes is not None:
        hardware = hardware.model_copy(update={"nodes": gpu_nodes})
    tools = provide(console)
    with _lock(console):
        known = load(_file())
        cluster = known or Cluster(
            id=paths.cluster_id(), directory=paths.cluster_dir(), stack=stack, ports=ports.choose(paths.cluster_id())
        )
        began = {component.name for component in components(cluster) if component.state is State.RUNNING}
        cluster.stack, cluster.tools = stack, tools
        cluster.network = cluster.network or network.choose()
        _check(console, cluster)
        cluster.save()
        _start(console, cluster)
        with step(console, "making the nodes Ready and starting the operator", "nodes Ready, operator up"):
            agent = _start_agent(cluster)
            cluster.nodes = nodes.apply(cluster, hardware)
            cluster.save()
            services.wait(cluster, agent)
        cluster.pulumi_state.mkdir(exist_ok=True)
        cluster.plugins = install(cluster.pulumi_home, Path(sys.executable), tools)
        cluster.save()
        started = [component.name for component in components(cluster) if component.name not in began]
    console.print(f"started {', '.join(started)}" if started else "everything was running already")
    return cluster


def _check(console: Console, cluster: Cluster) -> None:
    """Raise SimError if a socket's path would be too long; warn if other users of the machine can reach the
    frontends."""
    longest = cluster.sockets_dir / "65535"
    if len(os.fsencode(longest)) > _SOCKET_BYTES:
        raise SimError(
            f"{longest} has {len(os.fsencode(longest))} bytes, and the path of a socket {_SOCKET_BYTES} at most. "
            "Set XDG_CACHE_HOME to a shorter folder of your own, or SIM_ID to a shorter name."
        )
    if cluster.network is Network.SHARED:
        console.print(
            "The kernel lets you make no network namespace (unshare --user --net), so the Dynamo frontend that is "
            "simulated answers every user of this machine, and its answers come over the machine's own address."
        )


def _start(console: Console, cluster: Cluster) -> None:
    """Start the services and the control plane, and wait for them. Services start first, so that they come up while
    kwokctl works, except those that need the certificate which kwokctl creates."""
    beside = services.services(cluster)
    services.prepare(cluster)
    with step(console, "starting the control plane and the registry", "control plane and registry up"):
        _start_services(cluster, [service for service in beside if not service.certificate])
        cluster.processes |= control_plane.start(cluster)
        cluster.save()
        _start_services(cluster, [service for service in beside if service.certificate])
        for service in beside:
            services.wait(cluster, service)


def _start_services(cluster: Cluster, some: list[services.Service]) -> None:
    for service in some:
        cluster.processes[service.name] = services.start(cluster, service)
        cluster.save()
        if service.name == network.NAME:
            services.wait(cluster, service)


def _start_agent(cluster: Cluster) -> services.Service:
    """Start the agent without waiting for it: it comes up while kubectl works."""
    agent = services.agent(cluster)
    cluster.agent_dir.mkdir(exist_ok=True)
    cluster.processes[agent.name] = services.start(cluster, agent)
    cluster.save()
    return agent


def down(console: Console) -> bool:
    """End every process of this clone's simulation and remove its folder; return False if there was none."""
    with _lock(console):
        if not paths.cluster_dir().exists():
            return False
        cluster = _readable()
        with step(console, "ending the simulation", "ended"):
            if cluster:
                # The agent first, so that Dynamo's processes can deregister while Dynamo's etcd still runs.
                for names in (("agent",), _SERVICES, (network.NAME,)):
                    process.stop(*(cluster.processes[name] for name in names if name in cluster.processes))
                control_plane.delete(cluster)
            process.sweep(paths.cluster_id())
            shutil.rmtree(paths.cluster_dir())
    return True


def _readable() -> Cluster | None:
    """Return this clone's cluster.json; None if another version wrote it, whose processes are ended by their mark
    alone."""
    try:
        return load(_file())
    except SimError:
        return None


def components(cluster: Cluster) -> list[Component]:
    """Return every process of the simulation with its state."""
    known = cluster.processes | control_plane.processes(cluster)
    beside = (*([network.NAME] if network.holder(cluster) else []), *_SERVICES, "agent")
    return [_component(name, known.get(name)) for name in (*control_plane.COMPONENTS, *beside)]


def _component(name: str, known: process.Process | None) -> Component:
    if known is None or not process.alive(known):
        return Component(name, None, None, State.DEAD, known.log if known else None)
    listens = known.port is None or ports.listens(known.port, known.pid)
    return Component(name, known.pid, known.port, State.RUNNING if listens else State.SILENT, known.log)


def _file() -> Path:
    """Return this clone's cluster.json. $SIM_CLUSTER is ignored here: it may name another clone's simulation, which
    must not be changed."""
    return paths.cluster_dir() / "cluster.json"


def _lock(console: Console) -> AbstractContextManager[None]:
    """Allow one `up` or `down` of a clone at a time."""
    says = "another `sim up` or `sim down` of this checkout is at work; waiting for it"
    return locked(paths.lock_file(), lambda: console.print(says))
