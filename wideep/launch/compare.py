"""Comparison of a launch command with a plan's arguments for the same role, flag by flag."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum

from wideep.engines import engine_of
from wideep.engines.base import Engine
from wideep.engines.flags import PASSES, UNCHECKED, EngineFlag
from wideep.engines.reading import said_flags
from wideep.launch.role import SET, is_secret, shown
from wideep.launch.words import LaunchCommand, UnreadCommandError
from wideep.masking import MASK
from wideep.settings import Settings
from wideep.settings.layout import Role

__all__ = ["Compared", "Relation", "compare"]


class Relation(StrEnum):
    """How a flag of the command relates to the plan's."""

    DIFFERS = "differs"
    ONLY_YOURS = "only yours"
    ONLY_PLANS = "only the plan's"
    SAME = "same"


@dataclass(frozen=True)
class Compared:
    """The comparison of one flag or environment variable."""

    flag: str
    """The engine's own name of the flag; yours, if the command and the plan use two flags of one key."""
    relation: Relation
    yours: str | None
    """The command's value. None: the command does not have the flag; empty: the flag has no value."""
    plans: str | None
    """The plan's value, preceded by its flag if that differs from yours. None: the plan does not have the flag."""
    decided: str
    """What decides the flag in a stack: a key, or the program that sets it."""


@dataclass(frozen=True)
class _Said:
    value: str
    decided: str


def compare(settings: Settings, role: Role, args: Sequence[str], command: LaunchCommand) -> tuple[Compared, ...]:
    """Return every flag and variable of both sides, differences first. ``args`` are the plan's arguments of the role.

    Raises UnreadCommandError for a command of another engine.
    """
    engine, layout = engine_of(settings), settings.layout.roles[role]
    if command.backend is not settings.backend:
        raise UnreadCommandError(f"The command starts {command.backend}, and the stack runs {settings.backend}.")
    own = {**engine.env(role, layout, settings.hardware), **settings.workers.env, **layout.env}
    both = (
        (_flags(engine, role, command.words), _flags(engine, role, args)),
        (_variables(role, command.env), _variables(role, own)),
    )
    found = [row for yours, plans in both for row in _rows(yours, plans)]
    keys = [_keys(engine, role, words, env, settings) for words, env in ((command.words, command.env), (args, own))]
    found = [_same_weights(row, settings, engine) for row in _paired(found, *keys)]
    return tuple(sorted(found, key=lambda row: list(Relation).index(row.relation)))


def _same_weights(row: Compared, settings: Settings, engine: Engine) -> Compared:
    """Return the row, marked as same if it compares the repository's name with the folder that it is downloaded to."""
    same = row.flag == engine.weights_flag and row.yours == settings.model.name
    return replace(row, relation=Relation.SAME) if same else row


def _rows(yours: Mapping[str, _Said], plans: Mapping[str, _Said]) -> Iterator[Compared]:
    for name in dict.fromkeys([*yours, *plans]):
        mine, other = yours.get(name), plans.get(name)
        if mine is None:
            relation = Relation.ONLY_PLANS
        elif other is None:
            relation = Relation.ONLY_YOURS
        else:
            relation = Relation.SAME if _plain(mine.value) == _plain(other.value) else Relation.DIFFERS
        decided = (mine or other or _Said("", "")).decided
        if relation is Relation.ONLY_YOURS and decided == SET["program"]:
            decided += ", and leaves it out here"
        yield Compared(name, relation, mine and mine.value, other and other.value, decided)


def _keys(
    engine: Engine, role: Role, words: Sequence[str], env: Mapping[str, str], settings: Settings
) -> Mapping[str, object]:
    """Return the keys that a command's flags express; empty if one of the values cannot be read."""
    try:
        return engine.reading(role, said_flags(engine.flags.read(words)), env, settings.hardware.gpus_per_node).keys
    except ValueError:
        return {}


def _paired(rows: Sequence[Compared], yours: Mapping[str, object], plans: Mapping[str, object]) -> Iterator[Compared]:
    """Yield the rows, with two flags of one key as one row: a renamed flag, or another way to set the same."""
    alone = {
        relation: {row.decided: row for row in reversed(rows) if row.relation is relation and row.flag[0] == "-"}
        for relation in (Relation.ONLY_YOURS, Relation.ONLY_PLANS)
    }
    others = {
        decided: (mine, alone[Relation.ONLY_PLANS][decided])
        for decided, mine in alone[Relation.ONLY_YOURS].items()
        if decided.startswith("layout.") and decided in alone[Relation.ONLY_PLANS]
    }
    taken = [row for pair in others.values() for row in pair]
    for decided, (mine, other) in others.items():
        key = decided.split(".", 2)[2]
        same = yours.get(key) == plans.get(key) and (key in yours or mine.yours == other.plans)
        relation = Relation.SAME if same else Relation.DIFFERS
        yield replace(mine, relation=relation, plans=f"{other.flag} {other.plans}".rstrip())
    yield from (row for row in rows if row not in taken)


def _flags(engine: Engine, role: Role, words: Sequence[str]) -> dict[str, _Said]:
    """Return the flags by the engine's own names; if a flag is given twice, the last one counts, as in the parser."""
    found: dict[str, _Said] = {}
    for given in engine.flags.read(words):
        name = given.flag.names[0] if given.flag else given.words[0].partition("=")[0]
        found[name] = _Said(shown(given), _decided(engine, role, given.flag))
    return found


def _decided(engine: Engine, role: Role, flag: EngineFlag | None) -> str:
    if flag is None:
        return f"{engine.release} has no such flag"
    if flag.owner in SET:
        return SET[flag.owner]
    if flag.owner in (PASSES, UNCHECKED):
        return "extraArgs"
    if flag.owner in engine.flags.keys:
        return f"layout.{role}.{flag.owner}"
    return engine.flags.reasons[flag.owner].rule


def _variables(role: Role, env: Mapping[str, str]) -> dict[str, _Said]:
    shown = {name: MASK if is_secret(name, value) else value for name, value in env.items()}
    return {name: _Said(value, f"layout.{role}.env") for name, value in shown.items()}


def _plain(value: str) -> object:
    """Return a number for a numeric text, so that ``0.80`` and ``.8`` compare as equal; else the text."""
    try:
        return float(value)
    except ValueError:
        return value
