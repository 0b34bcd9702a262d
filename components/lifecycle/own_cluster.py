"""The cluster that the Kubernetes provider works on, for what the program itself asks of it."""

from __future__ import annotations

import pulumi

from wideep_cluster.kube import KubeNamespace

__all__ = ["own_cluster"]


def own_cluster(namespace: str) -> KubeNamespace:
    """A namespace of it: by the config's ``kubernetes:kubeconfig`` and ``kubernetes:context``, else KUBECONFIG's.

    Raises:
        kubernetes.config.ConfigException, OSError: there is none.
    """
    config = pulumi.Config("kubernetes")
    return KubeNamespace.connect(namespace, config.get("kubeconfig"), config.get("context"))
