"""Who asks the API server what: the calls of an account of its own, as the server's audit log has them."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Self

import yaml

from sim.cluster.nodes import kubectl
from sim.state import Cluster

NAMESPACE: Final = "sim-audited"
POLICY: Final = {
    "apiVersion": "audit.k8s.io/v1",
    "kind": "Policy",
    "rules": [
        {"level": "Metadata", "userGroups": [f"system:serviceaccounts:{NAMESPACE}"]},
        {"level": "None"},
    ],
}
"""What the control plane is started with: the calls of these accounts are written down, and nobody else's."""


def log(cluster: Cluster) -> Path:
    """The file in which the API server writes them."""
    return cluster.directory / "kwok" / "clusters" / f"sim-{cluster.id}" / "logs" / "audit.log"


@dataclass(frozen=True)
class Call:
    """One request. ``verb`` is that of RBAC (``list``, ``watch``); ``uri`` has the selectors."""

    verb: str
    uri: str


@dataclass(frozen=True)
class Account:
    """A service account that may do everything, and whose calls are counted."""

    cluster: Cluster
    name: str

    @classmethod
    def make(cls, cluster: Cluster, name: str) -> Self:
        """A new account, with a kubeconfig; one of that name that is there is used again."""
        account = cls(cluster, name)
        subject = {"kind": "ServiceAccount", "name": name, "namespace": NAMESPACE}
        role = {"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": "cluster-admin"}
        binding = {"apiVersion": "rbac.authorization.k8s.io/v1", "kind": "ClusterRoleBinding"}
        items = [
            {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": NAMESPACE}},
            {"apiVersion": "v1", "kind": "ServiceAccount", "metadata": {"name": name, "namespace": NAMESPACE}},
            {**binding, "metadata": {"name": f"{NAMESPACE}-{name}"}, "roleRef": role, "subjects": [subject]},
        ]
        made = {"apiVersion": "v1", "kind": "List", "items": items}
        kubectl(cluster, "apply", "--server-side", "--filename=-", given=json.dumps(made))
        token = kubectl(cluster, "create", "token", name, "--namespace", NAMESPACE, "--duration=24h").strip()
        config = yaml.safe_load(cluster.kubeconfig.read_text())
        config["users"] = [{"name": user["name"], "user": {"token": token}} for user in config["users"]]
        account.kubeconfig.touch(mode=0o600)
        account.kubeconfig.write_text(yaml.safe_dump(config))
        return account

    @property
    def kubeconfig(self) -> Path:
        """The way in as this account."""
        return self.cluster.directory / f"kubeconfig-{self.name}"

    def calls(self) -> list[Call]:
        """All of it so far, in their order. A watch that goes on is one call, however long it lasts."""
        user = f"system:serviceaccount:{NAMESPACE}:{self.name}"
        lines = map(json.loads, log(self.cluster).read_text().splitlines())
        own = {entry["auditID"]: entry for entry in lines if entry["user"]["username"] == user}
        return [Call(entry["verb"], entry["requestURI"]) for entry in own.values()]
