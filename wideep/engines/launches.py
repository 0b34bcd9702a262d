"""How people start an engine by hand: the programs, and the flags that say which role a command is."""

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
    """That ``python3 -m`` starts."""
    program: str
    """Its own program, whose verb is ``serve``."""
    images: tuple[str, ...]
    """Images whose entrypoint is that program: their arguments are its flags."""
    mode_flags: tuple[str, ...]
    """Their value is the role's name."""
    role_words: Mapping[str, Role]
    """Flags and modules that say the role by themselves."""

    def role(self, words: Sequence[str]) -> Role | None:
        """The role that a command's words say. None: it serves both."""
        split = [part for word in words for part in word.split("=", 1)]
        named = (_ROLES.get(after) for flag, after in itertools.pairwise(split) if flag in self.mode_flags)
        said = (self.role_words.get(word) for word in words)
        return next((role for role in (*named, *said) if role), None)
