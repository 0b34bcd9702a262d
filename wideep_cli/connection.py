"""The connection to the cluster of a stack."""

from __future__ import annotations

import os
import shlex
from pathlib import Path
from typing import cast

from wideep.named_file import is_file
from wideep_cli.errors import CallError
from wideep_cli.named_cluster import chosen
from wideep_cli.stack_file import StackFile
from wideep_cluster import kubeconfig
from wideep_cluster.client import Cluster

__all__ = ["connect"]


def connect(source: StackFile) -> Cluster:
    """Return the cluster that ``pulumi up`` of this stack would use: ``kubernetes:kubeconfig`` and
    ``kubernetes:context`` of the stack file, else the current context of KUBECONFIG, else the cluster in which this pod
    runs. No request is sent yet.

    Raises:
        CallError: there is no readable kubeconfig, or it lacks the context.
    """
    from kubernetes.config import ConfigException
    from yaml import YAMLError

    file, context = chosen(source)
    try:
        # The client reads KUBECONFIG when it is imported, so the variable's present value has to be passed on.
        return kubeconfig.connect(file or os.environ.get("KUBECONFIG"), context)
    except (ConfigException, YAMLError, OSError) as error:
        raise _no_way_in(file, context, error) from error


def _no_way_in(kubeconfig: str | None, context: str | None, error: Exception) -> CallError:
    named = kubeconfig or os.environ.get("KUBECONFIG")
    files = [Path(file).expanduser() for file in (named or "~/.kube/config").split(os.pathsep) if "\n" not in file]
    if files and not any(map(is_file, files)):
        where = "kubernetes:kubeconfig" if kubeconfig else "KUBECONFIG" if named else "kubectl's default"
        what = f"There is no kubeconfig: {files[0]} ({where}) does not exist."
        return CallError(what, "Set KUBECONFIG to the file of your cluster.")
    known = _contexts(kubeconfig)
    if context and context not in known:
        listed = f" It has {', '.join(known)}." if known else ""
        what = f"kubernetes:context {context} is not in the kubeconfig.{listed}"
        return CallError(what, f"pulumi config set kubernetes:context {shlex.quote(known[0]) if known else 'NAME'}")
    reason = str(error).splitlines()[0].rstrip(".")
    return CallError(
        f"The kubeconfig cannot be used: {reason}.", "`kubectl config view` shows what kubectl reads of it."
    )


def _contexts(kubeconfig: str | None) -> list[str]:
    from kubernetes import config

    try:
        found = cast("tuple[list[dict[str, str]], object]", config.list_kube_config_contexts(kubeconfig))  # pyright: ignore[reportUnknownMemberType]
    except (config.ConfigException, OSError):
        return []
    return [entry["name"] for entry in found[0]]
