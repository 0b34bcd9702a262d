"""Rules that keep ``extraArgs`` from bypassing a key; ``wideep.engines.flags`` knows what each flag is."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from wideep.dynamo import release_of
from wideep.engines import engine_of
from wideep.engines.base import Engine
from wideep.engines.flags import PASSES, UNCHECKED, Given
from wideep.errors import Problem
from wideep.settings.formatting import redact
from wideep.settings.layout import Role
from wideep.settings.root import Settings

__all__ = ["extra_args_problems", "extra_args_warnings"]

_OUT: Final = "remove it"


def extra_args_problems(settings: Settings) -> Iterator[Problem]:
    """Yield a problem for each flag that a key sets, that follows from the stack, that the engine's parser refuses, or
    that does not survive the shell."""
    engine, survives = engine_of(settings), release_of(settings).survives_shell
    for name, role in settings.layout.roles.items():
        key = f"layout.{name}.extraArgs"
        for given in engine.flags.read(role.extra_args):
            broken = [word for word in given.words if not survives(word)]
            problem = None if broken else _refused(engine, name, key, given)
            yield from (_of_the_shell(key, word) for word in broken)
            if problem:
                yield problem


def extra_args_warnings(settings: Settings) -> Iterator[Problem]:
    """Yield a warning for flags that are passed on although the plan does not know what they do."""
    engine = engine_of(settings)
    known_to = f"{engine.release} and {release_of(settings).title}"
    for name, role in settings.layout.roles.items():
        given = [each for each in engine.flags.read(role.extra_args) if not each.wrong]
        unknown = [_written(each) for each in given if each.flag is None]
        known = [_written(each) for each in given if each.flag and each.flag.owner == UNCHECKED]
        key = f"layout.{name}.extraArgs"
        if unknown:
            rule = f"passed on, not checked: {known_to} have no such flag; the engine may refuse to start"
            yield Problem(key, ", ".join(unknown), rule, "remove it, or try it on one worker first")
        if known:
            rule = "passed on, not checked: the plan knows neither what memory it takes nor what it requires"
            yield Problem(key, ", ".join(known), rule, "leave room outside the pool: a smaller memFractionStatic")


def _of_the_shell(key: str, word: str) -> Problem:
    rule = "the operator joins the arguments unquoted into one shell line: no blanks, quotes or $ in one"
    return Problem(key, redact(repr(word)), rule, "write the flag and its value as two items, without quotes")


def _refused(engine: Engine, role: Role, key: str, given: Given) -> Problem | None:
    table, flag, written = engine.flags, engine.flags.meant(given), _written(given)
    owner = flag.owner if flag else None
    if flag is None or owner in (None, PASSES, UNCHECKED):
        return Problem(key, written, given.wrong, _repaired(given)) if given.wrong else None
    also = f" ({flag.names[0]})" if written.split("=")[0].split()[0] not in flag.names else ""
    if owner in table.reasons:
        return Problem(key, f"{written}{also}", table.reasons[owner].rule, table.reasons[owner].fix)
    never = engine.never(role, str(owner))
    if never:
        return Problem(key, f"{written}{also}", never.rule, never.fix)
    rule = f"layout.{role}.{owner} sets this flag, and rules are checked on that key"
    return Problem(key, f"{written}{also}", rule, f"{_OUT} and set {owner}")


def _repaired(given: Given) -> str:
    if given.repaired:
        return given.repaired
    if given.gone:
        return f"use {given.gone.instead}" if given.gone.instead else _OUT
    return f"use {given.flag.names[0]} as the engine's help has it, or {_OUT}" if given.flag else _OUT


def _written(given: Given) -> str:
    return redact(" ".join(given.words))
