"""``image``: built from Dynamo's repository and pushed, or one that exists."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from wideep.settings.base import SettingsModel

__all__ = ["BuildImage", "ExistingImage", "Image"]


class BuildImage(SettingsModel):
    """The DeepEP image, built from Dynamo's own Dockerfile and pushed to ``repository``."""

    source: Literal["build"]
    """Build it."""
    repository: str
    """Where it is pushed, without a tag: ``registry.example.com/dynamo-wideep``."""
    tag: str
    """The tag under which it is pushed; the pods use the digest."""
    git_ref: str = "v0.6.0"
    """Tag or commit of ai-dynamo/dynamo that is built."""
    builder: str | None = None
    """A buildx builder by name; without one, Docker's default."""
    cache_from: tuple[str, ...] = ()
    """BuildKit caches to read, as ``docker buildx --cache-from`` has them."""
    cache_to: tuple[str, ...] = ()
    """BuildKit caches to write."""
    platform: str = "linux/amd64"
    """Operating system and processor of the nodes."""
    pull_secret: str | None = None
    """A Secret of the namespace with which the pods pull."""

    @property
    def reference(self) -> str:
        """``repository:tag``, as it is pushed."""
        return f"{self.repository}:{self.tag}"


class ExistingImage(SettingsModel):
    """An image that somebody has built: a tag, or better a digest."""

    source: Literal["existing"]
    """Use one that exists."""
    reference: str
    """``registry/name:tag``, or better ``registry/name@sha256:…``."""
    resolve_digest: bool = False
    """Ask the registry at preview which digest the tag has (needs a Docker daemon)."""
    pull_secret: str | None = None
    """A Secret of the namespace with which the pods pull."""


Image = Annotated[BuildImage | ExistingImage, Field(discriminator="source")]
