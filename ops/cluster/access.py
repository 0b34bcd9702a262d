"""Which cluster a stack means, and the way in."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import cast

from ops.cluster.client import Cluster
from ops.cluster.errors import UnreachableError
from ops.stackfile import StackFile, read_yaml

__all__ = ["connect"]


def connect(source: StackFile) -> Cluster:
    """The cluster that ``pulumi up`` of this stack would use: ``kubernetes:kubeconfig`` and ``kubernetes:context`` of
    the stack's file, else KUBECONFIG's current context, else the cluster around this pod. Nothing is asked of it yet.

    Raises:
        UnreachableError: there is no kubeconfig, or it has no such context.
    """
    from kubernetes.config import ConfigException
    from yaml import YAMLError

    from components.kube import KubeNamespace

    kubeconfig, context = _chosen(source)
    try:
        api = KubeNamespace.connect("", kubeconfig, context).api
    except (ConfigException, YAMLError, OSError) as error:
        raise UnreachableError(_no_way_in(context, error)) from error
    return Cluster(api, context)


def _chosen(source: StackFile) -> tuple[str | None, str | None]:
    """Kubeconfig and context of the stack's file. An encrypted kubeconfig cannot be read without Pulumi."""
    config = cast("Mapping[str, object]", read_yaml(source.path).get("config") or {})
    kubeconfig, context = config.get("kubernetes:kubeconfig"), config.get("kubernetes:context")
    if isinstance(kubeconfig, dict):
        raise UnreachableError(
            f"kubernetes:kubeconfig in {source.path.name} is encrypted, and wideep reads no secret of the stack.\n"
            "  Write it to a file and name that: KUBECONFIG=FILE wideep …, with kubernetes:context in the stack."
        )
    text = str(kubeconfig) if kubeconfig else None
    if text and "\n" not in text and not text.lstrip().startswith("{"):
        beside = source.path.resolve().parent / Path(text).expanduser()
        text = str(beside if beside.exists() else Path(text).expanduser())
    return text, str(context) if context else None


def _no_way_in(context: str | None, error: Exception) -> str:
    if context:
        known = _contexts()
        listed = f" It has {', '.join(known)}." if known else ""
        return (
            f"kubernetes:context {context} is not in the kubeconfig.{listed}\n"
            "  pulumi config set kubernetes:context NAME"
        )
    reason = str(error).splitlines()[0].rstrip(".")
    return f"There is no cluster to ask: {reason}.\n  Set KUBECONFIG, or `kubectl config use-context NAME`."


def _contexts() -> list[str]:
    from kubernetes import config

    try:
        found = cast("tuple[list[dict[str, str]], object]", config.list_kube_config_contexts())  # pyright: ignore[reportUnknownMemberType]
    except config.ConfigException:
        return []
    return [entry["name"] for entry in found[0]]
