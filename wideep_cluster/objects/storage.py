"""Storage classes and claims."""

from __future__ import annotations

from pydantic import Field

from wideep_cluster.objects.base import KubeObject, Model
from wideep_cluster.objects.pods import Requirements

__all__ = ["Claim", "StorageClass", "Volume"]


class StorageClass(KubeObject):
    """A storage class."""

    provisioner: str = ""
    volume_binding_mode: str = "Immediate"

    @property
    def default(self) -> bool:
        """The class of claims that name none."""
        return self.metadata.annotations.get("storageclass.kubernetes.io/is-default-class") == "true"


class VolumeSpec(Model):
    """The class that claims find it by; it may be one that is no object."""

    storage_class_name: str = ""


class Volume(KubeObject):
    """A PersistentVolume."""

    spec: VolumeSpec = VolumeSpec()


class ClaimSpec(Model):
    """What a claim asks for."""

    access_modes: tuple[str, ...] = ()
    storage_class_name: str | None = None
    resources: Requirements = Requirements()


class ClaimStatus(Model):
    """What it got."""

    phase: str = ""
    capacity: dict[str, str] = Field(default_factory=dict[str, str])


class Claim(KubeObject):
    """A PersistentVolumeClaim."""

    spec: ClaimSpec = ClaimSpec()
    status: ClaimStatus = ClaimStatus()
