"""Commands as a user types them, each run to its end."""

from __future__ import annotations

import json
import os
import shlex
import signal
import subprocess
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import psutil
import pytest

from sim.env import environment
from sim.state import Cluster
from tests.conftest import ROOT


@dataclass(frozen=True)
class Said:
    """What a command printed, and its exit code."""

    code: int
    out: str
    err: str

    @property
    def text(self) -> str:
        return self.out + self.err

    @property
    def json(self) -> Any:
        """stdout, parsed as JSON."""
        return json.loads(self.out)


def run(
    *command: str | Path,
    cwd: Path = ROOT,
    env: Mapping[str, str] | None = None,
    given: str = "",
    seconds: float = 300,
    fails: bool | None = False,
) -> Said:
    """Run a command, which must succeed; with ``fails`` it must fail, and with None it may."""
    done = subprocess.run(
        command, cwd=cwd, env=env, input=given, capture_output=True, encoding="utf-8", timeout=seconds, check=False
    )
    said = Said(done.returncode, done.stdout, done.stderr)
    if fails not in (None, bool(said.code)):
        how = "should have failed" if fails else f"failed with {said.code}"
        pytest.fail(f"`{shlex.join(map(str, command))}` {how}:\n{said.text}", pytrace=False)
    return said


def interrupt(*command: str, cwd: Path, env: Mapping[str, str], when: Callable[[], object]) -> int:
    """Return the exit code of a command that gets Ctrl-C as soon as ``when`` holds."""
    quiet = subprocess.DEVNULL
    heard = partial(signal.signal, signal.SIGINT, signal.SIG_DFL)  # even if these tests run in the background
    process = subprocess.Popen(command, cwd=cwd, env=env, stdout=quiet, stderr=quiet, preexec_fn=heard)  # noqa: PLW1509
    wait_for(when, "the moment for Ctrl-C", 120)
    process.send_signal(signal.SIGINT)
    return process.wait(120)


def kill_decode(cluster: Cluster) -> None:
    """Kill the one decode worker with SIGKILL, as the kernel would, so that it cannot deregister."""
    (worker,) = [
        process
        for process in psutil.process_iter(["cmdline", "environ"])
        if "decode" in (process.info["cmdline"] or [])
        and cluster.etcd_endpoint == (process.info["environ"] or {}).get("ETCD_ENDPOINTS")
    ]
    worker.send_signal(signal.SIGKILL)


def wait_for(holds: Callable[[], object], what: str, seconds: float = 60) -> None:
    until = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < until, f"not in {seconds:.0f} s: {what}"
        time.sleep(0.2)


def env_on(cluster: Cluster, **more: str) -> dict[str, str]:
    """Return the environment in which pulumi, kubectl and helm work on a simulated cluster."""
    return os.environ | environment(cluster) | more
