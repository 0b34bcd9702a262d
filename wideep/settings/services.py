"""``modelCache`` and ``teardown``: what stands around the workers, and how it goes."""

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
    """How many nodes may mount it: all workers read it."""
    existing_claim: ObjectName | None = None
    """An existing claim of the namespace to use; the stack then creates none."""
    host_path: AbsolutePath | None = None
    """A folder of every GPU node, on its own disk, in place of a volume, for clusters without ReadWriteMany. Each pod
    of a worker first downloads the model to its node, if no other did; ``size`` is what each node has for it."""
    path: RelativePath | None = None
    """Folder of the weights on the volume. None: one of the model's name and the revision, such as
    ``deepseek-r1/56d4cbbb``, so that pods which restart while a new revision is downloaded read the old one."""
    retain: bool = False
    """Keep the weights when the stack is destroyed."""
    protect: bool = False
    """Refuse to delete the volume until this is false again."""
    download: bool = True
    """False: the weights are on the volume already, and no token is needed."""
    anonymous: bool = False
    """Download without a Hugging Face token. Only for models that anyone may download."""
    revision: GitRef | None = None
    """Commit, tag or branch of the model's repository. None: the catalog's commit, or main where it has none."""
    download_image: ImageReference | None = None
    """Image of the download Job. None: python:3.12-slim by its digest, which installs Hugging Face's command from PyPI
    first, each package by its hash. One that has ``hf`` already needs no PyPI; another without it needs Python 3.12."""


class Teardown(SettingsModel):
    """What `pulumi destroy` does about others."""

    even_if_shared: bool = False
    """False: destroy names the others that use the operator, the namespace or the model cache of this stack, and
    refuses. True, at the last `pulumi up`: it takes them away unasked; a graph of another namespace can then never be
    deleted."""
