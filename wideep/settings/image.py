"""``image``: built from Dynamo's repository and pushed, or one that exists."""

from __future__ import annotations

from typing import Annotated, Final, Literal

from pydantic import Field, StringConstraints

from wideep.settings.base import SettingsModel

__all__ = ["BuildImage", "ExistingImage", "Image"]


_PART: Final = r"[a-z0-9]+(?:[._-]+[a-z0-9]+)*"
_REPOSITORY: Final = rf"(?:[A-Za-z0-9.-]+(?::[0-9]{{1,5}})?/)?{_PART}(?:/{_PART})*"
_TAG: Final = r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,127}"
"""The grammar of image references (distribution/reference): no upper case in a repository, no empty part."""


class BuildImage(SettingsModel):
    """The DeepEP image, built from Dynamo's own Dockerfile and pushed to ``repository``."""

    source: Literal["build"]
    """Build it."""
    repository: Annotated[str, StringConstraints(pattern=rf"^{_REPOSITORY}$", max_length=255)]
    """Where it is pushed, without a tag: ``registry.example.com/dynamo-wideep``."""
    tag: Annotated[str, StringConstraints(pattern=rf"^{_TAG}$")]
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
    reference: Annotated[
        str, StringConstraints(pattern=rf"^{_REPOSITORY}(?::{_TAG})?(?:@sha256:[0-9a-f]{{64}})?$", max_length=500)
    ]
    """``registry/name:tag``, or better ``registry/name@sha256:…``."""
    resolve_digest: bool = False
    """Ask the registry at preview which digest the tag has (needs a Docker daemon)."""
    pull_secret: str | None = None
    """A Secret of the namespace with which the pods pull."""


Image = Annotated[BuildImage | ExistingImage, Field(discriminator="source")]
