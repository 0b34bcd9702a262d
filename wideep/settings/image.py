"""``image``: NVIDIA's published one, built from Dynamo's repository and pushed, or one that exists."""

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
"""Name of a Dockerfile's ARG."""


class Hidden(StrEnum):
    """Stands where a secret was: it is set, and it stays out of Settings."""

    SET = "[secret]"


class Registry(SettingsModel):
    """Who may push to the image's registry, and pull from it."""

    server: Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9.-]+(:[0-9]{1,5})?$", max_length=255)] | None = None
    """Address of the registry. None: that of the image."""
    username: Annotated[str, StringConstraints(pattern=r"^\S+$", max_length=255)]
    """The name to log in with."""
    password: Hidden
    """Its password or access token, a secret: ``pulumi config set --secret --path image.registry.password …``.
    Settings only know that it is set."""


class _AnyImage(SettingsModel):
    """What an image has wherever it comes from."""

    registry: Registry | None = None
    """Credentials of a private registry: with them the image is pushed, and a Secret is made with which the pods pull
    it. None: whatever Docker is logged in to, and ``pullSecret``."""
    pull_secret: ObjectName | None = None
    """A Secret of the namespace with which the pods pull: one that exists, or, with ``registry``, the name of the one
    that is made (``registry-credentials`` when it is not set)."""


class BuildImage(_AnyImage):
    """The DeepEP image, built from Dynamo's own Dockerfile and pushed to ``repository``."""

    source: Literal["build"]
    """Build it."""
    repository: Annotated[str, StringConstraints(pattern=rf"^{REPOSITORY}$", max_length=255)]
    """Where it is pushed, without a tag: ``registry.example.com/dynamo-wideep``."""
    tag: Annotated[str, StringConstraints(pattern=rf"^{TAG}$")]
    """The tag under which it is pushed; the pods use the digest."""
    git_ref: GitRef | None = None
    """Tag or commit of ai-dynamo/dynamo that is built. A tag can be moved, a commit (40 hexadecimal digits) cannot.
    None: the tag of ``platform.version``, ``v0.6.0``."""
    dockerfile: RelativePath | None = None
    """Path of the Dockerfile in that repository. None: that of the release, which 0.6 has. From 0.7 on Dynamo's own
    scripts put its Dockerfiles together in several steps, which one build cannot do."""
    build_args: dict[BuildArgument, PlainText] = Field(default_factory=dict[BuildArgument, PlainText])
    """Build arguments beside those that the release needs."""
    builder: BuilderName | None = None
    """A buildx builder by its name; docker-build takes no endpoint. Not set: Docker's default. For machines without 60
    GB of disk, make one on a cluster (``docker buildx create --name NAME --driver kubernetes``) or on another machine
    (``docker buildx create --name NAME --driver remote tcp://HOST:1234``) wherever `pulumi up` runs."""
    cache_from: tuple[BuildCache, ...] = ()
    """BuildKit caches to read, as ``docker buildx --cache-from`` has them."""
    cache_to: tuple[BuildCache, ...] = ()
    """BuildKit caches to write."""
    platform: BuildPlatform = "linux/amd64"
    """Operating system and processor of the nodes."""

    @property
    def reference(self) -> str:
        """``repository:tag``, as it is pushed."""
        return f"{self.repository}:{self.tag}"


class PublishedImage(_AnyImage):
    """NVIDIA's runtime image of the release. It is the default from 0.7 on, as far as that is known to hold DeepEP: see
    docs/releases.md."""

    source: Literal["published"]
    """Use NVIDIA's."""
    repository: Annotated[str, StringConstraints(pattern=rf"^{REPOSITORY}$", max_length=255)] | None = None
    """A mirror of it, without a tag. None: nvcr.io/nvidia/ai-dynamo/sglang-runtime."""
    tag: Annotated[str, StringConstraints(pattern=rf"^{TAG}$")] | None = None
    """A variant of it (``1.6.1-efa``). None: ``platform.version``."""
    resolve_digest: bool = False
    """Ask the registry at preview which digest the tag has (needs a Docker daemon)."""


class ExistingImage(_AnyImage):
    """An image that somebody has built: a tag, or better a digest."""

    source: Literal["existing"]
    """Use one that exists."""
    reference: ImageReference
    """``registry/name:tag``, or better ``registry/name@sha256:…``."""
    resolve_digest: bool = False
    """Ask the registry at preview which digest the tag has (needs a Docker daemon)."""


Image = Annotated[PublishedImage | BuildImage | ExistingImage, Field(discriminator="source")]
