"""Progress messages of a long wait: what it waits for, for how long, and what changed last."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from time import monotonic
from typing import Final

from wideep.text import duration

__all__ = ["ChangeTracker", "ProgressReporter"]

ACTIVE_INTERVAL_SECONDS: Final = 3.0
"""Minimum time between two messages while the state changes."""
IDLE_INTERVAL_SECONDS: Final = 60.0
"""Time between two messages while the state stays the same."""


@dataclass
class ChangeTracker:
    """The stages of several objects, and which of them changed last."""

    stages: Mapping[str, str] = field(default_factory=dict[str, str])
    last: str = "nothing"

    def __post_init__(self) -> None:
        self.at = monotonic()

    @property
    def idle_seconds(self) -> float:
        """Seconds since the last change."""
        return monotonic() - self.at

    def see(self, stages: Mapping[str, str]) -> None:
        """Record the current stages."""
        changed = [what for what in (*stages, *self.stages) if stages.get(what) != self.stages.get(what)]
        if changed:
            self.last = f"{changed[0]}: {stages.get(changed[0], 'gone')}"
            self.at = monotonic()
        self.stages = stages


@dataclass
class ProgressReporter:
    """Reports the state of a wait, limited to a rate that a person can follow."""

    say: Callable[[str], None]
    subject: str
    deadline_seconds: int
    said: str = ""
    at: float = float("-inf")

    def __post_init__(self) -> None:
        self.began = monotonic()

    @property
    def waited(self) -> float:
        """Seconds since the wait began."""
        return monotonic() - self.began

    def tell(self, state: str) -> None:
        """Report what the wait waits for now, unless the last message was too recent."""
        now = monotonic()
        if now - self.at > (ACTIVE_INTERVAL_SECONDS if state != self.said else IDLE_INTERVAL_SECONDS):
            self.say(f"{self.subject}: {state}; {duration(self.waited)} of at most {duration(self.deadline_seconds)}")
            self.said, self.at = state, now
