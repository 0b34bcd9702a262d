"""Requests that a dedicated account makes to the API server, read from the server's audit log."""

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
"""The API server's audit policy: it logs the requests of this namespace's service accounts and no others."""


def log(cluster: Cluster) -> Path:
    """Return the API server's audit log file."""
    return cluster.directory / "kwok" / "clusters" / f"sim-{cluster.id}" / "logs" / "audit.log"


@dataclass(frozen=True)
class Call:
    """One request. ``verb`` is the RBAC verb (``list``, ``watch``); ``uri`` includes the selectors."""

    verb: str
    uri: str


@dataclass(frozen=True)
class Account:
    """A service account with cluster-admin rights whose requests are counted."""

    cluster: Cluster
    name: str

    @classmethod
    def make(cls, cluster: Cluster, name: str) -> Self:
        """Create the account with a kubeconfig, or reuse one that already has this name."""
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
        """The kubeconfig that authenticates as this account."""
        return self.cluster.directory / f"kubeconfig-{self.name}"

    def calls(self) -> list[Call]:
        """Return all requests so far, in order. A watch counts as one request, however long it lasts."""
        user = f"system:serviceaccount:{NAMESPACE}:{self.name}"
        lines = map(json.loads, log(self.cluster).read_text().splitlines())
        own = {entry["auditID"]: entry for entry in lines if entry["user"]["username"] == user}
        return [Call(entry["verb"], entry["requestURI"]) for entry in own.values()]
