"""``extraArgs`` cannot go round a key: what each flag is (``wideep.backends.sglang_flags``), and what follows."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

from wideep.backends.extra_args import Given, read_extra_args
from wideep.backends.sglang import survives_shell
from wideep.backends.sglang_flags import PASSES, UNCHECKED
from wideep.errors import Problem
from wideep.settings.formatting import shown
from wideep.settings.root import Settings

__all__ = ["extra_args_problems", "extra_args_warnings"]


@dataclass(frozen=True)
class Reason:
    """Why a flag that no key of the role sets is refused."""

    rule: str
    fix: str


_OUT: Final = "take it out"
REASONS: Final[Mapping[str, Reason]] = MappingProxyType(
    {
        "operator": Reason(
            "the Dynamo operator appends this flag to the workers itself", f"{_OUT}; nodes says how many pods there are"
        ),
        "program": Reason("this flag follows from the stack, for both roles alike", _OUT),
        "worker": Reason("it makes something else of the worker than a role of this graph on the pod's own GPUs", _OUT),
        "model": Reason(
            "it changes the model, and the plan computes with model",
            f"{_OUT}; another format is another model: write model: {{config: PATH}} of its config.json",
        ),
        "revision": Reason(
            "the workers read a folder of the cache", f"{_OUT} and write modelCache.revision or modelCache.path"
        ),
        "remoteCode": Reason(
            "workers.trustRemoteCode sets this flag, for both roles alike",
            f"{_OUT} and write workers.trustRemoteCode: true",
        ),
        "memory": Reason(
            "it changes what lies in a GPU's memory, which the plan works out without it",
            f"{_OUT}; memFractionStatic says how much the KV cache gets",
        ),
        "idle": Reason("Dynamo's worker serves no HTTP of its own and reads no config file: it does nothing", _OUT),
        "ends": Reason("SGLang 0.5.3.post2 ends at this flag", _OUT),
        "deletes": Reason("it deletes the model's files, which all workers read from one volume", _OUT),
    }
)
"""By the flag's owner."""


def extra_args_problems(settings: Settings) -> Iterator[Problem]:
    """Flags that a key sets, that follow from the stack, or that the engine's parser refuses."""
    for name, role in settings.layout.roles.items():
        key = f"layout.{name}.extraArgs"
        for given in read_extra_args(role.extra_args):
            broken = [word for word in given.words if not survives_shell(word)]
            problem = None if broken else _refused(name, key, given)
            yield from (_of_the_shell(key, word) for word in broken)
            if problem:
                yield problem


def extra_args_warnings(settings: Settings) -> Iterator[Problem]:
    """Flags that are passed on without the plan knowing what they do."""
    for name, role in settings.layout.roles.items():
        given = [each for each in read_extra_args(role.extra_args) if not each.wrong]
        unknown = [_written(each) for each in given if each.flag is None]
        known = [_written(each) for each in given if each.flag and each.flag.owner == UNCHECKED]
        key = f"layout.{name}.extraArgs"
        if unknown:
            rule = "passed on, not checked: SGLang 0.5.3.post2 and Dynamo 0.6.0 have no such flag; the engine may end"
            yield Problem(key, ", ".join(unknown), rule, "take it out, or try it on one worker first")
        if known:
            rule = "passed on, not checked: the plan does not count what it takes or ask what it needs"
            yield Problem(key, ", ".join(known), rule, "leave room outside the pool: a smaller memFractionStatic")


def _of_the_shell(key: str, word: str) -> Problem:
    rule = "the operator joins the arguments unquoted into one shell line: no blanks, quotes or $ in one"
    return Problem(key, shown(repr(word)), rule, "write the flag and its value as two items, without quotes")


def _refused(role: str, key: str, given: Given) -> Problem | None:
    flag, written = given.flag, _written(given)
    owner = flag.owner if flag else None
    if flag is None or owner in (None, PASSES, UNCHECKED):
        return Problem(key, written, given.wrong, _repaired(given)) if given.wrong else None
    also = f" ({flag.names[0]})" if written.split("=")[0].split()[0] not in flag.names else ""
    if owner in REASONS:
        return Problem(key, f"{written}{also}", REASONS[owner].rule, REASONS[owner].fix)
    rule = f"layout.{role}.{owner} says what this flag does, and rules are checked on that key"
    return Problem(key, f"{written}{also}", rule, f"{_OUT} and write {owner}")


def _repaired(given: Given) -> str:
    return f"write {given.flag.names[0]} as the engine's help has it, or {_OUT}" if given.flag else _OUT


def _written(given: Given) -> str:
    return shown(" ".join(given.words))
