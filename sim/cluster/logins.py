"""The files with the logins of one simulation: each is its owner's alone, since command lines are for all to read."""

import base64
import json
from pathlib import Path

from sim.state import Cluster, private_folder, write_private

USER = "sim"


def registry(cluster: Cluster) -> Path:
    """The registry's password."""
    return cluster.directory / "registry-password"


def nats(cluster: Cluster) -> Path:
    """The configuration of NATS."""
    return cluster.directory / "nats.conf"


def write(cluster: Cluster) -> None:
    """Writes them for the servers, and Docker's config.json for who pushes to the registry and pulls from it."""
    write_private(registry(cluster), cluster.password + "\n")
    server = {
        "listen": f"127.0.0.1:{cluster.ports.nats}",
        "jetstream": {"store_dir": str(cluster.dynamo_dir / "nats")},
        "authorization": {"user": USER, "password": cluster.password},
    }
    write_private(nats(cluster), json.dumps(server, indent=2) + "\n")  # its format takes JSON too
    login = base64.b64encode(f"{USER}:{cluster.password}".encode()).decode()
    known = {"auths": {cluster.registry: {"auth": login}}}
    write_private(private_folder(cluster.docker_config) / "config.json", json.dumps(known, indent=2) + "\n")


def dynamo(cluster: Cluster) -> dict[str, str]:
    """The environment in which a process of Dynamo 0.6.0 finds its etcd and NATS, and is let in."""
    certificate = {"CA": "ca.crt", "CLIENT_CERT": "admin.crt", "CLIENT_KEY": "admin.key"}
    return {
        "ETCD_ENDPOINTS": cluster.etcd_endpoint,
        **{f"ETCD_AUTH_{name}": (cluster.pki / file).read_text() for name, file in certificate.items()},
        "NATS_SERVER": cluster.nats_url,
        "NATS_AUTH_USERNAME": USER,
        "NATS_AUTH_PASSWORD": cluster.password,
    }
