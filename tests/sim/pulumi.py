"""`pulumi` on the tests' simulated cluster, as a person types it."""

import json
import os
import subprocess
from dataclasses import dataclass
from pathlib import Path

import pytest

from sim.env import environment
from sim.state import Cluster

CHANGES = ("create", "update", "replace", "delete")


@dataclass(frozen=True)
class Pulumi:
    """One stack of a project's folder."""

    cluster: Cluster
    folder: Path
    stack: str

    def __call__(self, *command: str, check: bool = True, given: str | None = None) -> str:
        """What `pulumi COMMAND --stack …` prints, stdout and stderr as a terminal shows them."""
        done = self._run("pulumi", *command, "--stack", self.stack, "--non-interactive", given=given)
        if check and done.returncode:
            pytest.fail(f"`pulumi {' '.join(command)}` failed:\n{done.stdout}", pytrace=False)
        if not check and not done.returncode:
            pytest.fail(f"`pulumi {' '.join(command)}` should have failed:\n{done.stdout}", pytrace=False)
        return done.stdout

    def create(self) -> "Pulumi":
        """The same stack, which the backend knows now."""
        done = self._run("pulumi", "stack", "select", "--create", self.stack)
        assert done.returncode == 0, done.stdout
        return self

    def outputs(self) -> dict[str, str]:
        return json.loads(self("stack", "output", "--json"))

    def previews(self) -> dict[str, str]:
        """What a preview changes: the operation of each resource, by name. A replacement counts once."""
        steps = json.loads(self("preview", "--json"))["steps"]
        return {step["urn"].rpartition("::")[2]: step["op"] for step in steps if step["op"] in CHANGES}

    def kubectl(self, *command: str) -> str:
        done = self._run("kubectl", *command)
        assert done.returncode == 0, done.stdout
        return done.stdout

    def asks(self, *command: str) -> str:
        """What kubectl answers to a question, whose exit code may be that of a no."""
        return self._run("kubectl", *command).stdout

    def _run(self, *command: str, given: str | None = None) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            command,
            env=os.environ | environment(self.cluster),
            cwd=self.folder,
            input=given,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=400,
            check=False,
        )
