"""A check of a file of expert locations on this machine, before the file goes onto the cache volume."""

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
    """Return the file on the volume with a role's initial expert locations; None if slot i starts with expert i % E."""
    location = view.layout.eplb.initial_expert_location
    return None if location == "trivial" else location


def check_experts(loaded: StackContext, path: Path) -> str:
    """Check a file of expert locations against the roles that start from one, and return which roles it fits.

    Raises:
        CallError: the file cannot be read or is in PyTorch's format, or no role starts from a file.
        ConfigError: the file does not fit a role that starts from it.
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
    """Return the roles whose file has the same name as ``path``, or all of them if none has."""
    same = [view for view in views if PurePosixPath(starts_recorded(view) or "").name == path.name]
    return same or views
