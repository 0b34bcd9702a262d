"""Errors of the command line and the exit codes that go with them.

wideep.errors.WideepError     exit 1
├── ConfigError               exit 2: the stack config breaks a rule
└── CallError                 exit 2: the command was called with something that is not there
"""

from __future__ import annotations

from collections.abc import Generator
from contextlib import contextmanager
from enum import IntEnum
from pathlib import Path

from wideep.errors import ConfigError, WideepError

__all__ = ["CallError", "ExitCode", "as_json", "exit_code", "writing"]


class ExitCode(IntEnum):
    """Exit codes of ``wideep``."""

    OK = 0
    FAILED = 1
    USAGE = 2


class CallError(WideepError):
    """The call names a file, stack or option value that does not exist. ``fix`` says what to type instead."""

    def __init__(self, message: str, fix: str) -> None:
        super().__init__(f"{message}\n  {fix}")
        self.message = message
        self.fix = fix


@contextmanager
def writing(path: Path) -> Generator[None]:
    """Raise CallError if the file cannot be written within this context."""
    try:
        yield
    except FileExistsError:
        raise CallError(f"{path} exists.", "Name another file, or remove it.") from None
    except OSError as error:
        raise CallError(
            f"{path} cannot be written: {error.strerror}.", "Name a file in an existing directory."
        ) from error


def exit_code(error: WideepError) -> ExitCode:
    """Return the exit code of an error."""
    return ExitCode.USAGE if isinstance(error, ConfigError | CallError) else ExitCode.FAILED


def as_json(error: WideepError) -> dict[str, list[dict[str, str]]]:
    """Return the error as ``--output json`` writes it: ``{"problems": [{"key", "value", "rule", "fix"}]}``."""
    if isinstance(error, ConfigError):
        return {
            "problems": [
                {"key": problem.key, "value": problem.value, "rule": problem.rule, "fix": problem.fix}
                for problem in error.problems
            ]
        }
    rule, fix = (error.message, error.fix) if isinstance(error, CallError) else (str(error), "")
    return {"problems": [{"key": "", "value": "", "rule": rule, "fix": fix}]}
