"""How an engine is started by hand: its programs, and the flags that tell a command's role."""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from wideep.settings.backend import Backend
from wideep.settings.layout import Role

__all__ = ["Launch"]

_ROLES: Final = {str(role): role for role in Role}


@dataclass(frozen=True)
class Launch:
    """The commands that start one engine."""

    backend: Backend
    modules: tuple[str, ...]
    """Modules that ``python3 -m`` runs."""
    program: str
    """The engine's own program, used with the subcommand ``serve``."""
    mode_flags: tuple[str, ...]
    """Flags whose value is the name of the role."""
    role_words: Mapping[str, Role]
    """Flags and modules that imply a role."""
    image: str | None = None
    """Container image whose entry point is the engine, so that the words after it are the engine's arguments."""

    def starts(self, word: str) -> bool:
        """Tell whether the word is a reference to that image, with any registry and tag."""
        folder, _, last = f"/{word.partition('@')[0]}".rpartition("/")
        return self.image is not None and f"{folder}/{last.partition(':')[0]}".endswith(f"/{self.image}")

    def role(self, words: Sequence[str]) -> Role | None:
        """Return the role that a command's words indicate. None: the engine serves both."""
        split = [part for word in words for part in word.split("=", 1)]
        named = (_ROLES.get(after) for flag, after in itertools.pairwise(split) if flag in self.mode_flags)
        said = (self.role_words.get(word) for word in words)
        return next((role for role in (*named, *said) if role), None)
