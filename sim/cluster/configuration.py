"""kwokctl's configuration of the control plane: binaries, ports, and authentication of clients by every server."""

from pathlib import Path

from sim.state import Cluster

_NO_LIMIT = {"kube-api-qps": "1000", "kube-api-burst": "2000"}
_OPEN_PATHS = {"authorization-always-allow-paths": "/healthz"}
_ASLEEP = "720h"
"""How long a node may go without a heartbeat. After that its pods are marked not ready, and kwok, unlike a kubelet,
never reverts that: a laptop that slept for some minutes would be left without an operator."""


def of(cluster: Cluster) -> dict[str, object]:
    """Return kwokctl's configuration: the simulation's binaries and ports, with everything bound to loopback."""
    ports, tools = cluster.ports, cluster.tools
    return {
        "apiVersion": "config.kwok.x-k8s.io/v1alpha1",
        "kind": "KwokctlConfiguration",
        "options": {
            "runtime": "binary",
            "bindAddress": "127.0.0.1",
            "enableCRDs": ["Stage"],
            "kubeAuditPolicy": str(audit_policy(cluster)),
            "etcdBinary": str(tools["etcd"]),
            "kubeApiserverBinary": str(tools["kube-apiserver"]),
            "kubeControllerManagerBinary": str(tools["kube-controller-manager"]),
            "kubeSchedulerBinary": str(tools["kube-scheduler"]),
            "kwokControllerBinary": str(tools["kwok"]),
            "kubectlBinary": str(tools["kubectl"]),
            "etcdPort": ports.etcd,
            "etcdPeerPort": ports.etcd_peer,
            "kubeApiserverPort": ports.kube_apiserver,
            "kubeControllerManagerPort": ports.kube_controller_manager,
            "kubeSchedulerPort": ports.kube_scheduler,
        },
        "componentsPatches": [
            {"name": name, "extraArgs": [*_arguments(_more(cluster).get(name, {})), *_arguments(other, override=True)]}
            for name, other in _other(cluster).items()
        ],
    }


def _more(cluster: Cluster) -> dict[str, dict[str, str]]:
    """Return options that kwokctl does not set itself, by component."""
    ca, certificate, key = (str(cluster.pki / name) for name in ("ca.crt", "admin.crt", "admin.key"))
    return {
        # The simulation need not survive a power cut, so etcd need not wait for the disk at every write.
        "etcd": mutual_tls(cluster, f"https://127.0.0.1:{cluster.ports.etcd}") | {"unsafe-no-fsync": "true"},
        "kube-apiserver": {
            "anonymous-auth": "false",
            "etcd-cafile": ca,
            "etcd-certfile": certificate,
            "etcd-keyfile": key,
            "kubelet-certificate-authority": ca,
            "kubelet-client-certificate": certificate,
            "kubelet-client-key": key,
        },
        # The default limits, 20 and 50 requests a second, make every step of a thousand nodes or pods take a minute.
        "kube-controller-manager": _NO_LIMIT,
        "kube-scheduler": _NO_LIMIT,
    }


def _other(cluster: Cluster) -> dict[str, dict[str, str]]:
    """Return options that replace kwokctl's own, by component: with kwokctl's, these servers authenticate nobody."""
    client, peer = (f"https://127.0.0.1:{port}" for port in (cluster.ports.etcd, cluster.ports.etcd_peer))
    return {
        "etcd": {
            "listen-client-urls": client,
            "advertise-client-urls": client,
            "listen-peer-urls": peer,
            "initial-advertise-peer-urls": peer,
            "initial-cluster": f"node0={peer}",
        },
        "kube-apiserver": {"etcd-servers": client},
        "kube-controller-manager": _OPEN_PATHS | {"node-monitor-grace-period": _ASLEEP},
        "kube-scheduler": _OPEN_PATHS,
        # kwok's own kubelet server has no authentication; sim/go/kwok/kubelet replaces it.
        "kwok-controller": {"node-port": "0", "server-address": ""},
    }


def mutual_tls(cluster: Cluster, endpoint: str) -> dict[str, str]:
    """Return etcd's options that require the cluster's certificate of clients and peers and keep web pages out."""
    ca, certificate, key = (str(cluster.pki / name) for name in ("ca.crt", "admin.crt", "admin.key"))
    files = {"trusted-ca-file": ca, "cert-file": certificate, "key-file": key, "client-cert-auth": "true"}
    more = {"enable-grpc-gateway": "false", "cors": endpoint, "host-whitelist": "127.0.0.1"}
    return files | {f"peer-{name}": value for name, value in files.items()} | more


def _arguments(more: dict[str, str], *, override: bool = False) -> list[dict[str, str | bool]]:
    return [{"key": key, "value": value, "override": override} for key, value in more.items()]


def audit_policy(cluster: Cluster) -> Path:
    return cluster.directory / "audit-policy.yaml"
