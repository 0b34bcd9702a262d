"""The stand-in plugins under the real engine: what a program, its state and its user see."""

import json
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from sim.state import Cluster
from tests.support.process import env_on, run, wait_for

pytestmark = [pytest.mark.cluster, pytest.mark.late(2)]

PROJECT = "name: plugins\nruntime: python\n"
HEAD = """
import os
import pulumi, pulumi_docker as docker, pulumi_docker_build as build, pulumi_kubernetes as k8s, pulumi_random as random
from pulumi import ResourceOptions as Opts, CustomTimeouts as Timeouts
"""


class Program:
    """A Pulumi program with a stack of its own, on the tests' cluster."""

    def __init__(self, folder: Path, cluster: Cluster) -> None:
        self.folder = folder
        backend = {"PULUMI_BACKEND_URL": f"file://{folder}", "PULUMI_CONFIG_PASSPHRASE": "test"}
        self.env = env_on(cluster, **backend)
        (folder / "Pulumi.yaml").write_text(PROJECT)
        self.pulumi("stack", "init", "s")

    def write(self, text: str) -> None:
        (self.folder / "__main__.py").write_text(HEAD + text)

    def run(self, *command: str, fails: bool | None = False) -> str:
        return run(*command, env=self.env, cwd=self.folder, seconds=120, fails=fails).text

    def pulumi(self, *words: str, fails: bool = False) -> str:
        return self.run("pulumi", *words, "--non-interactive", fails=fails)

    def up(self, text: str, *, fails: bool = False) -> str:
        self.write(text)
        return self.pulumi("up", "--yes", "--skip-preview", fails=fails)

    def destroy(self, *, fails: bool = False) -> str:
        return self.pulumi("destroy", "--yes", "--skip-preview", fails=fails)

    def kubectl(self, *words: str, fails: bool = False) -> str:
        return self.run("kubectl", *words, fails=fails)

    def outputs(self) -> dict[str, Any]:
        return json.loads(self.pulumi("stack", "output", "--json"))

    def state(self) -> str:
        return self.pulumi("stack", "export")


@pytest.fixture
def program(cluster: Cluster, tmp_path: Path) -> Iterator[Program]:
    found = Program(tmp_path, cluster)
    yield found
    leftovers = ("configmap,job,secret", "--all", "--namespace", "default", "--wait=false")
    found.run("kubectl", "delete", *leftovers, fails=None)


MAP = 'k8s.core.v1.ConfigMap("m", metadata={"name": "m"}, data={"k": %r})\n'
IMAGE = """
image = build.Image("i", tags=["registry.sim/plugins-test:1"], push=True, build_on_preview=False,
    context={"location": "https://example.com/r.git"}, dockerfile={"location": "D"}, build_args={"A": %r},
    secrets={"T": pulumi.Output.secret("BUILDSECRET")})
pulumi.export("digest", image.digest)
pulumi.export("ref", image.ref)
"""


def test_an_image_is_built_once_pushed_for_real_found_by_its_tag_and_deleted_in_the_end(
    program: Program, cluster: Cluster
) -> None:
    program.up(IMAGE % "1")
    outputs, name = program.outputs(), f"{cluster.registry}/plugins-test"
    digest = program.run("crane", "digest", "--insecure", f"{name}:1").strip()
    assert outputs == {"digest": digest, "ref": f"registry.sim/plugins-test:1@{digest}"}
    labels = program.run("crane", "config", "--insecure", f"{name}:1")
    assert "https://example.com/r.git" in labels
    assert "BUILDSECRET" not in labels + program.state()
    found = 'pulumi.export("found", docker.get_registry_image(name="registry.sim/plugins-test:1").sha256_digest)\n'
    assert "2 unchanged" in program.up(IMAGE % "1" + found)
    assert program.outputs()["found"] == digest
    program.up(IMAGE % "2")
    assert program.outputs()["digest"] != digest
    program.destroy()
    missing = program.up(found, fails=True)
    assert "Got error when attempting to fetch image version plugins-test:1 from registry: got bad response" in missing


def test_a_random_password_stays_the_same_and_is_in_no_clear_text(program: Program) -> None:
    text = 'p = random.RandomPassword("p", length=30)\n'
    text += 'k8s.core.v1.Secret("s", metadata={"name": "s"}, string_data={"k": p.result})\n'
    program.up(text)
    read = ("get", "secret", "s", "--output", "go-template={{.data.k | base64decode}}")
    first = program.kubectl(*read)
    assert len(first) == 30
    assert first not in program.state()
    assert "3 unchanged" in program.up(text)
    assert program.kubectl(*read) == first


def waiting(program: Program) -> subprocess.Popen[str]:
    """An `up` that waits for a condition that never comes."""
    annotations = '"annotations": {"pulumi.com/waitFor": "condition=Never"}'
    made = 'random.RandomPassword("p", length=8)\n'
    program.write(made + MAP.replace('"name": "m"', f'"name": "m", {annotations}') % "v")
    command = ["pulumi", "up", "--yes", "--skip-preview", "--non-interactive"]
    process = subprocess.Popen(
        command, env=program.env, cwd=program.folder, text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT
    )
    wait_for(lambda: "configmap/m\n" in program.kubectl("get", "configmap", "--output", "name"), "the object is made")
    return process


def plugins_of(pid: int) -> list[int]:
    """The stand-ins that a process started, by the processes' own list."""
    found = []
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            parent = int(re.sub(r".*\) ", "", stat.read_text()).split()[1])
            command = (stat.parent / "cmdline").read_bytes()
        except OSError:
            continue  # it ended meanwhile
        if parent == pid and b"sim.pulumi_plugins" in command:
            found.append(int(stat.parent.name))
    return found


def test_no_plugin_outlives_an_engine_that_was_killed(program: Program) -> None:
    process = waiting(program)
    started = plugins_of(process.pid)
    assert started
    process.kill()
    process.communicate()
    wait_for(lambda: not any(Path(f"/proc/{pid}").exists() for pid in started), "no plugin is left", 10)
