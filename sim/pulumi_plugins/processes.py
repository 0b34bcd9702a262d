"""Programs that a plugin runs (crane): they end when the update is cancelled, or when the plugin itself ends."""

from __future__ import annotations

import os
import subprocess
import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from sim.pulumi_plugins.server import PluginError

GRACE: Final = 20.0  # seconds that a program has to clean up after SIGTERM

_running: set[subprocess.Popen[str]] = set()


@dataclass(frozen=True)
class Outcome:
    """A program's exit code and output."""

    code: int
    out: str
    err: str


def run(
    command: Sequence[str],
    cancelled: threading.Event,
    *,
    stdin: str = "",
    env: Mapping[str, str] | None = None,
    cwd: str | None = None,
) -> Outcome:
    """Run a program to its end. Sensitive input goes to stdin, never into its arguments.

    Raises:
        PluginError: It is not on PATH.
    """
    try:
        process = subprocess.Popen(
            command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            cwd=cwd,
            env={**os.environ, **(env or {})},
        )
    except FileNotFoundError as error:
        raise PluginError(f"{command[0]} is not on PATH: run `python -m sim up` first") from error
    _running.add(process)
    try:
        return _finish(process, cancelled, stdin)
    finally:
        _running.discard(process)


def _finish(process: subprocess.Popen[str], cancelled: threading.Event, stdin: str) -> Outcome:
    told = False
    given: str | None = stdin
    while True:
        try:
            out, err = process.communicate(given, timeout=GRACE if told else 0.5)
        except subprocess.TimeoutExpired:
            given = None  # communicate has already taken it
            if told:
                process.kill()
            elif cancelled.is_set():
                process.terminate()
                told = True
            continue
        return Outcome(process.returncode, out, err)


def kill_all() -> None:
    """End every running program at once."""
    for process in list(_running):
        process.kill()
