"""How the command speaks: answers on stdout, everything else on stderr, errors without a traceback."""

from __future__ import annotations

import functools
import json
import os
import sys
from collections.abc import Callable, Iterable
from typing import ParamSpec

import typer
from rich.console import Console, ConsoleOptions, RenderableType
from rich.segment import Segment
from rich.text import Text

from wideep.errors import WideepError
from wideep.masking import masked, visible
from wideep_cli.errors import ExitCode, as_json, exit_code
from wideep_cli.options import OutputFormat

__all__ = ["Screen", "answer", "handle_errors", "say"]

P = ParamSpec("P")
PIPE_WIDTH = 100


class Screen(Console):
    """A console that draws foreign text and does not obey it: control characters of what is drawn are spelled out, and
    only rich's own sequences reach the terminal."""

    def render(self, renderable: RenderableType, options: ConsoleOptions | None = None) -> Iterable[Segment]:
        """As the base class, segment by segment."""
        for segment in super().render(renderable, options):
            yield segment if segment.control else Segment(visible(segment.text), segment.style)


def answer(content: RenderableType) -> None:
    """Write the answer to stdout. A string is written as it is but for control characters, which are spelled out; rich
    draws everything else."""
    if isinstance(content, str):
        sys.stdout.write(visible(content if content.endswith("\n") else content + "\n"))
    else:
        _draw(content)


def _draw(content: RenderableType) -> None:
    """In a terminal as wide as it is; in a pipe without colour, and without the spaces that fill a table's lines."""
    console = Screen(highlight=False)
    if console.is_terminal:
        console.print(content)
        return
    if "COLUMNS" not in os.environ:
        console.width = PIPE_WIDTH
    with console.capture() as captured:
        console.print(content)
    sys.stdout.write("\n".join(line.rstrip() for line in captured.get().split("\n")))


def say(text: str) -> None:
    """Write a remark to stderr."""
    Screen(stderr=True, highlight=False, soft_wrap=True).print(Text(visible(masked(text))))


def handle_errors(verb: Callable[P, None]) -> Callable[P, None]:
    """Decorate a verb: its WideepErrors become a message and an exit code.

    With ``--output json`` stdout gets ``{"problems": […]}``, so that a script has something to read. ``--debug`` lets
    the traceback through.
    """

    @functools.wraps(verb)
    def wrapped(*args: P.args, **kwargs: P.kwargs) -> None:
        try:
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
