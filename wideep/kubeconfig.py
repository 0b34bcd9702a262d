"""The two forms of a kubeconfig in a stack's config."""

from __future__ import annotations

__all__ = ["is_content"]


def is_content(kubeconfig: str) -> bool:
    """Tell whether ``kubernetes:kubeconfig`` is a kubeconfig itself rather than the path of one; it may be either."""
    return "\n" in kubeconfig or kubeconfig.lstrip().startswith("{")
