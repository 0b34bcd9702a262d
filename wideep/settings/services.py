"""``modelCache`` and ``teardown``: the volume with the model, and what is checked at destroy."""

from __future__ import annotations

from enum import StrEnum

from wideep.settings.base import SettingsModel
from wideep.settings.grammar import AbsolutePath, GitRef, ImageReference, ObjectName, RelativePath
from wideep.settings.quantity import Quantity

__all__ = ["AccessMode", "ModelCache", "Teardown"]


class AccessMode(StrEnum):
    """How many nodes may mount the model cache."""

    READ_WRITE_MANY = "ReadWriteMany"
    READ_WRITE_ONCE = "ReadWriteOnce"


class ModelCache(SettingsModel):
    """The volume with the model's weights, and the Job that fills it."""

    size: Quantity
    """A Kubernetes quantity (``1Ti``); at least the model's size."""
    storage_class: ObjectName | None = None
    """None: the cluster's default class."""
    access_mode: AccessMode = AccessMode.READ_WRITE_MANY
    """How many nodes may mount the volume: all workers read it."""
    existing_claim: ObjectName | None = None
    """An existing claim of the namespace to use; the stack then creates none."""
    host_path: AbsolutePath | None = None
    """A folder on the local disk of every GPU node, instead of a volume, for clusters without ReadWriteMany. Each pod
    of a worker first downloads the model to its node unless another pod did; ``size`` is the space that each node has
    for it."""
    path: RelativePath | None = None
    """Folder of the weights on the volume. None: a folder named after the model and the revision, such as
    ``deepseek-r1/56d4cbbb``, so that pods which restart while a new revision is downloaded read the old one."""
    retain: bool = False
    """Keep the weights when the stack is destroyed."""
    protect: bool = False
    """Refuse to delete the volume while this is true."""
    download: bool = True
    """False: the weights are on the volume already, and no token is needed."""
    anonymous: bool = False
    """Download without a Hugging Face token. Only for models that anyone may download."""
    revision: GitRef | None = None
    """Commit, tag or branch of the model's repository. None: the catalog's commit, or main where it has none."""
    download_image: ImageReference | None = None
    """Image of the download Job. None: python:3.12-slim by its digest, which first installs Hugging Face's command from
    PyPI, each package by its hash. An image that has ``hf`` already needs no PyPI; one without it needs Python 3.12."""


class Teardown(SettingsModel):
    """What `pulumi destroy` does if others use the stack's resources."""

    even_if_shared: bool = False
    """False: destroy names the others that use the operator, the namespace or the model cache of this stack, and
    refuses. True, at the last `pulumi up`: it removes them without asking; a graph of another namespace can then never
    be deleted."""
