"""A stack's plan at a git commit: ``wideep plan --since REF``."""

from __future__ import annotations

import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path, PurePosixPath
from typing import Final, cast

from wideep.catalog.huggingface import MODELOPT
from wideep.masking import masked
from wideep.named_file import MOST_BYTES, is_there
from wideep.settings.formatting import redact
from wideep_cli.errors import CallError
from wideep_cli.git import GitError, ask_git
from wideep_cli.stack_context import StackContext, load
from wideep_cli.stack_file import StackFile, find_project, read_stack_file

__all__ = ["loaded_at"]

OTHERWISE: Final = "use --diff A.yaml B.yaml"


def loaded_at(ref: str, source: StackFile) -> StackContext:
    """Load the stack as it was at ``ref``, from its file at that commit and the config.json that the file names.

    Raises:
        CallError: git knows no such commit, or the file did not exist then.
        ConfigError: the config broke a rule then.
    """
    path = source.path.resolve()
    commit = _commit(path.parent, ref)
    with tempfile.TemporaryDirectory() as scratch:
        copy = Path(scratch)
        if not _copied(path.parent, commit, path.name, copy):
            raise CallError(f"{path.name} is not in {redact(ref)}.", _other_name(path, commit))
        then = read_stack_file(copy / path.name, find_project(path.parent))
        for name in _named_files(then):
            _copied(path.parent, commit, name, copy)
        return load(StackFile(copy / path.name, then.config))


def _commit(folder: Path, ref: str) -> str:
    """Return the hash of the commit.

    Raises:
        CallError: git knows no such commit, or cannot read this repository.
    """
    found = _git(folder, "rev-parse", "--verify", "--quiet", "--end-of-options", f"{ref}^{{commit}}")
    if found.returncode == 0:
        return found.stdout.decode("ascii", "replace").strip()
    shallow = _git(folder, "rev-parse", "--is-shallow-repository")
    if shallow.returncode:
        said = masked(shallow.stderr.decode("utf-8", "replace")).strip().partition("\n")[0]
        raise CallError(f"--since {redact(ref)}: git says in {folder}: {said}.", f"Or {OTHERWISE}.")
    cut = shallow.stdout.strip() == b"true"
    fix = "The clone is shallow: git fetch --unshallow --tags." if cut else "Try --since main or HEAD."
    raise CallError(f"--since {redact(ref)}: git knows no such commit in {folder}.", fix)


def _copied(folder: Path, commit: str, name: str, copy: Path) -> bool:
    """Copy a file of a commit to the folder ``copy``, and tell whether the commit has it.

    Raises:
        CallError: the file is too large, or its content is not in this clone.
    """
    blob = f"{commit}:./{name}"
    if not _git(folder, "ls-tree", commit, "--", f"./{name}").stdout:
        return False
    size = _git(folder, "cat-file", "-s", blob).stdout.strip()
    if size.isdigit() and int(size) > MOST_BYTES:
        raise CallError(f"{name} had {int(size):,} bytes, and at most {MOST_BYTES:,} are read.", "Name another commit.")
    content = _git(folder, "cat-file", "blob", blob)
    if content.returncode:
        fix = f"Fetch it (a partial clone has it not): git show {commit}:./{name}"
        raise CallError(f"{name} of {commit} is not a file in this clone.", fix)
    target = copy / name
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_bytes(content.stdout)
    return True


def _other_name(path: Path, commit: str) -> str:
    """Return the advice for a stack file that the commit lacks: it may have had another name."""
    listed = _git(path.parent, "ls-tree", "--name-only", "-z", commit, "./").stdout.decode("utf-8", "replace")
    names = [name for name in listed.split("\0") if name.startswith("Pulumi.") and name.endswith(".yaml")]
    others = ", ".join(
        redact(name) for name in names if name != "Pulumi.yaml" and not is_there(Path(path.parent, name))
    )
    if not others:
        return "The stack is new since then; wideep plan shows it whole."
    return (
        f"If it was {others}: git show {commit[:12]}:./NAME > then.yaml, and wideep plan --diff then.yaml {path.name}"
    )


def _named_files(source: StackFile) -> Iterator[str]:
    """Yield the files beside the stack file that its config names, and ModelOpt's file beside a config.json."""
    model = source.config.get("model")
    path = cast("dict[str, object]", model).get("config") if isinstance(model, dict) else None
    if isinstance(path, str) and not PurePosixPath(path).is_absolute() and ".." not in PurePosixPath(path).parts:
        yield path
        if PurePosixPath(path).name == "config.json":
            yield str(PurePosixPath(path).with_name(MODELOPT))


def _git(folder: Path, *args: str) -> subprocess.CompletedProcess[bytes]:
    try:
        return ask_git(folder, *args)
    except GitError as error:
        raise CallError(f"--since: {error}.", f"Install git, or {OTHERWISE}.") from error
