"""Runs one step of obtaining a tool, with its output in a file and its last lines in the error."""

import subprocess
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from sim.state import SimError

_SHOWN = 15
_TICK = 1.0


def run(
    command: Sequence[str | Path],
    *,
    log: Path,
    cwd: Path | None = None,
    env: Mapping[str, str] | None = None,
    tick: Callable[[], None] = lambda: None,
) -> None:
    """Run `command`, appending its output to `log`; call `tick` every second while it runs.

    Raises SimError with the command, its last lines and the log's path.
    """
    log.parent.mkdir(parents=True, exist_ok=True)
    with log.open("ab") as output:
        process = subprocess.Popen(
            [str(part) for part in command], cwd=cwd, env=env, stdin=subprocess.DEVNULL, stdout=output, stderr=output
        )
        try:
            while True:
                try:
                    code = process.wait(timeout=_TICK)
                    break
                except subprocess.TimeoutExpired:
                    tick()
        finally:
            if process.poll() is None:
                process.terminate()
                process.wait()
    if code:
        shown = " ".join(str(part) for part in command)
        raise SimError(f"`{shown}` ended with exit code {code}:\n{tail(log)}\nAll of its output: {log}")


def tail(file: Path, lines: int = _SHOWN) -> str:
    """Return the last lines of a text file, indented; a note if there are none."""
    try:
        with file.open(errors="replace") as text:
            last = deque(text, maxlen=lines)
    except FileNotFoundError:
        last = deque[str]()
    return "".join(f"    {line}" for line in last).rstrip("\n") or "    (it printed nothing)"
