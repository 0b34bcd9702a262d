"""A failed resource, what its component knows of the stack config, and what is said of it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from wideep.plan import Plan

__all__ = ["ErrorContext", "Explanation", "Failed"]


@dataclass(frozen=True)
class ErrorContext:
    """What a component knows of the stack config, for the messages of its resources' errors."""

    charts: str = ""
    """Where the platform's charts come from."""
    has_registry_login: bool = False
    use_instead: str = ""
    """The config that uses an existing Secret in place of the component's, with ``{name}`` for its name."""
    plan: Plan | None = None
    """The whole stack, to name the cause of a failed download."""


@dataclass(frozen=True)
class Failed:
    """A resource that was not made or changed: its type, its name on the cluster, the provider's words, and its
    namespace if it has one."""

    kind: str
    name: str
    error: str
    namespace: str = ""

    @property
    def noun(self) -> str:
        """``Secret hf-token-secret``."""
        return f"{self.kind.rpartition(':')[2]} {self.name}"


@dataclass(frozen=True)
class Explanation:
    """``summary`` is a sentence, ``remedy`` a command or a key of the config."""

    summary: str
    remedy: str

    def __str__(self) -> str:
        return f"{self.summary}\n  {self.remedy}"
