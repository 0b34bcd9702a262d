"""`pulumi` on the tests' simulated cluster, as a person types it."""

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from sim.chat import ask
from sim.sandbox import copy_project, write_stack
from sim.state import Cluster
from tests.support.process import env_on, run

CHANGES = ("create", "update", "replace", "delete")


@dataclass(frozen=True)
class Pulumi:
    """One stack of a project's folder."""

    cluster: Cluster
    folder: Path
    stack: str

    @classmethod
    def new(cls, cluster: Cluster, folder: Path, stack: str, **config: object) -> "Pulumi":
        """A stack of a copy of the project. ``config``: what is written in its file, as ``write_stack`` has it."""
        copy_project(folder)
        if config:
            write_stack(folder, stack, **config)
        return cls(cluster, folder, stack).create()

    @contextmanager
    def deployed(self, *namespaces: str) -> Iterator["Pulumi"]:
        """Up while the block runs, then destroyed; ``namespaces`` are deleted after that."""
        try:
            self("up", "--yes", "--skip-preview")
            yield self
        finally:
            self("destroy", "--yes", "--skip-preview")
            if namespaces:
                self.kubectl("delete", "namespace", *namespaces, "--ignore-not-found")

    def __call__(self, *command: str, fails: bool = False, given: str = "") -> str:
        """What `pulumi COMMAND --stack …` prints."""
        return self.run("pulumi", *command, "--stack", self.stack, "--non-interactive", fails=fails, given=given)

    def create(self) -> "Pulumi":
        """The same stack, which the backend knows now."""
        self.run("pulumi", "stack", "select", "--create", self.stack)
        return self

    def outputs(self) -> dict[str, str]:
        return json.loads(self("stack", "output", "--json"))

    def answer(self) -> str:
        """What the model behind the stack's frontend answers to a question."""
        outputs = self.outputs()
        where = (outputs["namespace"], outputs["frontendService"], outputs["model"])
        return ask(*where, "What is a token?", env_on(self.cluster))

    def previews(self) -> dict[str, str]:
        """What a preview changes: the operation of each resource, by name. A replacement counts once."""
        steps = json.loads(self("preview", "--json"))["steps"]
        return {step["urn"].rpartition("::")[2]: step["op"] for step in steps if step["op"] in CHANGES}

    def kubectl(self, *command: str) -> str:
        return self.run("kubectl", *command)

    def asks(self, *command: str) -> str:
        """What kubectl answers to a question, whose exit code may be that of a no."""
        return self.run("kubectl", *command, fails=None)

    def run(
        self, *command: str, fails: bool | None = False, given: str = "", more: Mapping[str, str] | None = None
    ) -> str:
        """What any command prints in the stack's folder. ``more``: variables of its environment."""
        env = env_on(self.cluster, **(more or {}))
        return run(*command, cwd=self.folder, env=env, given=given, seconds=400, fails=fails).text
