"""Conversion of flags and their values to the words of a command."""

from __future__ import annotations

from collections.abc import Iterable

__all__ = ["Flag", "words_of"]

Flag = tuple[str, str | int | float | tuple[int, ...] | None]
"""A flag and its value. None or False: left out. True: the flag without a value. A tuple: several values."""


def words_of(flags: Iterable[Flag]) -> Iterable[str]:
    """Yield the words of all flags that are not left out."""
    for flag, value in flags:
        match value:
            case None | False:
                continue
            case True:
                yield flag
            case tuple():
                yield flag
                yield from map(str, value)
            case _:
                yield flag
                yield str(value)
