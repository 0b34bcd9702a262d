"""Connects to the cluster of a kubeconfig."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, cast

from wideep.kubeconfig import is_content
from wideep_cluster.client import Cluster

if TYPE_CHECKING:
    from kubernetes.client import ApiClient

__all__ = ["connect"]


def connect(kubeconfig: str | None, context: str | None) -> Cluster:
    """Return the cluster of the Kubernetes provider's config: ``kubernetes:kubeconfig`` (a path, or the content of the
    file) and ``kubernetes:context``; else that of KUBECONFIG; else, in a pod, the cluster that it runs on.

    Raises:
        kubernetes.config.ConfigException, yaml.YAMLError, OSError: there is none.
    """
    import yaml
    from kubernetes import client, config

    load = cast("Callable[..., ApiClient]", config.new_client_from_config)  # pyright: ignore[reportUnknownMemberType]
    parse = cast("Callable[..., ApiClient]", config.new_client_from_config_dict)  # pyright: ignore[reportUnknownMemberType]
    if kubeconfig and is_content(kubeconfig):
        return Cluster(parse(yaml.safe_load(kubeconfig), context=context), context)
    try:
        return Cluster(load(kubeconfig or None, context=context), context)
    except config.ConfigException:
        inside = client.Configuration()
        config.load_incluster_config(client_configuration=inside)  # pyright: ignore[reportUnknownMemberType]
        return Cluster(client.ApiClient(inside), context)
