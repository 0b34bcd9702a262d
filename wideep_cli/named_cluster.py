"""The cluster that a stack names, read from its file and the kubeconfig alone, without a client or a request."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import cast

from wideep.kubeconfig import is_content
from wideep.masking import masked
from wideep.named_file import is_there
from wideep_cli.errors import CallError
from wideep_cli.stack_file import StackFile, read_yaml

__all__ = ["chosen", "named_cluster"]


def named_cluster(source: StackFile) -> str | None:
    """Return address and context of the cluster that `pulumi up` of this stack would act on; None if none is named."""
    try:
        kubeconfig, context = chosen(source)
        if kubeconfig and is_content(kubeconfig):
            return "that of kubernetes:kubeconfig"
        named = kubeconfig or os.environ.get("KUBECONFIG") or "~/.kube/config"
        content = read_yaml(Path(named.split(os.pathsep)[0]).expanduser())
    except CallError:
        return None
    context = context or str(content.get("current-context") or "")
    cluster = _entry(content, "contexts", context).get("cluster")
    server = _entry(content, "clusters", str(cluster)).get("server")
    return f"{masked(str(server))} (context {context})" if server else None


def _entry(content: Mapping[str, object], kind: str, name: str) -> Mapping[str, object]:
    """Return the context or cluster of that name in a kubeconfig; empty if there is none."""
    listed = content.get(kind)
    entries = [_mapping(each) for each in cast("list[object]", listed)] if isinstance(listed, list) else []
    named = [each for each in entries if each.get("name") == name]
    return _mapping(named[0].get(kind.removesuffix("s"))) if named else {}


def _mapping(value: object) -> Mapping[str, object]:
    return cast("Mapping[str, object]", value) if isinstance(value, dict) else {}


def chosen(source: StackFile) -> tuple[str | None, str | None]:
    """Return the kubeconfig and the context that the stack file names; None for each that it does not name.

    Raises:
        CallError: the kubeconfig is encrypted, so that only Pulumi can read it, or the stack file cannot be read.
    """
    config = cast("Mapping[str, object]", read_yaml(source.path).get("config") or {})
    kubeconfig, context = config.get("kubernetes:kubeconfig"), config.get("kubernetes:context")
    if isinstance(kubeconfig, dict):
        raise CallError(
            f"kubernetes:kubeconfig in {source.path.name} is encrypted, and wideep reads no secret of the stack.",
            "Write it to a file, and its path there: pulumi config set kubernetes:kubeconfig FILE",
        )
    text = str(kubeconfig) if kubeconfig else None
    if text and not is_content(text):
        beside = source.path.resolve().parent / Path(text).expanduser()
        text = str(beside if is_there(beside) else Path(text).expanduser())
    return text, str(context) if context else None
