"""Conversion of one launch command to keys of a role, with the fate of each flag and variable and the reason for it."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Final, cast

from wideep.dynamo import release_of
from wideep.engines.base import Engine
from wideep.engines.flags import PASSES, UNCHECKED, Given
from wideep.engines.reading import RoleReading, said_flags
from wideep.launch.words import LaunchCommand, UnreadCommandError
from wideep.masking import MASK, masked
from wideep.rules.environment import OWNED, TOKENS
from wideep.settings.layout import DeepEpMode, Role

__all__ = ["SET", "Fate", "Place", "RoleImport", "import_role", "is_secret", "shown", "value_of", "without"]

SET: Final = {
    "program": "this program sets it",
    "operator": "the operator appends it to a worker of several pods",
}
"""Who sets a flag in any case, by the flag's owner."""
MODES: Final = {Role.PREFILL: DeepEpMode.NORMAL, Role.DECODE: DeepEpMode.LOW_LATENCY}
"""DeepEP mode of each role, for a command that serves both."""
DYNAMOS_PARSERS: Final = ("--dyn-tool-call-parser", "--dyn-reasoning-parser")
PARSERS: Final = {each.replace("--dyn-", "--"): each for each in DYNAMOS_PARSERS}
"""Dynamo's flag by the engine's own flag for what Dynamo's frontend does. Dynamo's worker for SGLang takes one for the
other, and exits on a name that is not one of Dynamo's parsers (``_set_parser`` in its ``args.py``)."""
OF_THE_SHELL: Final = "its value is a variable of the shell"
OTHER_WORDS: Final[Mapping[object, str]] = {"fp8": "fp8_e4m3"}
"""Values for which the engine has a synonym that stacks do not accept: the stack's value by that synonym."""
_SUBSTITUTED: Final = re.compile(r"[$`]|^[<>]\(")
SECRET_NAME: Final = re.compile(
    r"(^|_)(API_?KEY|KEY|TOKEN|SECRET|(PG)?PASS(WORD|WD|PHRASE)?|AUTH(ORIZATION)?|CREDENTIALS?)($|_)"
)
SECRET_MEMBER: Final = re.compile(
    r"""(?:api[_-]?key|access[_-]?key|(?<!first.)(?<!per.)token|secret|passw(?:or)?d|authorization)["']\s*:\s*["'][^"']""",
    re.IGNORECASE,
)
"""A member of a JSON object whose name suggests a secret, as in flags with a JSON value."""


class Place(StrEnum):
    """Where a flag or variable of a command goes."""

    KEY = "key"
    EXTRA = "extraArgs"
    ENV = "env"
    STACK = "stack"
    """A stack-level key that both roles share."""
    SET = "set"
    """The program or the operator sets it."""
    LEFT = "left out"


@dataclass(frozen=True)
class Fate:
    """What happens to one flag or variable."""

    flag: str
    value: str
    """Empty if the flag has no value, or the value is not shown because a flag that is left out may hold a secret."""
    place: Place
    why: str
    """The path of the key, or the reason."""


@dataclass(frozen=True)
class RoleImport:
    """A command converted to a role of ``layout``."""

    keys: Mapping[str, object]
    """Keys of the role, nested as in the stack config."""
    stack: Mapping[str, object]
    """Dotted keys of the stack that both roles share."""
    fates: tuple[Fate, ...]


def import_role(
    engine: Engine, role: Role, command: LaunchCommand, gpus_per_node: int, survives: Callable[[str], bool]
) -> RoleImport:
    """Return the role for a command. ``survives`` tells whether a word reaches the engine unchanged.

    Raises UnreadCommandError for a value that the engine's own parser would refuse.
    """
    given = list(engine.flags.read(command.words))
    try:
        reading = engine.reading(role, said_flags(given), command.env, gpus_per_node)
    except ValueError as error:
        raise UnreadCommandError(f"The {role} command cannot be read: {_refused(masked(str(error)))}.") from error
    reading.keys = {key: _plain(value) for key, value in reading.keys.items()}
    said = reading.keys.get("deepepMode", DeepEpMode.AUTO)
    if command.role is None and reading.keys.get("moeA2aBackend") == "deepep" and said in list(DeepEpMode):
        reading.keys["deepepMode"] = str(MODES[role])
    sorter = _Sorter(engine, role, reading, survives)
    fates = (*(fate for each in given for fate in sorter.flag(each)), *sorter.variables(command.env))
    keys = {**_nested(reading.keys), **({"extraArgs": sorter.extra} if sorter.extra else {})}
    return RoleImport({**keys, **({"env": sorter.env} if sorter.env else {})}, sorter.stack, fates)


