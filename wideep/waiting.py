"""Reasons why a container waits, in the kubelet's words, and which of them waiting longer does not resolve."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from typing import Final

__all__ = ["FINAL", "STUCK", "Stuck", "reasons_of"]


class Stuck(StrEnum):
    """What keeps a container from running."""

    IMAGE = "image"
    """Its image cannot be pulled."""
    CONTAINER = "container"
    """It cannot be created or started."""
    CRASH = "crash"
    """It exits every time it is started."""


STUCK: Final[Mapping[str, Stuck]] = {
    "ErrImagePull": Stuck.IMAGE,
    "ImagePullBackOff": Stuck.IMAGE,
    "RegistryUnavailable": Stuck.IMAGE,
    "SignatureValidationFailed": Stuck.IMAGE,
    "ImageInspectError": Stuck.IMAGE,
    "ErrImageNeverPull": Stuck.IMAGE,
    "InvalidImageName": Stuck.IMAGE,
    "CreateContainerConfigError": Stuck.CONTAINER,
    "CreateContainerError": Stuck.CONTAINER,
    "PreCreateHookError": Stuck.CONTAINER,
    "PreStartHookError": Stuck.CONTAINER,
    "PostStartHookError": Stuck.CONTAINER,
    "RunContainerError": Stuck.CONTAINER,
    "CrashLoopBackOff": Stuck.CRASH,
}
"""What keeps a container from running, by the kubelet's reason. The kubelet retries by itself, and a registry or a
Secret may become available: how long to wait for that is the caller's choice. All other reasons, including
``ContainerCreating``, are those of a pod that is starting (``pkg/kubelet/images/types.go`` and
``kuberuntime_container.go`` of Kubernetes define the reasons)."""
FINAL: Final = frozenset({"InvalidImageName", "ErrImageNeverPull"})
"""Reasons that no waiting resolves: the pod's spec itself would have to change."""


def reasons_of(*kinds: Stuck) -> tuple[str, ...]:
    """Return all waiting reasons of these kinds."""
    return tuple(reason for reason, kind in STUCK.items() if kind in kinds)
