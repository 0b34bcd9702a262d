"""The processes that the simulation starts: they outlive the shell and can be found again. No others are ever ended."""

import os
import subprocess
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from pathlib import Path

import psutil

from sim.state import Process

MARK = "SIM_SUPERVISED"
"""Set in the environment of all these processes and their children; never in a user's shell."""
_SAME = 2.0  # seconds: above the kernel's rounding of start times, far below the time in which pids are reused
_GRACE = 10.0  # seconds between SIGTERM and SIGKILL
_POLL = 0.02


def start(
    command: Sequence[str | Path], *, cluster: str, log: Path, port: int | None = None, env: Mapping[str, str]
) -> Process:
    """Start a process in its own session, with its output appended to `log`."""
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
    child.returncode = 0  # the child is meant to outlive this process: suppress Popen's warning
    return record(child.pid, log, port)


def marked(env: Mapping[str, str], cluster: str) -> dict[str, str]:
    """Return the environment with the mark by which `sweep` finds the processes of `cluster`."""
    return {**env, MARK: cluster}


def record(pid: int, log: Path, port: int | None = None) -> Process:
    """Return what cluster.json stores about a running process. A process that has just ended is recorded as dead."""
    try:
        return Process(pid=pid, started=_started(psutil.Process(pid)), port=port, log=log)
    except psutil.NoSuchProcess:
        return Process(pid=pid, started=-1, port=port, log=log)


def alive(process: Process | None) -> bool:
    """Tell whether this very process runs: not a zombie, and not another process with the same pid."""
    return process is not None and _find(process) is not None


def stop(*processes: Process, grace: float = _GRACE) -> None:
    """Terminate the processes, and kill those that run `grace` seconds later; spare other processes with these pids."""
    _end([found for process in processes if (found := _find(process)) is not None], grace)


def sweep(cluster: str) -> list[int]:
    """End every process that carries the cluster's mark, such as those that the agent started; return their pids."""
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
    """Wait until all processes have ended, and return those that have not. Zombies count as ended, since their parent
    may be slow to reap them."""
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
    """Return the process's start in seconds since boot, which does not change when the clock is set."""
    return process.create_time() - psutil.boot_time()
