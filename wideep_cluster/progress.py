"""What a long wait tells: what it waits for, for how long, and what moved last."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from time import monotonic
from typing import Final

from wideep.text import duration

__all__ = ["ChangeTracker", "ProgressReporter"]

ACTIVE_INTERVAL_SECONDS: Final = 3.0
"""Between two lines while much moves,"""
IDLE_INTERVAL_SECONDS: Final = 60.0
"""and between two lines while nothing does."""


@dataclass
class ChangeTracker:
    """The stages of some things, and which of them changed last."""

    stages: Mapping[str, str] = field(default_factory=dict[str, str])
    last: str = "nothing"

    def __post_init__(self) -> None:
        self.at = monotonic()

    @property
    def idle_seconds(self) -> float:
        """Seconds since the last change."""
        return monotonic() - self.at

    def see(self, stages: Mapping[str, str]) -> None:
        """The stages as they are now."""
        changed = [what for what in (*stages, *self.stages) if stages.get(what) != self.stages.get(what)]
        if changed:
            self.last = f"{changed[0]}: {stages.get(changed[0], 'gone')}"
            self.at = monotonic()
        self.stages = stages


@dataclass
class ProgressReporter:
    """Says of what it is told just so much that a person can follow."""

    say: Callable[[str], None]
    subject: str
    deadline_seconds: int
    said: str = ""
    at: float = float("-inf")

    def __post_init__(self) -> None:
        self.began = monotonic()

    @property
    def waited(self) -> float:
        """Seconds."""
        return monotonic() - self.began

    def tell(self, state: str) -> None:
        """What it waits for now."""
        now = monotonic()
        if now - self.at > (ACTIVE_INTERVAL_SECONDS if state != self.said else IDLE_INTERVAL_SECONDS):
            self.say(f"{self.subject}: {state}; {duration(self.waited)} of at most {duration(self.deadline_seconds)}")
            self.said, self.at = state, now
