"""Bidirectional connections: a command in a pod, and a port of a pod on this machine."""

from __future__ import annotations

import contextlib
import socket
import threading
from collections.abc import Generator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, cast

from wideep_cluster.client import Cluster
from wideep_cluster.errors import ClusterError, ForbiddenError, handshake_error, unreachable
from wideep_cluster.kinds import PODS, SERVICES
from wideep_cluster.objects import Pod

if TYPE_CHECKING:
    from kubernetes.client import CoreV1Api

__all__ = ["Ran", "forward", "forward_service", "run"]

CHUNK: Final = 65536


@dataclass(frozen=True)
class Ran:
    """The result of a command that has ended in a container."""

    code: int
    output: str
    errors: str


def run(cluster: Cluster, pod: Pod, command: Sequence[str], *, container: str = "main", seconds: int = 30) -> Ran:
    """Run a command in a container, without a terminal, until it ends, and return its result.

    Raises:
        ForbiddenError: the user may not run commands there.
        ClusterError: it cannot be started, or has not ended within ``seconds``.
    """
    from kubernetes.client import ApiException

    method = _core(cluster).connect_get_namespaced_pod_exec
    options: dict[str, Any] = {"stdin": False, "stdout": True, "stderr": True, "tty": False, "_preload_content": False}
    try:
        shell = _opener("stream")(
            method, pod.name, pod.namespace, container=container, command=list(command), **options
        )
        shell.run_forever(timeout=seconds)
        if shell.is_open():
            shell.close()
            raise ClusterError(f"`{command[0]}` in pod {pod.name} did not finish within {seconds} s.")
        output, errors = shell.read_stdout(timeout=0), shell.read_stderr(timeout=0)
        return Ran(int(shell.returncode), str(output), str(errors))
    except ApiException as error:
        what = f"`{command[0]}` does not start in pod {pod.name}"
        raise handshake_error(error, "pods/exec", PODS.where(pod.namespace), what) from error
    except OSError as error:
        raise unreachable(cluster.server, error) from error


def _core(cluster: Cluster) -> CoreV1Api:
    """Return a separate client for each websocket: while a client opens one, all of its other requests would use it
    too."""
    from kubernetes.client import ApiClient, CoreV1Api

    return CoreV1Api(ApiClient(cast("Any", cluster.api).configuration))


def _opener(name: str) -> Any:
    """Return ``stream`` or ``portforward`` of the client, which are untyped."""
    from kubernetes import stream

    return getattr(stream, name)


@contextlib.contextmanager
def forward_service(cluster: Cluster, namespace: str, service: str, local: int = 0) -> Generator[int]:
    """Forward a port as ``forward`` does, to a ready pod of a Service and the Service's first port.

    Raises:
        ClusterError: there is no such Service, or no pod of it is ready.
    """
    found = cluster.find(SERVICES, service, namespace)
    if found is None:
        raise ClusterError(f"There is no Service {service} in namespace {namespace}.")
    selector = ",".join(f"{key}={value}" for key, value in found.spec.selector.items())
    pods = [pod for pod in cluster.list(PODS, namespace, labels=selector).items if pod.ready]
    if not pods or not found.spec.ports:
        raise ClusterError(f"No pod of Service {service} in namespace {namespace} is ready.")
    port = found.spec.ports[0]
    target = port.target_port if isinstance(port.target_port, int) and port.target_port else port.port
    with forward(cluster, pods[0], target, local) as number:
        yield number


@contextlib.contextmanager
def forward(cluster: Cluster, pod: Pod, port: int, local: int = 0) -> Generator[int]:
    """Forward a port of a pod to this machine's loopback interface until the block ends, and yield the local port:
    ``local``, or by default a free one. The port is closed however the block ends.

    Raises:
        ClusterError: the local port is taken.
        ForbiddenError: the block has failed, because the user may not forward ports there.
    """
    try:
        listener = socket.create_server(("127.0.0.1", local))
    except OSError as error:
        raise ClusterError(f"Local port {local} cannot be used: {error.strerror}.") from error
    tunnel = _Tunnel(cluster, pod, port, listener)
    threading.Thread(target=tunnel.accept, name=f"forward {pod.name}:{port}", daemon=True).start()
    try:
        yield int(listener.getsockname()[1])
    except Exception as error:
        if tunnel.denied:
            raise tunnel.denied from error
        raise
    finally:
        tunnel.close()


class _Tunnel:
    """The connections of one forwarded port. Each has its own websocket, as with kubectl."""

    def __init__(self, cluster: Cluster, pod: Pod, port: int, listener: socket.socket) -> None:
        self.cluster, self.pod, self.port = cluster, pod, port
        self.listener = listener
        self.open: set[socket.socket] = set()
        self.denied: ForbiddenError | None = None
        """Why no connection gets through; the caller only sees them closed."""
        self.lock = threading.Lock()

    def accept(self) -> None:
        """Accept connections until the listener is closed."""
        while True:
            try:
                near, _ = self.listener.accept()
            except OSError:
                return
            threading.Thread(target=self._join, args=(near,), daemon=True).start()

    def close(self) -> None:
        """Close the listener and all connections."""
        with contextlib.suppress(OSError):
            self.listener.shutdown(socket.SHUT_RDWR)
        self.listener.close()
        with self.lock:
            for end in self.open:
                _shut(end)

    def _join(self, near: socket.socket) -> None:
        """Relay one connection in both directions. If the pod does not answer, close it, so that the caller notices at
        once."""
        from kubernetes.client import ApiException

        method = _core(self.cluster).connect_get_namespaced_pod_portforward
        try:
            tunnel = _opener("portforward")(method, self.pod.name, self.pod.namespace, ports=str(self.port))
        except (ApiException, OSError) as error:
            found = handshake_error(error, "pods/portforward", PODS.where(self.pod.namespace), "")
            self.denied = found if isinstance(found, ForbiddenError) else None
            _shut(near)
            return
        far = cast("socket.socket", tunnel.socket(self.port))
        with self.lock:
            self.open |= {near, far}
        back = threading.Thread(target=_pump, args=(far, near), daemon=True)
        back.start()
        _pump(near, far)
        back.join()
        with self.lock:
            self.open -= {near, far}


def _pump(source: socket.socket, target: socket.socket) -> None:
    """Copy bytes from one socket to the other until either ends; then shut down both."""
    with contextlib.suppress(OSError):
        while data := source.recv(CHUNK):
            target.sendall(data)
    _shut(source)
    _shut(target)


def _shut(end: socket.socket) -> None:
    with contextlib.suppress(OSError):
        end.shutdown(socket.SHUT_RDWR)
    end.close()
