"""Container image references, parsed as Docker parses them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

__all__ = ["DOCKER_HUB", "ImageReference"]

DOCKER_HUB: Final = "docker.io"


@dataclass(frozen=True)
class ImageReference:
    """The parts of an image reference: ``name[:tag][@digest]``, where the name may begin with a registry."""

    registry: str
    """Host and port, as for ``docker login``; Docker Hub if the name has no registry."""
    name: str
    """The name as written, including the registry if there is one."""
    tag: str | None
    digest: str | None

    @classmethod
    def parse(cls, text: str) -> ImageReference:
        """Parse a reference. The first component is a registry if it contains a dot or a port, or is ``localhost``."""
        tagged, _, digest = text.partition("@")
        head, slash, last = tagged.rpartition("/")
        base, _, tag = last.partition(":")
        first, more, _ = text.partition("/")
        is_host = bool(more) and ("." in first or ":" in first or first == "localhost")
        return cls(first if is_host else DOCKER_HUB, f"{head}{slash}{base}", tag or None, digest or None)

    @property
    def path(self) -> str:
        """The repository within the registry; official images of Docker Hub are under ``library``."""
        path = self.name.removeprefix(f"{self.registry}/")
        return path if "/" in path or self.registry != DOCKER_HUB else f"library/{path}"
