"""Where a rule looks: one role of a stack, with its key in the config."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from wideep.catalog.gpus import GpuSpec
from wideep.errors import Problem
from wideep.settings.layout import Role, RoleLayout
from wideep.settings.model import ModelShape

__all__ = ["RoleSite", "listed", "nearest_multiples"]


@dataclass(frozen=True)
class RoleSite:
    """One role, its model and its GPU."""

    name: Role
    role: RoleLayout
    model: ModelShape
    gpu: GpuSpec

    def key(self, field: str) -> str:
        """The config key of one of the role's fields (camelCase)."""
        return f"layout.{self.name}.{field}"

    def problem(self, field: str, value: object, rule: str, fix: str) -> Problem:
        """A Problem of one of the role's fields."""
        return Problem(self.key(field), str(value), rule, fix)

    @staticmethod
    def divisors(number: int) -> list[int]:
        """All divisors, ascending."""
        small = [n for n in range(1, int(number**0.5) + 1) if number % n == 0]
        return sorted({*small, *(number // n for n in small)})


def nearest_multiples(value: int, step: int, first: int) -> list[int]:
    """The members of ``first, first + step, …`` next to ``value``: one below where there is one, and one above."""
    below = value - (value - first) % step
    return [n for n in (below, below + step) if n >= 0]


def listed(values: Iterable[object]) -> str:
    """``8, 16 or 32``"""
    words = [str(value) for value in values]
    return words[0] if len(words) == 1 else f"{', '.join(words[:-1])} or {words[-1]}"
