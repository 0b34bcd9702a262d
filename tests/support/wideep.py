"""The `wideep` command as a user types it in a project's folder."""

from __future__ import annotations

import re
import sys
from dataclasses import dataclass
from pathlib import Path

from sim.state import Cluster
from tests.support.process import Said, env_on, run

POD_SUFFIX = re.compile(r"-[0-9a-f]{8,10}-[a-z0-9]{5}\b")


@dataclass(frozen=True)
class Wideep:
    """The command, for one project's folder and cluster."""

    cluster: Cluster
    folder: Path
    stack: str
    kubeconfig: str = ""
    """Kubeconfig of a user other than the one who deployed; empty for the latter."""
    columns: int = 100
    seconds: int = 120
    """Timeout of one call."""

    @property
    def env(self) -> dict[str, str]:
        """The environment as after `eval "$(python -m sim env)"`, without a terminal."""
        theirs = {"KUBECONFIG": self.kubeconfig} if self.kubeconfig else {}
        return env_on(self.cluster, COLUMNS=str(self.columns), TERM="dumb", **theirs)

    def command(self, *arguments: str) -> list[str]:
        """Return the command line."""
        return [sys.executable, "-m", "wideep_cli.main", *arguments, "--stack", self.stack]

    def __call__(self, *arguments: str) -> Said:
        return run(*self.command(*arguments), cwd=self.folder, env=self.env, seconds=self.seconds, fails=None)


def steady(text: str) -> str:
    """Return the text without what differs between runs: random parts of pod names, nodes, and measured figures."""
    text = POD_SUFFIX.sub("-…", text)
    text = re.sub(r"\bgpu-\d\b", "gpu-N", text)
    return re.sub(r"\d+(\.\d+)?(?= (ms|s|tokens/s|answered|in flight)\b)", "N", text)
