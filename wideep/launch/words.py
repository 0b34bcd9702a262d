"""From a text to the launch commands in it. The text is foreign: it is cut into words, and nothing in it is run."""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final

from wideep.engines import known_launches
from wideep.engines.launches import Launch
from wideep.launch.containers import containers_of
from wideep.launch.shell import UnreadCommandError, assignments, commands_of
from wideep.settings.backend import Backend
from wideep.settings.layout import Role

__all__ = ["LaunchCommand", "UnreadCommandError", "launch_commands"]

_SHELL: Final = re.compile(r"(.*/)?(ba|da|z)?sh")
_SCRIPT_FLAG: Final = re.compile(r"-[a-z]*c")


@dataclass(frozen=True)
class LaunchCommand:
    """One command that starts an engine."""

    backend: Backend
    words: tuple[str, ...]
    """After the program: flags and their values."""
    env: dict[str, str]
    """Variables that the text sets for it."""
    model: str | None
    """A model that stands without a flag (``vllm serve MODEL``)."""
    role: Role | None
    """As its flags say. None: it serves both."""


def launch_commands(text: str, documents: Iterable[object] = ()) -> tuple[LaunchCommand, ...]:
    """Return every launch command of a text: a line, or a script with continued lines, comments and exports.

    ``documents``: what it says as YAML. The containers in them are taken before the text as a script.

    Raises UnreadCommandError where there is none, or where a quote is not closed.
    """
    found = list(_of_containers(documents)) or list(_of_script(text, {}))
    if not found:
        known = [f"{each.program} serve, python3 -m {', '.join(each.modules)}" for each in known_launches()]
        raise UnreadCommandError(f"No launch command in the text. It starts with one of: {', '.join(known)}.")
    return tuple(found)


def _of_containers(documents: Iterable[object]) -> Iterator[LaunchCommand]:
    """Those of a manifest. Its names say the roles only where they name both: one that serves both has any name."""
    found = [
        (command, container.role)
        for container in containers_of(documents)
        for command in _of_words(container.words, container.env)
    ]
    both = {command.role or role for command, role in found} >= set(Role)
    for command, role in found:
        yield replace(command, role=command.role or role) if both else command


def _of_script(text: str, env: Mapping[str, str]) -> Iterator[LaunchCommand]:
    for words, exported in commands_of(text, env):
        yield from _of_words(words, exported)


def _of_words(words: Sequence[str], env: Mapping[str, str]) -> Iterator[LaunchCommand]:
    """The launch command of one command's words, or those of the script that they give a shell (``bash -c SCRIPT``)."""
    for at, (word, following) in enumerate(itertools.pairwise(words[:-1])):
        if _SHELL.fullmatch(word) and _SCRIPT_FLAG.fullmatch(following):
            yield from _of_script(words[at + 2], {**env, **assignments(words[:at])})
            return
    start = _start(words)
    if start:
        at, after, launch = start
        rest = list(words[after:])
        model = rest.pop(0) if rest and not rest[0].startswith("-") else None
        whole = {**env, **assignments(words[:at])}
        yield LaunchCommand(launch.backend, tuple(rest), whole, model, launch.role(words[at:]))


def _start(words: Sequence[str]) -> tuple[int, int, Launch] | None:
    """Where the program is named, where its flags begin, and whose it is."""
    for at, (word, following) in enumerate(itertools.pairwise(words)):
        for launch in known_launches():
            by_module = word == "-m" and following in launch.modules
            if by_module or (word.rpartition("/")[2], following) == (launch.program, "serve"):
                return at, at + 2, launch
            if following.startswith("-") and word.rpartition("/")[2].partition(":")[0] in launch.images:
                return at, at + 1, launch
    return None
