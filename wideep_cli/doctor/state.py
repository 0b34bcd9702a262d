"""Check the stack's state, if Pulumi keeps it on this machine: a full disk may have truncated it."""

from __future__ import annotations

import json
import shlex
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from wideep.pulumi_backend import backend_url, lack_of_room, state_folder
from wideep_cli.doctor.finding import Finding, Section, fails, holds
from wideep_cli.stack_file import Project, find_project, stack_of

__all__ = ["state_findings"]

CHECK: Final = "state"


def state_findings(stack_file: Path) -> Iterator[Finding]:
    """Check that the state can be read, and that the disk has room for it. Yield nothing if it is kept elsewhere."""
    project = find_project(stack_file.resolve().parent)
    try:
        folder = state_folder(backend_url(project.backend))
    except (OSError, ValueError):  # the files of Pulumi's CLI, which reports their problems itself
        folder = None
    if folder is None:
        return
    lack = lack_of_room(folder)
    if lack:
        yield fails(Section.OUTSIDE, "room", lack, f"free disk space in {folder}")
    yield from _state(folder / ".pulumi", project, stack_of(stack_file))


def _state(folder: Path, project: Project, stack: str) -> Iterator[Finding]:
    file = folder / "stacks" / project.name / f"{stack}.json"
    if not file.is_file():
        return
    if _is_whole(file):
        yield holds(Section.OUTSIDE, CHECK, f"The state of stack {stack} can be read.")
        return
    what = f"The state of stack {stack} is truncated, as by a full disk: {file} is not complete JSON."
    last = _last_whole(folder / "history" / project.name / stack)
    if last:
        again = "pulumi up --refresh: later changes are read from the cluster"
        yield fails(Section.OUTSIDE, CHECK, what, shlex.join(["cp", str(last), str(file)]), again)
    else:
        steps = (shlex.join(["rm", str(file)]), shlex.join(["pulumi", "stack", "init", stack]))
        yield fails(Section.OUTSIDE, CHECK, what, *steps, "pulumi up: existing objects are found on the cluster")


def _is_whole(file: Path) -> bool:
    try:
        json.loads(file.read_bytes())
    except ValueError:
        return False
    return True


def _last_whole(history: Path) -> Path | None:
    """Return the newest complete checkpoint that was kept at the end of an update; None if there is none."""
    kept = sorted(history.glob("*.checkpoint.json"), reverse=True)
    return next((file for file in kept if _is_whole(file)), None)
