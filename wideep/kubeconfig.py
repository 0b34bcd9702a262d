"""What a kubeconfig is, as a stack's config has it."""

from __future__ import annotations

__all__ = ["is_content"]


def is_content(kubeconfig: str) -> bool:
    """Whether ``kubernetes:kubeconfig`` holds a kubeconfig itself, and not the path of one: it may be either."""
    return "\n" in kubeconfig or kubeconfig.lstrip().startswith("{")
