"""How the command speaks: answers on stdout, everything else on stderr, errors without a traceback."""

from __future__ import annotations

import functools
import json
import os
import sys
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, ParamSpec

import typer

from wideep.errors import WideepError
from wideep.masking import masked, visible
from wideep_cli.errors import CallError, ExitCode, as_json, exit_code
from wideep_cli.options import OutputFormat
from wideep_cli.wrapped import terminal_width, wrapped

if TYPE_CHECKING:
    from rich.console import RenderableType

__all__ = ["answer", "handle_errors", "say"]

P = ParamSpec("P")
PIPE_WIDTH = 100
POSITIONAL = ("command",)


def answer(content: RenderableType) -> None:
    """Write the answer to stdout. A string is written as it is but for control characters, which are spelled out; rich
    draws everything else."""
    if isinstance(content, str):
        _write(visible(content if content.endswith("\n") else content + "\n"))
    else:
        _draw(content)


def _draw(content: RenderableType) -> None:
    """In a terminal as wide as it is; in a pipe without colour, and without the spaces that fill a table's lines."""
    from wideep_cli.screen import Screen

    console = Screen(highlight=False)
    if console.is_terminal:
        console.print(content)
        return
    if "COLUMNS" not in os.environ:
        console.width = PIPE_WIDTH
    with console.capture() as captured:
        console.print(content)
    _write("\n".join(line.rstrip() for line in captured.get().split("\n")))


def _write(text: str) -> None:
    """To stdout. A reader that has closed it, as ``head`` does, ends the command without a word."""
    try:
        sys.stdout.write(text)
        sys.stdout.flush()
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # Python flushes it once more at its end
        raise typer.Exit(ExitCode.FAILED) from None


def say(text: str) -> None:
    """Write a remark to stderr; in a terminal as wide as it is."""
    text, width = visible(masked(text)), terminal_width()
    sys.stderr.write((wrapped(text, width) if width else text) + "\n")


def _require_values(options: Mapping[str, object]) -> None:
    """Refuse an option whose value is empty, as an unset variable of a shell leaves it."""
    for name, value in options.items():
        if isinstance(value, str) and not value.strip() and name not in POSITIONAL:
            option = f"--{name.strip('_').replace('_', '-')}"
            raise CallError(f"{option} has an empty value.", f"Give one, or leave out {option}.")


def handle_errors(verb: Callable[P, None]) -> Callable[P, None]:
    """Decorate a verb: its WideepErrors become a message and an exit code.

    With ``--output json`` stdout gets ``{"problems": […]}``, so that a script has something to read. ``--debug`` lets
    the traceback through.
    """

    @functools.wraps(verb)
    def wrapped(*args: P.args, **kwargs: P.kwargs) -> None:
        try:
            _require_values(kwargs)
            verb(*args, **kwargs)
        except WideepError as error:
            if kwargs.get("debug"):
                raise
            if kwargs.get("output") is OutputFormat.JSON:
                answer(json.dumps(as_json(error), indent=2, ensure_ascii=False))
            say("\n".join([str(error), *getattr(error, "__notes__", ())]))
            raise typer.Exit(exit_code(error)) from error
        except (typer.Exit, typer.Abort, typer.BadParameter):
            raise
        except Exception as error:
            if kwargs.get("debug"):
                raise
            say(f"Internal error in wideep: {type(error).__name__}: {error}\n  Run with --debug for the traceback.")
            raise typer.Exit(ExitCode.FAILED) from error

    return wrapped
