"""The processes the simulation starts: they outlive the shell, are found again, and only they are ever ended."""

import os
import subprocess
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from pathlib import Path

import psutil

from sim.state import Process

MARK = "SIM_SUPERVISED"
"""In the environment of all these processes and what they start; never in a user's shell."""
_SAME = 2.0  # seconds: the kernel's own rounding of a start, far below what it takes to use all pids once
_GRACE = 10.0  # seconds between asking a process to end and ending it
_POLL = 0.02


def start(
    command: Sequence[str | Path], *, cluster: str, log: Path, port: int | None = None, env: Mapping[str, str]
) -> Process:
    """Starts a process in a session of its own, with its output appended to `log`."""
    log.parent.mkdir(parents=True, exist_ok=True)
    with log.open("ab") as output:
        child = subprocess.Popen(
            [str(part) for part in command],
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            env=marked(env, cluster),
            cwd=log.parent,
            start_new_session=True,
        )
    child.returncode = 0  # it is meant to outlive this process: no warning about that
    return record(child.pid, log, port)


def marked(env: Mapping[str, str], cluster: str) -> dict[str, str]:
    """The environment with the mark by which `sweep` knows what belongs to `cluster`."""
    return {**env, MARK: cluster}


def record(pid: int, log: Path, port: int | None = None) -> Process:
    """What cluster.json keeps of a running process. A process that has just ended is recorded as one that is dead."""
    try:
        return Process(pid=pid, started=_started(psutil.Process(pid)), port=port, log=log)
    except psutil.NoSuchProcess:
        return Process(pid=pid, started=-1, port=port, log=log)


def alive(process: Process | None) -> bool:
    """Whether that very process runs: not a zombie, and not another one that got its pid."""
    return process is not None and _find(process) is not None


def stop(*processes: Process, grace: float = _GRACE) -> None:
    """Asks processes to end and waits; ends them after `grace` seconds. Another process of such a pid is left alone."""
    _end([found for process in processes if (found := _find(process)) is not None], grace)


def sweep(cluster: str) -> list[int]:
    """Ends every process that carries the cluster's mark, such as what the agent started; returns their pids."""
    left = list(_marked(cluster))
    _end(left, _GRACE)
    return [process.pid for process in left]


def _end(processes: list[psutil.Process], grace: float) -> None:
    for process in processes:
        with suppress(psutil.NoSuchProcess):
            process.terminate()
    for process in _wait(processes, grace):
        with suppress(psutil.NoSuchProcess):
            process.kill()
    _wait(processes, grace)


def _wait(processes: list[psutil.Process], seconds: float) -> list[psutil.Process]:
    """Waits until all have ended; returns those that have not. A zombie has: whoever is its parent may be slow."""
    until = time.monotonic() + seconds
    while (left := [process for process in processes if _runs(process)]) and time.monotonic() < until:
        time.sleep(_POLL)
    return left


def _runs(process: psutil.Process) -> bool:
    try:
        return process.is_running() and process.status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


def _marked(cluster: str) -> Iterator[psutil.Process]:
    for process in psutil.process_iter():
        if process.pid == os.getpid():
            continue
        try:
            if process.environ().get(MARK) == cluster:
                yield process
        except psutil.Error:
            continue  # another user's process, or one that has just ended


def _find(process: Process) -> psutil.Process | None:
    try:
        found = psutil.Process(process.pid)
        return found if _runs(found) and abs(_started(found) - process.started) <= _SAME else None
    except psutil.Error:
        return None


def _started(process: psutil.Process) -> float:
    """Seconds from boot to the process's start: a clock that is set does not move it."""
    return process.create_time() - psutil.boot_time()
