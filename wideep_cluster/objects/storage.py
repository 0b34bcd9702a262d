"""Storage classes, volumes and claims."""

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
        """Whether this is the class of claims that name none."""
        return self.metadata.annotations.get("storageclass.kubernetes.io/is-default-class") == "true"


class VolumeSpec(Model):
    """The class by which claims find the volume; no StorageClass object of that name has to exist."""

    storage_class_name: str = ""


class Volume(KubeObject):
    """A PersistentVolume."""

    spec: VolumeSpec = VolumeSpec()


class ClaimSpec(Model):
    """What a claim requests."""

    access_modes: tuple[str, ...] = ()
    storage_class_name: str | None = None
    resources: Requirements = Requirements()


class ClaimStatus(Model):
    """The phase of a claim, and the capacity that it got."""

    phase: str = ""
    capacity: dict[str, str] = Field(default_factory=dict[str, str])


class Claim(KubeObject):
    """A PersistentVolumeClaim."""

    spec: ClaimSpec = ClaimSpec()
    status: ClaimStatus = ClaimStatus()
