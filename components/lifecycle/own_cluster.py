"""The cluster that the Kubernetes provider uses, for requests that the program itself makes."""

from __future__ import annotations

import functools
import os
import time
from collections.abc import Generator
from contextlib import contextmanager
from typing import Final

import pulumi

from wideep.kubeconfig import is_content
from wideep_cluster.client import Cluster
from wideep_cluster.errors import ClusterError
from wideep_cluster.kube import KubeNamespace
from wideep_cluster.kubeconfig import connect

__all__ = [
    "cluster_note",
    "connect_from_config",
    "is_reachable",
    "kubeconfig_source",
    "unless_unreachable",
]

SECONDS: Final = 5
KEPT_SECONDS: Final = 300
"""How long a connection is reused: a credential plugin (aws, gcloud) takes a second or so, and its credentials
expire."""


def connect_from_config(namespace: str) -> KubeNamespace:
    """Connect to a namespace with the config's ``kubernetes:kubeconfig`` and ``kubernetes:context``, else with
    KUBECONFIG.

    Raises:
        kubernetes.config.ConfigException, OSError: there is no usable kubeconfig.
    """
    config = pulumi.Config("kubernetes")
    asked = config.get("kubeconfig"), config.get("context"), os.environ.get("KUBECONFIG")
    return KubeNamespace(_connect(*asked, time.monotonic() // KEPT_SECONDS), namespace)


@functools.lru_cache(maxsize=1)
def _connect(kubeconfig: str | None, context: str | None, _variable: str | None, _age: float) -> Cluster:
    return connect(kubeconfig, context)


def cluster_note(place: KubeNamespace) -> str:
    """Say which cluster this run acts on: the API server's address, and the context if the stack names one."""
    cluster = place.cluster
    return f"Kubernetes cluster: {cluster.server}" + (f" (context {cluster.context})" if cluster.context else "")


def kubeconfig_source() -> str:
    """Say where the Kubernetes provider gets its kubeconfig from. The content of a kubeconfig in the config is not
    shown."""
    configured = pulumi.Config("kubernetes").get("kubeconfig")
    if configured:
        says = "holds one" if is_content(configured) else f"names {configured}"
        return f"kubernetes:kubeconfig {says}"
    named = os.environ.get("KUBECONFIG")
    return f"KUBECONFIG names {named}" if named else "neither KUBECONFIG nor kubernetes:kubeconfig is set"


@functools.cache
def is_reachable() -> bool:
    """Tell whether the cluster answers, once in a run: a preview without a cluster must not time out for each of its
    objects."""
    from kubernetes.client import ApiException, VersionApi
    from kubernetes.config import ConfigException
    from urllib3.exceptions import HTTPError

    try:
        VersionApi(connect_from_config("default").cluster.api).get_code(_request_timeout=SECONDS)
    except (ConfigException, HTTPError, OSError) as error:
        pulumi.log.debug(f"the cluster is unreachable ({type(error).__name__})")
        return False
    except (ApiException, ValueError):
        return True  # an error is an answer too
    return True


@contextmanager
def unless_unreachable(check: str) -> Generator[None]:
    """Skip the rest of a check if the cluster cannot be reached: the provider reports that for each resource."""
    from kubernetes.client import ApiException
    from kubernetes.config import ConfigException
    from urllib3.exceptions import HTTPError

    try:
        yield
    except (ApiException, ClusterError, ConfigException, HTTPError, OSError) as error:
        pulumi.log.debug(f"{check}: not checked ({type(error).__name__})")
