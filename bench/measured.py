"""One call of the wideep command on a live cluster: its time, its memory, and its requests to the API server."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

from sim.cluster.audit import Account, Call

__all__ = ["Measured", "measured"]


@dataclass(frozen=True)
class Measured:
    """The result of one call. ``cpu`` is in CPU seconds, which a busy machine affects less; ``mb`` is the peak memory
    in MiB."""

    code: int
    out: str
    seconds: float
    cpu: float
    mb: int
    calls: tuple[Call, ...]

    def figures(self) -> dict[str, object]:
        """Return the figures as the benchmarks print them."""
        verbs = Counter(call.verb for call in self.calls)
        return {
            "exit_code": self.code,
            "wall_s": round(self.seconds, 2),
            "cpu_s": round(self.cpu, 2),
            "peak_mb": self.mb,
            "api_calls": len(self.calls),
            "of_these": dict(verbs.most_common()),
        }


def measured(account: Account, folder: Path, env: dict[str, str], *arguments: str) -> Measured:
    """Run ``wideep ARGUMENTS`` in a project's folder, as an account that nobody else uses, and measure it."""
    before = len(account.calls())
    with tempfile.TemporaryFile() as out:
        began = time.monotonic()
        process = subprocess.Popen(
            [sys.executable, "-m", "wideep_cli.main", *arguments],
            cwd=folder,
            env=env | {"KUBECONFIG": str(account.kubeconfig)},
            stdout=out,
            stderr=subprocess.DEVNULL,
        )
        _, status, used = os.wait4(process.pid, 0)
        seconds = time.monotonic() - began
        process.returncode = os.waitstatus_to_exitcode(status)
        out.seek(0)
        text = out.read().decode()
    calls = tuple(account.calls()[before:])
    cpu = used.ru_utime + used.ru_stime
    return Measured(process.returncode, text, seconds, cpu, used.ru_maxrss // 1024, calls)
