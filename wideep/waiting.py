"""Why a container waits, in the kubelet's words, and which of these more waiting does not mend by itself."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from typing import Final

__all__ = ["FINAL", "STUCK", "Stuck", "reasons_of"]


class Stuck(StrEnum):
    """What keeps a container from running."""

    IMAGE = "image"
    """It cannot be pulled."""
    CONTAINER = "container"
    """It cannot be made, or not be started."""
    CRASH = "crash"
    """It ends whenever it is started."""


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
"""The kubelet tries again by itself, and a registry or a Secret may come back: how long to wait for that is the
reader's choice. All other reasons, ``ContainerCreating`` among them, are those of a pod on its way
(``pkg/kubelet/images/types.go`` and ``kuberuntime_container.go`` of Kubernetes have the words)."""
FINAL: Final = frozenset({"InvalidImageName", "ErrImageNeverPull"})
"""These have nothing to wait for: the pod's spec itself would have to change."""


def reasons_of(*kinds: Stuck) -> tuple[str, ...]:
    """All reasons of these kinds."""
    return tuple(reason for reason, kind in STUCK.items() if kind in kinds)
