"""``image``: NVIDIA's published image, one built from Dynamo's repository and pushed, or an existing one."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated, Literal

from pydantic import Field, StringConstraints

from wideep.settings.base import SettingsModel
from wideep.settings.grammar import (
    REPOSITORY,
    TAG,
    BuildCache,
    BuilderName,
    BuildPlatform,
    GitRef,
    ImageReference,
    ObjectName,
    PlainText,
    RelativePath,
)

__all__ = ["BuildImage", "ExistingImage", "Hidden", "Image", "PublishedImage", "Registry"]


BuildArgument = Annotated[str, StringConstraints(pattern=r"^[A-Za-z_][A-Za-z0-9_]*$", max_length=100)]
"""The name of a Dockerfile's ARG."""


class Hidden(StrEnum):
    """Stands in for a secret that is set, so that the secret itself stays out of Settings."""

    SET = "[secret]"


class Registry(SettingsModel):
    """Credentials for pushing to the image's registry and pulling from it."""

    server: Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9.-]+(:[0-9]{1,5})?$", max_length=255)] | None = None
    """Address of the registry. None: that of the image."""
    username: Annotated[str, StringConstraints(pattern=r"^\S+$", max_length=255)]
    """The name to log in with."""
    password: Hidden
    """Password or access token, a secret: ``pulumi config set --secret --path image.registry.password …``. Settings
    only know that it is set."""


class _AnyImage(SettingsModel):
    """Keys of every image, wherever it comes from."""

    registry: Registry | None = None
    """Credentials of a private registry: they are used to push the image, and the stack makes a Secret with which the
    pods pull it. None: the credentials that Docker is logged in with, and ``pullSecret``."""
    pull_secret: ObjectName | None = None
    """A Secret of the namespace with which the pods pull: an existing one or, with ``registry``, the name of the one
    that the stack makes (``registry-credentials`` if not set)."""


class BuildImage(_AnyImage):
    """The DeepEP image, built from Dynamo's own Dockerfile and pushed to ``repository``."""

    source: Literal["build"]
    """Build the image."""
    repository: Annotated[str, StringConstraints(pattern=rf"^{REPOSITORY}$", max_length=255)]
    """Where the image is pushed, without a tag: ``registry.example.com/dynamo-wideep``."""
    tag: Annotated[str, StringConstraints(pattern=rf"^{TAG}$")]
    """The tag under which the image is pushed; the pods use the digest."""
    git_ref: GitRef | None = None
    """Tag or commit of ai-dynamo/dynamo to build. A tag can be moved, a commit (40 hexadecimal digits) cannot. None:
    the tag of ``platform.version``, ``v0.6.0``."""
    dockerfile: RelativePath | None = None
    """Path of the Dockerfile in that repository. None: the release's own, which 0.6 has. From 0.7 on Dynamo's own
    scripts assemble its Dockerfiles in several steps, which one build cannot do."""
    build_args: dict[BuildArgument, PlainText] = Field(default_factory=dict[BuildArgument, PlainText])
    """Build arguments in addition to those that the release needs."""
    builder: BuilderName | None = None
    """Name of a buildx builder; docker-build takes no endpoint. Not set: Docker's default. If a machine that runs
    `pulumi up` lacks 60 GB of disk, make a builder on a cluster (``docker buildx create --name NAME --driver
    kubernetes``) or on another machine (``docker buildx create --name NAME --driver remote tcp://HOST:1234``)."""
    cache_from: tuple[BuildCache, ...] = ()
    """BuildKit caches to read, in the form of ``docker buildx --cache-from``."""
    cache_to: tuple[BuildCache, ...] = ()
    """BuildKit caches to write, in the same form."""
    platform: BuildPlatform = "linux/amd64"
    """Operating system and processor of the nodes."""

    @property
    def reference(self) -> str:
        """The image as it is pushed: ``repository:tag``."""
        return f"{self.repository}:{self.tag}"


class PublishedImage(_AnyImage):
    """NVIDIA's runtime image of the release. It is the default from 0.7 on if it is known to contain DeepEP: see
    docs/releases.md."""

    source: Literal["published"]
    """Use NVIDIA's image."""
    repository: Annotated[str, StringConstraints(pattern=rf"^{REPOSITORY}$", max_length=255)] | None = None
    """A mirror of the image, without a tag. None: nvcr.io/nvidia/ai-dynamo/sglang-runtime."""
    tag: Annotated[str, StringConstraints(pattern=rf"^{TAG}$")] | None = None
    """A variant of the image (``1.6.1-efa``). None: ``platform.version``."""
    resolve_digest: bool = False
    """Look up the tag's digest in the registry at preview (needs a Docker daemon)."""


class ExistingImage(_AnyImage):
    """An image that has been built already: a tag, or better a digest."""

    source: Literal["existing"]
    """Use an existing image."""
    reference: ImageReference
    """``registry/name:tag``, or better ``registry/name@sha256:…``."""
    resolve_digest: bool = False
    """Look up the tag's digest in the registry at preview (needs a Docker daemon)."""


Image = Annotated[PublishedImage | BuildImage | ExistingImage, Field(discriminator="source")]
