"""The stand-in plugins under the real engine: what a program, its state and its user see."""

import json
import os
import re
import shutil
import signal
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from sim.env import environment
from sim.state import Cluster

pytestmark = pytest.mark.cluster

PROJECT = "name: plugins\nruntime: python\n"
HEAD = """
import os
import pulumi, pulumi_docker as docker, pulumi_docker_build as build, pulumi_kubernetes as k8s, pulumi_random as random
from pulumi import ResourceOptions as Opts, CustomTimeouts as Timeouts
"""
NAMESPACE = "plugins-test"
FINALIZER = "example.com/hold"


class Program:
    """A Pulumi program with a stack of its own, on the tests' cluster."""

    def __init__(self, folder: Path, cluster: Cluster) -> None:
        self.folder = folder
        backend = {"PULUMI_BACKEND_URL": f"file://{folder}", "PULUMI_CONFIG_PASSPHRASE": "test"}
        self.env = os.environ | environment(cluster) | backend
        (folder / "Pulumi.yaml").write_text(PROJECT)
        self.pulumi("stack", "init", "s")

    def write(self, text: str) -> None:
        (self.folder / "__main__.py").write_text(HEAD + text)

    def run(self, *command: str, check: bool = True) -> str:
        done = subprocess.run(
            command, env=self.env, cwd=self.folder, capture_output=True, text=True, timeout=120, check=False
        )
        said = done.stdout + done.stderr
        if check and done.returncode:
            pytest.fail(f"{' '.join(command)}:\n{said}", pytrace=False)
        return said if check or done.returncode else pytest.fail(f"{' '.join(command)} did not fail:\n{said}")

    def pulumi(self, *words: str, check: bool = True) -> str:
        return self.run("pulumi", *words, "--non-interactive", check=check)

    def up(self, text: str, *, check: bool = True) -> str:
        self.write(text)
        return self.pulumi("up", "--yes", "--skip-preview", check=check)

    def destroy(self, *, check: bool = True) -> str:
        return self.pulumi("destroy", "--yes", "--skip-preview", check=check)

    def kubectl(self, *words: str, check: bool = True) -> str:
        return self.run("kubectl", *words, check=check)

    def outputs(self) -> dict[str, Any]:
        return json.loads(self.pulumi("stack", "output", "--json"))

    def state(self) -> str:
        return self.pulumi("stack", "export")


@pytest.fixture
def program(cluster: Cluster, tmp_path: Path) -> Iterator[Program]:
    found = Program(tmp_path, cluster)
    yield found
    leftovers = ("configmap,job,secret", "--all", "--namespace", "default", "--wait=false")
    subprocess.run(["kubectl", "delete", *leftovers], env=found.env, check=False, capture_output=True)


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
    missing = program.up(found, check=False)
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


def test_an_object_that_exists_is_not_taken_over_but_can_be_imported(program: Program) -> None:
    program.kubectl("create", "configmap", "m", "--from-literal", "k=v")
    assert 'configmaps "m" already exists' in program.up(MAP % "v", check=False)
    imported = MAP.replace("})\n", '}, opts=Opts(import_="default/m"))\n') % "v"
    assert "1 imported" in program.up(imported)
    program.destroy()
    assert "not found" in program.kubectl("get", "configmap", "m", check=False)


def test_what_cannot_change_in_place_is_deleted_first_and_made_anew(program: Program) -> None:
    program.up(MAP % "1")
    old = program.kubectl("get", "configmap", "m", "--output", "jsonpath={.metadata.uid}")
    assert "+-1 replaced" in program.up(MAP % "2")
    assert program.kubectl("get", "configmap", "m", "--output", "jsonpath={.metadata.uid}") != old


def test_a_job_that_fails_is_kept_in_the_state_with_its_reason(program: Program) -> None:
    spec = (
        '"activeDeadlineSeconds": 1, "template": {"spec": {"restartPolicy": "Never", "nodeSelector": {"no": "node"}, '
    )
    spec += '"containers": [{"name": "c", "image": "i"}]}}'
    said = program.up(f'k8s.batch.v1.Job("j", metadata={{"name": "j"}}, spec={{{spec}}})\n', check=False)
    assert "Resource 'j' was created but failed to initialize" in said
    assert "[DeadlineExceeded] Job was active longer than specified deadline" in said
    assert '"id": "default/j"' in program.state()
    program.destroy()


