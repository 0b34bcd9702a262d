"""``python -m ci.review``: what a reviewer reads of a preview, from the engine's event log."""

from __future__ import annotations

import re
import sys
from pathlib import Path
from typing import Annotated

import typer

from wideep.errors import ConfigError
from wideep_cli.console import answer, handle_errors, say
from wideep_cli.errors import CallError
from wideep_cli.options import Debug

app = typer.Typer(no_args_is_help=True, add_completion=False, pretty_exceptions_enable=False, help=__doc__)

Events = Annotated[Path, typer.Option("--events", metavar="FILE", help="What --event-log wrote.")]
Stack = Annotated[str, typer.Option("--stack", "-s", metavar="NAME", help="The stack that is previewed.")]

SUMMARY = 200_000
"""Maximum number of characters of a block in a job's summary, which GitHub limits to 1 MiB."""


@app.command()
@handle_errors
def diff(events: Events, debug: Debug = False) -> None:
    """Print a preview: what changes, without noise. Exit code 1 when the preview failed."""
    from ci.review.diff import diff_text
    from ci.review.events import read_events

    preview = read_events(events)
    answer(diff_text(preview))
    for message in preview.messages:
        say(f"{message.severity}: {message.text}")
    for one in preview.violations:
        say(f"{'error' if one.mandatory else 'advice'}: policy {one.policy}: {one.text}")
    if not preview.finished:
        say("error: the preview was stopped before its end; what is above may be a part of it")
    if preview.failed:
        raise typer.Exit(1)


@app.command()
@handle_errors
def drift(
    stack: Stack,
    events: Events,
    same: Annotated[bool, typer.Option("--same/--differs", help="What `pulumi preview --expect-no-changes` said.")],
    debug: Debug = False,
) -> None:
    """Print whether the cluster is as main says, and the difference, as Markdown. Exit code 1: it is not."""
    from ci.review.diff import diff_text
    from ci.review.events import read_events
    from wideep_cli.markdown import fenced

    preview = read_events(events)
    holds = same and not preview.failed
    said = "\n\n".join(message.text for message in preview.messages if message.severity == "error")
    parts = [f"### Stack {_named(stack)}: {'as main says' if holds else 'NOT as main says'}"]
    parts += [fenced(diff_text(preview), "diff", SUMMARY), *([fenced(said, limit=SUMMARY)] if said else [])]
    answer("\n\n".join(parts))
    if not holds:
        raise typer.Exit(1)


@app.command(name="fenced")
@handle_errors
def fenced_text(debug: Debug = False) -> None:
    """Print what stands on stdin as a block of Markdown."""
    from wideep_cli.markdown import fenced

    answer(fenced(sys.stdin.read(), limit=SUMMARY))


def _named(stack: str) -> str:
    """Return the stack's name if it is safe in a heading and in a comment's first line.

    Raises:
        CallError: it is not a stack's name.
    """
    if re.fullmatch(r"[A-Za-z0-9._/-]{1,200}", stack):
        return stack
    raise CallError(f"--stack {stack!r} names no stack.", "Write its name: letters, digits, dots, dashes and _.")


@app.command()
@handle_errors
def comment(  # noqa: PLR0913, PLR0917 - as many parameters as options
    stack: Stack,
    after: Annotated[Path, typer.Option(metavar="Pulumi.NAME.yaml", help="The stack's file with the change.")],
    before: Annotated[Path | None, typer.Option(metavar="FILE", help="The same file without it.")] = None,
    events: Annotated[Path | None, typer.Option(metavar="FILE", help="What --event-log wrote.")] = None,
    unchecked: Annotated[list[str] | None, typer.Option(help="What could not be looked at; may be repeated.")] = None,
    debug: Debug = False,
) -> None:
    """Print the comment for a pull request, as Markdown."""
    from ci.review.comment import Review
    from ci.review.comment import comment as text
    from ci.review.events import read_events
    from wideep_cli.stack_context import load, stack_file

    _named(stack)
    preview = read_events(events) if events and events.exists() else None
    old = load(stack_file(None, before)) if before and before.exists() else None
    notes = tuple(unchecked or ())
    try:
        review = Review(stack, old, load(stack_file(None, after)), preview=preview, unchecked=notes)
    except ConfigError as error:
        review = Review(stack, old, None, str(error), preview, notes)
    answer(text(review))


@app.command()
@handle_errors
def post(
    stack: Stack,
    body: Annotated[Path, typer.Option(metavar="FILE", help="What `comment` printed.")],
    debug: Debug = False,
) -> None:
    """Write the comment on the pull request of this job, over the one that is there."""
    from ci.review.comment import marker
    from ci.review.forge import put_comment

    done = put_comment(body.read_text(encoding="utf-8"), marker(_named(stack)))
    say(f"The comment on stack {stack} is {done}.")


if __name__ == "__main__":
    app(prog_name="python -m ci.review")
