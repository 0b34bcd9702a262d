"""One stack on the simulated cluster, while things go wrong."""

from __future__ import annotations

import base64
import json
import os
import re
import shlex
import shutil
import signal
import subprocess
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

import psutil
import pytest

from sim.faults import acts
from sim.state import Cluster
from tests.conftest import ROOT
from tests.support.process import env_on, run, wait_for

NAMESPACE = "dynamo-workshop"
GRAPH = "deepseek-r1-wideep"
QUIET = ("--non-interactive", "--yes", "--skip-preview")
LIMIT_SECONDS = 400
ENGINE = "pulumi-kubernetes"
"""Part of the field manager's name on all that the program makes."""
HELMS = {("owner", "helm"), ("app.kubernetes.io/managed-by", "Helm")}
"""Labels of Helm's records, and of what its charts bring."""
MADE = "dgd,pvc,jobs,secrets,services,networkpolicies"
"""Kinds of objects that the program makes in its namespace."""


@dataclass(frozen=True)
class Said:
    """How a command ended, and what it printed, stdout and stderr as a terminal shows them."""

    code: int
    text: str
    seconds: float

    def __contains__(self, words: str) -> bool:
        return words in self.text

    def made_again(self, stood: list[str]) -> list[str]:
        """Which of these resources it has made."""
        return [name for name in stood if f"{name} creating" in self.text]


