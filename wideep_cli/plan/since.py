"""A stack's plan as it was at a commit of git: ``wideep plan --since REF``."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from pathlib import Path, PurePosixPath
from typing import cast

from wideep.masking import masked
from wideep_cli.errors import CallError
from wideep_cli.git import GitError, ask_git
from wideep_cli.stack_context import StackContext, load
from wideep_cli.stack_file import StackFile, find_project, read_stack_file

__all__ = ["loaded_at"]


def loaded_at(ref: str, source: StackFile) -> StackContext:
    """The stack whose file this is, as it was at ``ref``: its own file, and the config.json that it names.

    Raises:
        CallError: git knows no such commit, or the file was not there.
        ConfigError: the config broke a rule then.
    """
    folder, name = source.path.resolve().parent, source.path.name
    commit = _commit(folder, ref)
    with tempfile.TemporaryDirectory() as scratch:
        copy = Path(scratch)
        _copy(folder, commit, ref, name, copy)
        project = find_project(folder)
        then = read_stack_file(copy / name, project)
        for path in _named_files(then):
            _copy(folder, commit, ref, path, copy)
        return load(StackFile(copy / name, then.config))


def _commit(folder: Path, ref: str) -> str:
    found = _git(folder, "rev-parse", "--verify", "--quiet", "--end-of-options", f"{ref}^{{commit}}")
    if found is None:
        raise CallError(f"--since {masked(ref)}: git knows no such commit in {folder}.", "Try --since main or HEAD.")
    return found.decode("ascii", "replace").strip()


def _copy(folder: Path, commit: str, ref: str, name: str, copy: Path) -> None:
    content = _git(folder, "show", f"{commit}:./{name}")
    if content is None:
        raise CallError(f"{name} is not in {masked(ref)}.", "The stack is new since then; wideep plan shows it whole.")
    target = copy / name
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_bytes(content)


def _named_files(source: StackFile) -> Iterator[str]:
    """Files beside the stack's that its config names."""
    model = source.config.get("model")
    path = cast("dict[str, object]", model).get("config") if isinstance(model, dict) else None
    if isinstance(path, str) and not PurePosixPath(path).is_absolute() and ".." not in PurePosixPath(path).parts:
        yield path


def _git(folder: Path, *args: str) -> bytes | None:
    try:
        return ask_git(folder, *args)
    except GitError as error:
        raise CallError(f"--since: {error}.", "Install git, or use --diff A.yaml B.yaml.") from error
