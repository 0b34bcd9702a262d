"""Output of the command: answers on stdout, everything else on stderr, and errors without a traceback."""

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
    """Write the answer to stdout. A string is written unchanged, except that its control characters are spelled out;
    rich renders everything else."""
    if isinstance(content, str):
        _write(visible(content if content.endswith("\n") else content + "\n"))
    else:
        _draw(content)


def _draw(content: RenderableType) -> None:
    """Render ``content`` at the width of the terminal; for a pipe, without colour and without the spaces that pad the
    lines of a table."""
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
    """Write to stdout. If the reader has closed the pipe, as ``head`` does, exit with code 1 and no message."""
    try:
        sys.stdout.write(text)
        sys.stdout.flush()
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # Python flushes stdout again at exit
        raise typer.Exit(ExitCode.FAILED) from None


def say(text: str) -> None:
    """Write a message to stderr, wrapped to the width of the terminal if stderr is one."""
    text, width = visible(masked(text)), terminal_width()
    sys.stderr.write((wrapped(text, width) if width else text) + "\n")


def _require_values(options: Mapping[str, object]) -> None:
    """Raise CallError for an option whose value is empty, which is what an unset shell variable leaves."""
    for name, value in options.items():
        if isinstance(value, str) and not value.strip() and name not in POSITIONAL:
            option = f"--{name.strip('_').replace('_', '-')}"
            raise CallError(f"{option} has an empty value.", f"Give one, or leave out {option}.")


def handle_errors(verb: Callable[P, None]) -> Callable[P, None]:
    """Decorate a verb so that its WideepErrors become a message and an exit code.

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