def test_a_delete_that_a_finalizer_holds_ends_with_its_timeout_and_says_so(program: Program) -> None:
    held = MAP.replace("})\n", '}, opts=Opts(custom_timeouts=Timeouts(delete="3s")))\n') % "v"
    program.up(held)
    patch = ("patch", "configmap", "m", "--type", "merge", "--patch")
    program.kubectl(*patch, f'{{"metadata": {{"finalizers": ["{FINALIZER}"]}}}}')
    said = program.destroy(check=False)
    assert f"finalizers might be preventing deletion ({FINALIZER})" in said
    assert "timed out waiting for the condition" in said
    program.kubectl(*patch, '{"metadata": {"finalizers": null}}')
    program.destroy()


def chart(folder: Path, image_ready: bool) -> None:
    """A chart with one Deployment, whose pod finds a node or not."""
    shutil.rmtree(folder, ignore_errors=True)
    (folder / "templates").mkdir(parents=True)
    (folder / "Chart.yaml").write_text("apiVersion: v2\nname: c\nversion: 1.0.0\n")
    where = {} if image_ready else {"nodeSelector": {"no": "node"}}
    pod = {"metadata": {"labels": {"a": "c"}}, "spec": {"containers": [{"name": "c", "image": "i"}], **where}}
    spec = {"selector": {"matchLabels": {"a": "c"}}, "template": pod}
    deployment = {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "c"}, "spec": spec}
    (folder / "templates" / "deployment.yaml").write_text(json.dumps(deployment))


RELEASE = """
k8s.helm.v3.Release("r", name="r", chart="./chart", timeout=%d, values={"n": %d, "secret": pulumi.Output.secret("SHH")})
"""


def test_a_release_that_does_not_become_ready_is_mended_by_the_next_up(program: Program) -> None:
    chart(program.folder / "chart", image_ready=False)
    said = program.up(RELEASE % (3, 1), check=False)
    assert 'Helm release "default/r" was created, but failed to initialize completely' in said
    chart(program.folder / "chart", image_ready=True)
    program.up(RELEASE % (60, 2))
    assert "deployed" in program.run("helm", "list", "--namespace", "default")
    assert "SHH" not in program.state() + said
    program.destroy()
    assert "not found" in program.kubectl("get", "deployment", "c", check=False)


def waiting(program: Program) -> subprocess.Popen[str]:
    """An `up` that waits for a condition that never comes."""
    annotations = '"annotations": {"pulumi.com/waitFor": "condition=Never"}'
    program.write(MAP.replace('"name": "m"', f'"name": "m", {annotations}') % "v")
    command = ["pulumi", "up", "--yes", "--skip-preview", "--non-interactive"]
    process = subprocess.Popen(
        command, env=program.env, cwd=program.folder, text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT
    )
    deadline = time.monotonic() + 60
    while "configmap/m\n" not in program.kubectl("get", "configmap", "--output", "name"):
        assert time.monotonic() < deadline, "the object was not created"
        time.sleep(0.2)
    return process


def test_an_interrupted_wait_ends_at_once_and_the_next_up_goes_on(program: Program) -> None:
    process = waiting(program)
    process.send_signal(signal.SIGINT)
    said, _ = process.communicate(timeout=30)
    assert process.returncode != 0
    assert "context canceled" in said
    assert '"id": "default/m"' in program.state()
    program.up(MAP % "v")
    program.destroy()


def plugins_of(pid: int) -> list[int]:
    """The stand-ins that a process started, by the processes' own list."""
    found = []
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            parent = int(re.sub(r".*\) ", "", stat.read_text()).split()[1])
            command = (stat.parent / "cmdline").read_bytes()
        except OSError:
            continue  # it ended meanwhile
        if parent == pid and b"sim.plugins" in command:
            found.append(int(stat.parent.name))
    return found


def test_no_plugin_outlives_an_engine_that_was_killed(program: Program) -> None:
    process = waiting(program)
    started = plugins_of(process.pid)
    assert started
    process.kill()
    process.communicate()
    deadline = time.monotonic() + 10
    while time.monotonic() < deadline and any(Path(f"/proc/{pid}").exists() for pid in started):
        time.sleep(0.2)
    assert not [pid for pid in started if Path(f"/proc/{pid}").exists()]
