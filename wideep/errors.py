"""Errors shown to a user when a stack config cannot become a deployment.

WideepError
└── ConfigError      one or more Problems in the stack config
"""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import Final

from wideep.masking import masked, visible

__all__ = ["ConfigError", "Problem", "WideepError"]


MOST_SHOWN: Final = 50
"""Maximum number of problems listed in one message."""


@dataclass(frozen=True)
class Problem:
    """One broken rule of a stack config.

    ``key`` is the path in the config (``layout.decode.tp``), ``value`` the value there, ``rule`` the rule with its
    numbers, and ``fix`` what to write instead, one alternative per line. In all four, anything that looks like a
    credential is masked and control characters are spelled out.
    """

    key: str
    value: str
    rule: str
    fix: str

    def __post_init__(self) -> None:
        for field in fields(self):
            object.__setattr__(self, field.name, visible(masked(str(getattr(self, field.name)))))

    def __str__(self) -> str:
        stated = f"{self.key}: {self.value}" if self.value else self.key
        return "\n    ".join([stated, self.rule, *self.fix.splitlines()])


class WideepError(Exception):
    """Base class of all errors whose message is meant for the user."""


class ConfigError(WideepError):
    """Raised when the stack config breaks one or more rules; ``problems`` holds all of them, the most basic first."""

    def __init__(self, problems: list[Problem] | tuple[Problem, ...]) -> None:
        self.problems = tuple(problems)
        super().__init__(self._text())

    def _text(self) -> str:
        count = len(self.problems)
        head = "The stack config has a mistake:" if count == 1 else f"The stack config has {count} mistakes:"
        shown = (f"  {line}" for problem in self.problems[:MOST_SHOWN] for line in str(problem).splitlines())
        rest = [f"  and {count - MOST_SHOWN} more"] if count > MOST_SHOWN else []
        return "\n".join([head, *shown, *rest])
