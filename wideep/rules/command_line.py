"""A rule for the engine's whole command line, whichever settings its words come from."""

from __future__ import annotations

from collections.abc import Iterator

from wideep.dynamo import release_of
from wideep.engines import engine_of
from wideep.errors import Problem
from wideep.settings.layout import Role, RoleLayout
from wideep.settings.root import Settings

__all__ = ["command_line_problems"]

RULE = "the operator joins the engine's arguments unquoted into one shell line: no blanks, quotes, $ or ; in one"
FIX = "write it with letters, digits and _@%+=:,./- only"


def command_line_problems(settings: Settings) -> list[Problem]:
    """Return a problem for each word that does not survive the shell line that starts a worker of several pods."""
    return [problem for role, layout in settings.layout.roles.items() for problem in _broken(settings, role, layout)]


def _broken(settings: Settings, role: Role, layout: RoleLayout) -> Iterator[Problem]:
    survives = release_of(settings).survives_shell
    for word in engine_of(settings).args(settings, role, layout):
        if not survives(word) and word not in layout.extra_args:  # wideep.rules.extra_args checks extraArgs
            yield Problem(_key(role, layout, word), repr(word), RULE, FIX)


def _key(role: Role, layout: RoleLayout, word: str) -> str:
    """Return the key of the setting that a word came from: one of the two settings that accept any character."""
    recorded = word == layout.eplb.initial_expert_location
    return f"layout.{role}.{'eplb.initialExpertLocation' if recorded else 'speculative.draftModel'}"
