"""A failed resource, what its component knows of the stack config, and the explanation for the user."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from wideep.plan import Plan

__all__ = ["ErrorContext", "Explanation", "Failed"]


@dataclass(frozen=True)
class ErrorContext:
    """What a component knows of the stack config, for the error messages of its resources."""

    charts: str = ""
    """The source of the platform's charts."""
    has_registry_login: bool = False
    use_instead: str = ""
    """The config that uses an existing Secret instead of the component's, with ``{name}`` for its name."""
    plan: Plan | None = None
    """The whole Plan, from which the cause of a failed download is derived."""


@dataclass(frozen=True)
class Failed:
    """A resource whose creation or update failed: its type, its name on the cluster, the provider's error message, and
    its namespace if it has one."""

    kind: str
    name: str
    error: str
    namespace: str = ""

    @property
    def noun(self) -> str:
        """Kind and name, as in ``Secret hf-token-secret``."""
        return f"{self.kind.rpartition(':')[2]} {self.name}"


@dataclass(frozen=True)
class Explanation:
    """An explanation: ``summary`` is a sentence, ``remedy`` a command or a config key."""

    summary: str
    remedy: str

    def __str__(self) -> str:
        return f"{self.summary}\n  {self.remedy}"