def without(found: RoleImport, role: Role, refused: Mapping[str, str]) -> RoleImport:
    """Return the role without the keys in ``refused``, which maps each key to the reason; their flags are left out."""
    head = f"layout.{role}."
    gone = {fate.why.removeprefix(head) for fate in found.fates if fate.place is Place.KEY and fate.why in refused}
    fates = (
        replace(fate, value="", place=Place.LEFT, why=refused[fate.why])
        if fate.place is Place.KEY and fate.why in refused
        else fate
        for fate in found.fates
    )
    return replace(found, keys=_less(found.keys, gone), fates=tuple(fates))


def value_of(given: Given) -> str:
    """Return the values of a flag as written."""
    return " ".join(given.values)


def hidden(given: Given) -> bool:
    """Tell whether the flag is unknown or configures the engine's own server, so that its value may be a password."""
    return given.flag is None or given.flag.owner == "idle"


def is_secret(name: str, value: str) -> bool:
    """Tell whether an environment variable looks like a credential, by its name or its value."""
    return name in TOKENS or bool(SECRET_NAME.search(name.upper())) or tells_secret(value)


def tells_secret(*words: str) -> bool:
    """Tell whether a text looks like a credential, or whether an object, or a flag with its value, contains one."""
    return any(masked(word) != word for word in words) or SECRET_MEMBER.search('": "'.join(words)) is not None


def shown(given: Given) -> str:
    """Return the values of a flag, masked if they may be secret."""
    value = value_of(given)
    return MASK if value and (hidden(given) or tells_secret(*_apart(given.words))) else value


def _apart(words: Sequence[str]) -> tuple[str, ...]:
    """Return a flag and its values as separate words, though the first value may be joined to the flag by ``=``."""
    name, equals, value = words[0].partition("=")
    return (name, *([value] if equals else []), *words[1:])


