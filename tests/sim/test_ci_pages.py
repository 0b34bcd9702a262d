"""The real API server takes the authentication that the CI pages give, and would refuse a mistake in it."""

from __future__ import annotations

import socket
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from sim.state import Cluster
from tests.unit.ci.test_workflows import authentication

pytestmark = pytest.mark.cluster

REFUSED = "invalid authentication configuration"
WAITS = "it waits for its etcd"
"""Which there is not; a configuration that does not hold ends it within a second."""
SECONDS = 10


def _said(cluster: Cluster, folder: Path, config: dict[str, Any]) -> str:
    """What the API server says before it ends, or that it does not."""
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    (folder / "sa.key").write_bytes(
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    )
    (folder / "authentication.yaml").write_text(yaml.safe_dump(config))
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    command = [
        str(cluster.tools["kube-apiserver"]),
        *("--authentication-config", str(folder / "authentication.yaml"), "--etcd-servers", "http://127.0.0.1:1"),
        *("--service-account-issuer", "https://example.com", "--service-account-key-file", str(folder / "sa.key")),
        *("--service-account-signing-key-file", str(folder / "sa.key"), "--service-cluster-ip-range", "10.0.0.0/24"),
        *("--cert-dir", str(folder), "--bind-address", "127.0.0.1", "--secure-port", str(port)),
    ]
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as server:
        try:
            return server.communicate(timeout=SECONDS)[1]
        except subprocess.TimeoutExpired:
            return WAITS
        finally:
            server.kill()


@pytest.mark.parametrize("page", ["ci.md", "ci-gitlab.md"])
def test_the_api_server_takes_what_the_page_says(cluster: Cluster, tmp_path: Path, page: str) -> None:
    config = authentication(page)
    assert _said(cluster, tmp_path, config) == WAITS

    config["jwt"][0]["claimMappings"]["username"]["expression"] += " +"
    assert REFUSED in _said(cluster, tmp_path, config)
