"""A progress bar on stderr while the estimator runs."""

from __future__ import annotations

import sys
from collections.abc import Generator
from contextlib import contextmanager

from wideep.settings.layout import Role
from wideep_cli.advise import search

__all__ = ["showing_progress"]


@contextmanager
def showing_progress() -> Generator[search.Progress]:
    """Show one progress bar for both roles, which disappears at the end; show none if stderr is not a terminal."""
    if not sys.stderr.isatty():
        yield lambda role, done: None
        return
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

    columns = (TextColumn("{task.description}"), BarColumn(), TimeElapsedColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task("loading the measurements", total=2.0)

        def progress(role: Role, done: float) -> None:
            bar.update(task, description=f"asking for {role} workers", completed=done + (role is Role.DECODE))

        yield progress
