"""A file of expert locations, checked on this machine before it is put on the cache volume."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path, PurePosixPath

from wideep.errors import ConfigError, Problem
from wideep.expert_location import location_faults
from wideep.named_file import read_named
from wideep_cli.errors import CallError
from wideep_cli.plan.view import RoleView, role_views
from wideep_cli.stack_context import StackContext

__all__ = ["check_experts", "starts_recorded"]


def starts_recorded(view: RoleView) -> str | None:
    """The file on the volume that says where a role's experts are at the start. None: slot i holds expert i % E."""
    location = view.layout.eplb.initial_expert_location
    return None if location == "trivial" else location


def check_experts(loaded: StackContext, path: Path) -> str:
    """What the file was found to fit.

    Raises:
        CallError: it cannot be read, or no role starts from a file.
        ConfigError: it does not fit a role that starts from it.
    """
    views = _starting_from(path, [view for view in role_views(loaded) if starts_recorded(view)])
    if not views:
        fix = f"Set layout.ROLE.eplb.initialExpertLocation: /model-cache/expert-counts/{path.name}."
        raise CallError("--experts: no role of the stack starts from a file of expert locations.", fix)
    if path.suffix == ".pt":
        raise CallError(f"{path} is in PyTorch's own format, which only the engine reads.", "Write it as .json.")
    try:
        text = read_named(path)
    except (OSError, UnicodeDecodeError) as error:
        reason = getattr(error, "strerror", None) or "it is not text"
        raise CallError(f"{path} cannot be read: {reason}.", "Name the file that goes on the volume.") from error
    problems = [
        Problem(f"layout.{view.role}.eplb.initialExpertLocation", str(path), rule, fix)
        for view in views
        for rule, fix in location_faults(text, view.model, view.layout)
    ]
    if problems:
        raise ConfigError(problems)
    return f"{path} fits {' and '.join(view.role for view in views)}."


def _starting_from(path: Path, views: Sequence[RoleView]) -> Sequence[RoleView]:
    """Those whose file is called as this one, or else all of them."""
    same = [view for view in views if PurePosixPath(starts_recorded(view) or "").name == path.name]
    return same or views
