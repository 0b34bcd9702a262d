"""References of container images, read as Docker reads them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

__all__ = ["DOCKER_HUB", "ImageReference"]

DOCKER_HUB: Final = "docker.io"


@dataclass(frozen=True)
class ImageReference:
    """An image's reference in its parts: ``name[:tag][@digest]``, with the registry in front of the name or without."""

    registry: str
    """As ``docker login`` names it: host and port; Docker Hub where the name has none."""
    name: str
    """As it is written, with the registry where it has one."""
    tag: str | None
    digest: str | None

    @classmethod
    def parse(cls, text: str) -> ImageReference:
        """Read a reference. A first part is a registry if it has a dot or a port, or is localhost."""
        tagged, _, digest = text.partition("@")
        head, slash, last = tagged.rpartition("/")
        base, _, tag = last.partition(":")
        first, more, _ = text.partition("/")
        is_host = bool(more) and ("." in first or ":" in first or first == "localhost")
        return cls(first if is_host else DOCKER_HUB, f"{head}{slash}{base}", tag or None, digest or None)

    @property
    def path(self) -> str:
        """The repository in the registry; an official image of Docker Hub is below ``library``."""
        path = self.name.removeprefix(f"{self.registry}/")
        return path if "/" in path or self.registry != DOCKER_HUB else f"library/{path}"
