"""The `wideep` command as a person types it in a project's folder."""

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
    """Of somebody else than the one who deployed."""
    columns: int = 100
    seconds: int = 120
    """The longest that one call may take."""

    @property
    def env(self) -> dict[str, str]:
        """As after `eval "$(python -m sim env)"`, in a pipe."""
        theirs = {"KUBECONFIG": self.kubeconfig} if self.kubeconfig else {}
        return env_on(self.cluster, COLUMNS=str(self.columns), TERM="dumb", **theirs)

    def command(self, *arguments: str) -> list[str]:
        """The command line."""
        return [sys.executable, "-m", "wideep_cli.main", *arguments, "--stack", self.stack]

    def __call__(self, *arguments: str) -> Said:
        return run(*self.command(*arguments), cwd=self.folder, env=self.env, seconds=self.seconds, fails=None)


def steady(text: str) -> str:
    """Text without what differs from run to run: the random part of pods' names, nodes, and measured figures."""
    text = POD_SUFFIX.sub("-…", text)
    text = re.sub(r"\bgpu-\d\b", "gpu-N", text)
    return re.sub(r"\d+(\.\d+)?(?= (ms|s|tokens/s|answered|in flight)\b)", "N", text)
