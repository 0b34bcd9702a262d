"""The credential files of one simulation. Credentials go into files that only the owner can read, because every user of
the machine can read command lines."""

import base64
import json
from pathlib import Path

from sim.state import Cluster, private_folder, write_private

USER = "sim"


def registry(cluster: Cluster) -> Path:
    """Return the file with the registry's password."""
    return cluster.directory / "registry-password"


def nats(cluster: Cluster) -> Path:
    """Return the configuration file of NATS."""
    return cluster.directory / "nats.conf"


def write(cluster: Cluster) -> None:
    """Write the servers' files, and Docker's config.json for clients of the registry."""
    write_private(registry(cluster), cluster.password + "\n")
    server = {
        "listen": f"127.0.0.1:{cluster.ports.nats}",
        "jetstream": {"store_dir": str(cluster.dynamo_dir / "nats")},
        "authorization": {"user": USER, "password": cluster.password},
    }
    write_private(nats(cluster), json.dumps(server, indent=2) + "\n")  # NATS accepts JSON as well
    login = base64.b64encode(f"{USER}:{cluster.password}".encode()).decode()
    known = {"auths": {cluster.registry: {"auth": login}}}
    write_private(private_folder(cluster.docker_config) / "config.json", json.dumps(known, indent=2) + "\n")


def dynamo(cluster: Cluster) -> dict[str, str]:
    """Return the environment with which a process of Dynamo 0.6.0 connects to its etcd and NATS."""
    certificate = {"CA": "ca.crt", "CLIENT_CERT": "admin.crt", "CLIENT_KEY": "admin.key"}
    return {
        "ETCD_ENDPOINTS": cluster.etcd_endpoint,
        **{f"ETCD_AUTH_{name}": (cluster.pki / file).read_text() for name, file in certificate.items()},
        "NATS_SERVER": cluster.nats_url,
        "NATS_AUTH_USERNAME": USER,
        "NATS_AUTH_PASSWORD": cluster.password,
    }