@dataclass
class World:
    """`pulumi` and `kubectl` on one stack; everything that they said is kept, to look for secrets in it."""

    cluster: Cluster
    folder: Path
    stack: str
    shell: int = 1
    extra: dict[str, str] = field(default_factory=dict)
    before: tuple[str, ...] = ()
    """A command that runs the others."""
    said: list[Said] = field(default_factory=list)
    started: list[subprocess.Popen[bytes]] = field(default_factory=list)

    # What a person types.

    def __call__(self, *words: str, fails: bool = False) -> Said:
        said = self.finish(self.start(*words))
        if fails != (said.code != 0):
            how = "should have failed" if fails else "failed"
            pytest.fail(f"`pulumi {' '.join(words)}` {how}:\n{said.text}", pytrace=False)
        assert "Traceback" not in said.text, said.text
        return said

    def start(self, *words: str) -> subprocess.Popen[bytes]:
        """A command that goes on by itself, with a process group of its own, as a shell gives it one."""
        with self._output.open("w") as output:
            process = subprocess.Popen(
                [*self.before, "pulumi", *words, "--stack", self.stack],
                env=self.env,
                cwd=self.folder,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        self.started.append(process)
        return process

    @property
    def _output(self) -> Path:
        return self.folder / f".output-{self.shell}"

    def output(self) -> str:
        """What the last command has printed until now."""
        return self._output.read_text()

    def finish(self, process: subprocess.Popen[bytes], within: float = LIMIT_SECONDS) -> Said:
        """What it printed; a command that does not end in time is a failure of its own."""
        began = time.monotonic()
        try:
            process.wait(timeout=within)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()
            pytest.fail(f"`{process.args}` did not end in {within:.0f} s:\n{self.output()}", pytrace=False)
        said = Said(process.returncode, self.output(), time.monotonic() - began)
        self.said.append(said)
        return said

    def up(self, *, fails: bool = False) -> Said:
        return self("up", *QUIET, fails=fails)

    def destroy(self, *, fails: bool = False) -> Said:
        """Destroys, and when that went well looks for leftovers."""
        said = self("destroy", *QUIET, fails=fails)
        if not fails:
            assert self.leftovers() == []
        return said

    def config(self, key: str, value: str) -> None:
        self("config", "set", "--path", key, value)

    def run(self, *command: str, given: str = "", fails: bool | None = False) -> str:
        """What another command prints."""
        return run(*command, env=self.env, given=given, seconds=90, fails=fails).out

    def kubectl(self, *words: str, given: str = "", fails: bool | None = False) -> str:
        return self.run("kubectl", *words, given=given, fails=fails)

    def run_printed(self, said: Said) -> None:
        """The commands that an error has printed for the user, each once."""
        commands = re.findall(r"^ +(kubectl .*)$", said.text, re.MULTILINE)
        assert commands, said.text
        for command in dict.fromkeys(commands):
            self.run(*shlex.split(command), fails=None)

    def fault(self, name: str, on: str | None = None, seconds: float | None = None) -> None:
        acts.put(self.cluster, name, on, seconds)

    def clear(self, name: str | None = None) -> None:
        acts.clear(self.cluster, name)

    def beside(self) -> World:
        """The same stack in a second shell."""
        return World(self.cluster, self.folder, self.stack, self.shell + 1, dict(self.extra), said=self.said)

    # What there is.

    @property
    def env(self) -> dict[str, str]:
        return env_on(self.cluster, **self.extra)

    def create(self) -> World:
        self.unlock()
        done = self.finish(self.start("stack", "init"))
        assert done.code == 0 or "already exists" in done.text, done.text
        self("refresh", "--yes", "--skip-preview", "--clear-pending-creates")
        return self

    def state(self) -> list[dict[str, Any]]:
        """The resources that the state knows, without components and stack; read from the backend's own file."""
        return [one for one in self._latest().get("resources") or [] if one.get("custom")]

    def _latest(self) -> dict[str, Any]:
        (file,) = (self.cluster.pulumi_state / ".pulumi" / "stacks").glob(f"*/{self.stack}.json")
        return json.loads(file.read_text())["checkpoint"].get("latest") or {}

    def forget_pending(self) -> None:
        """What the engine warns of in every later run, until a person has it cleared."""
        if self._latest().get("pending_operations"):
            self("refresh", "--yes", "--skip-preview", "--clear-pending-creates")

    def resources(self) -> list[str]:
        """Their names."""
        return [one["urn"].rpartition("::")[2] for one in self.state()]

    def ready(self) -> list[str]:
        """The names of those that also became what they should be."""
        return [one["urn"].rpartition("::")[2] for one in self.state() if not one.get("initErrors")]

    def strays(self) -> list[str]:
        """Objects on the cluster that the stack has made, and that its state does not know."""
        known = {str(one["id"]).rpartition("/")[2] for one in self.state()}
        found = self.kubectl("get", MADE, "-n", NAMESPACE, "--show-managed-fields", "-o", "json", fails=None)
        objects = [one["metadata"] for one in (json.loads(found)["items"] if found else [])]
        # The provider is Helm too: what a release has brought, and its record, are the release's.
        objects = [one for one in objects if not HELMS & (one.get("labels") or {}).items()]
        made = [one["name"] for one in objects if any(ENGINE in by["manager"] for by in one.get("managedFields", []))]
        records = self.kubectl("get", "secrets", "-A", "-l", "owner=helm", "-o", "json")
        releases = [one["metadata"]["labels"]["name"] for one in json.loads(records)["items"]]
        return sorted({*made, *releases} - known)

    def release_status(self, release: str) -> str:
        """How Helm has noted the last revision of a release; empty where there is none."""
        found = self.kubectl("get", "secrets", "-A", "-l", f"owner=helm,name={release}", "-o", "json", fails=None)
        labels = [one["metadata"]["labels"] for one in (json.loads(found)["items"] if found else [])]
        return max(labels, key=lambda one: int(one["version"]))["status"] if labels else ""

    def leftovers(self) -> list[str]:
        """Objects on the cluster that a destroyed stack must not leave. The CRDs stay, by their charts' wish."""
        kinds = "dgd,dcd,pods,pvc,jobs,deployments,statefulsets,services,secrets"
        found = self.kubectl("get", kinds, "-n", NAMESPACE, "-o", "name", fails=None).split()
        namespaces = self.kubectl("get", "namespaces", "-o", "name").split()
        helm = self.kubectl("get", "secrets", "-A", "-l", "owner=helm", "-o", "name").split()
        return found + [one for one in namespaces if NAMESPACE in one] + helm

    def graph_is_ready(self) -> bool:
        found = self.kubectl("get", "dgd", GRAPH, "-n", NAMESPACE, "--ignore-not-found", "-o", "json")
        conditions = (json.loads(found).get("status") or {}).get("conditions") or [] if found else []
        return any(one["type"] == "Ready" and one["status"] == "True" for one in conditions)

    def secrets_said(self) -> list[str]:
        """Lines of output that hold the token, in clear or in base64."""
        forms = (self._token, base64.b64encode(self._token.encode()).decode())
        return [line for said in self.said for line in said.text.splitlines() if any(one in line for one in forms)]

    @cached_property
    def _token(self) -> str:
        command = ("pulumi", "config", "get", "hfToken", "--stack", self.stack)
        return run(*command, env=self.env, cwd=self.folder).out.strip()

    def wait(self, holds: Callable[[], bool], what: str, seconds: float = 330) -> None:
        """Wait until it holds. A pod that ended often is started again after up to five minutes."""
        wait_for(holds, what, seconds)

    def mend(self) -> None:
        """The config as it is in the project, nothing that runs, no lock of a killed run."""
        for process in self.started:
            end_session(process.pid)
            process.wait()
        self.started.clear()
        shutil.copy(ROOT / f"Pulumi.{self.stack}.yaml", self.folder)
        self.extra.clear()
        self.before = ()
        self.unlock()

    def unlock(self) -> None:
        """What a person does after a killed run, when the backend says that it is still locked."""
        if list((self.cluster.pulumi_state / ".pulumi" / "locks").rglob("*.json")):
            self("cancel", "--yes")


def end_session(leader: int) -> None:
    """Kills what outlives a command: a killed engine leaves plugins; they have process groups of their own, and are of
    its session."""
    for pid in psutil.pids():
        with suppress(ProcessLookupError):
            if os.getsid(pid) == leader:
                os.kill(pid, signal.SIGKILL)
