"""The interface of a release of Dynamo: what its charts, its operator and its runtime decide."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

__all__ = ["Release"]


@dataclass(frozen=True)
class Release(ABC):
    """One release."""

    owned_env: ClassVar[Mapping[str, tuple[str, str]]]
    """Environment variables that the operator sets: why another value breaks, and what to write instead."""
    version: str

    @property
    def title(self) -> str:
        """``Dynamo 0.6.0``."""
        return f"Dynamo {self.version}"

    @abstractmethod
    def survives_shell(self, word: str) -> bool:
        """Whether an argument of a worker stays itself in the line that the operator makes of all of them."""

    @abstractmethod
    def working_dir(self, framework: str) -> str | None:
        """Where an engine's worker starts in the image. None: where the image says."""
