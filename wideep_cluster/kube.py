"""A namespace of a live cluster, on which the program and its waits work."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Self

from wideep_cluster.client import Cluster
from wideep_cluster.dynamo.operator import OperatorStatus, operator_status
from wideep_cluster.errors import ClusterError, UnreachableError
from wideep_cluster.kinds import DEPLOYMENTS, STATEFUL_SETS
from wideep_cluster.kubeconfig import connect

__all__ = ["KubeNamespace"]


@dataclass(frozen=True)
class KubeNamespace:
    """A namespace and its cluster."""

    cluster: Cluster
    name: str

    @classmethod
    def connect(cls, name: str, kubeconfig: str | None, context: str | None) -> Self:
        """Return the namespace on the cluster to which ``kubeconfig.connect`` connects."""
        return cls(connect(kubeconfig, context), name)

    def operator(self) -> OperatorStatus:
        """Return the status of the operator that serves this namespace.

        Raises:
            UnreachableError: there is no answer.
        """
        try:
            deployments, stores = self.cluster.list(DEPLOYMENTS).items, self.cluster.list(STATEFUL_SETS).items
        except UnreachableError:
            raise
        except ClusterError as error:
            return OperatorStatus(None, f"cannot tell whether the Dynamo operator runs: {error}")
        return operator_status(deployments, stores, self.name)