class _Sorter:
    """Decides where each flag goes, and collects what is passed on to the engine."""

    def __init__(self, engine: Engine, role: Role, reading: RoleReading, survives: Callable[[str], bool]) -> None:
        self._engine, self._role, self._reading, self._survives = engine, role, reading, survives
        pairs = zip(reading.extra[::2], reading.extra[1::2], strict=True)
        kept = (pair for pair in pairs if all(map(survives, pair)) and not tells_secret(*pair))
        self.extra = [word for pair in kept for word in pair]
        self.env: dict[str, str] = {}
        self.stack: dict[str, object] = {}

    def flag(self, given: Given) -> Iterator[Fate]:
        """Yield where one flag goes."""
        reading, written = self._reading, given.words[0].partition("=")[0]
        name = given.flag.names[0] if given.flag else written
        owner = given.flag.owner if given.flag else None
        if name in reading.said_by:
            yield Fate(written, masked(value_of(given)), Place.KEY, f"layout.{self._role}.{reading.said_by[name]}")
        elif name in reading.passed:
            yield Fate(written, shown(given), Place.EXTRA, "passed on, each of its fields as a flag")
        elif name in reading.left:
            yield Fate(written, "", Place.LEFT, reading.left[name])
        elif owner in SET:
            yield Fate(written, "", Place.SET, SET[owner])
        elif owner == "remoteCode":
            self.stack["workers.trustRemoteCode"] = True
            yield Fate(written, "", Place.STACK, "workers.trustRemoteCode")
        elif owner == "revision" and name.lstrip("-") == "revision":
            self.stack["modelCache.revision"] = value_of(given)
            yield Fate(written, masked(value_of(given)), Place.STACK, "modelCache.revision")
        else:
            yield self._passed(given, written, owner)

    def _passed(self, given: Given, written: str, owner: str | None) -> Fate:
        """Return where a flag goes that no key expresses."""
        words = list(given.words)
        if given.gone and given.gone.instead:
            words = [*given.gone.instead.split(), *given.words[1:]]
        elif given.flag is None or given.wrong:
            instead = f": {PARSERS[written]} is Dynamo's, with names of its own" if written in PARSERS else ""
            why = given.wrong or f"{self._engine.release} and Dynamo's worker have no such flag{instead}"
            return Fate(written, "", Place.LEFT, why)
        if owner not in (PASSES, UNCHECKED):
            reason = self._engine.flags.reasons.get(str(owner))
            return Fate(written, "", Place.LEFT, reason.rule if reason else "no key of the stack sets it")
        if tells_secret(*_apart(words)):
            return Fate(written, "", Place.LEFT, "it looks like a secret, and arguments are in clear text in the graph")
        if not all(self._survives(word) for word in words):
            return Fate(written, "", Place.LEFT, "the operator joins arguments into one shell line, which breaks it")
        if any(_SUBSTITUTED.search(word) for word in words):
            return Fate(written, "", Place.LEFT, OF_THE_SHELL)
        self.extra += words
        checked = "passed on" if owner == PASSES else "passed on, not checked"
        renamed = f"; {given.gone.instead} in {self._engine.release}" if given.gone else ""
        if written in PARSERS:
            renamed = f"; Dynamo reads it as {PARSERS[written]}, and exits on any other name"
        return Fate(written, value_of(given), Place.EXTRA, f"{checked}{renamed}")

    def variables(self, env: Mapping[str, str]) -> Iterator[Fate]:
        """Yield where each environment variable goes."""
        owned = {**OWNED, **self._engine.owned_env, **release_of().owned_env}
        for name, value in env.items():
            if name in self._reading.left:
                yield Fate(name, "", Place.LEFT, self._reading.left[name])
            elif name in self._reading.said_by:
                yield Fate(name, value, Place.KEY, f"layout.{self._role}.{self._reading.said_by[name]}")
            elif name in TOKENS:
                yield Fate(name, "", Place.LEFT, "hfToken or hfTokenSecret brings the token")
            elif is_secret(name, value):
                yield Fate(name, "", Place.LEFT, "make a Secret with that key, and set workers.envFrom: [SECRET]")
            elif name in owned:
                yield Fate(name, "", Place.LEFT, owned[name][0])
            elif _SUBSTITUTED.search(value):
                yield Fate(name, "", Place.LEFT, OF_THE_SHELL)
            else:
                self.env[name] = value
                yield Fate(name, value, Place.ENV, f"layout.{self._role}.env")


def _refused(said: str) -> str:
    """Return a conversion error's message, with advice if the value contains a shell variable."""
    from_shell = _SUBSTITUTED.search(said) and "variable" not in said
    return f"{said}; write the value in place of the variable" if from_shell else said


def _plain(value: object) -> object:
    """Return a number for digits that the engine's parser takes as text, and the stack's own word for a synonym."""
    if isinstance(value, str) and re.fullmatch(r"[0-9]{1,18}", value):
        return int(value)
    return OTHER_WORDS.get(value, value) if isinstance(value, str) else value


def _less(keys: Mapping[str, object], gone: Collection[str], above: str = "") -> dict[str, object]:
    """Return nested keys without those whose dotted path is in ``gone``."""
    return {
        key: _less(cast("Mapping[str, object]", value), gone, f"{above}{key}.") if isinstance(value, Mapping) else value
        for key, value in keys.items()
        if f"{above}{key}" not in gone
    }


def _nested(keys: Mapping[str, object]) -> dict[str, object]:
    """Return dotted keys as nested objects."""
    nested: dict[str, object] = {}
    for path, value in keys.items():
        first, _, rest = path.partition(".")
        if rest:
            nested[first] = {**cast("dict[str, object]", nested.get(first, {})), rest: value}
        else:
            nested[first] = value
    return nested
