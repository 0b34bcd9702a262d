"""The random, docker and docker-build stand-ins, and how they are installed: what needs no registry."""

import base64
import io
import os
import socket
import subprocess
import sys
from pathlib import Path
from typing import Any

import grpc
import pytest
from google.protobuf import empty_pb2
from pulumi.runtime.proto import plugin_pb2, provider_pb2, provider_pb2_grpc
from rich.console import Console

from sim.paths import PROJECT
from sim.pulumi_plugins import docker, docker_build, images, random, values
from sim.pulumi_plugins.install import install, stand_ins
from sim.pulumi_plugins.server import Engine, PluginError
from sim.pulumi_plugins.values import UNKNOWN, Secret
from sim.tools import find
from sim.tools.catalog import PLUGINS, TOOLS
from sim.tools.provide import provide

PASSWORD = "random:index/randomPassword:RandomPassword"
BYTES = "random:index/randomBytes:RandomBytes"
IMAGE = {
    "context": {"location": "https://github.com/ai-dynamo/dynamo.git#v0.6.0"},
    "dockerfile": {"location": "container/Dockerfile.sglang-wideep"},
    "tags": ["registry.sim/dynamo-wideep:0.6.0"],
    "push": True,
    "secrets": {"GIT_AUTH_TOKEN": "ghp_value"},
    "registries": [{"address": "registry.sim", "username": "me", "password": "pw_value"}],
}


@pytest.fixture(autouse=True)
def _no_cluster(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("SIM_CLUSTER", str(tmp_path / "none.json"))


def made(type_: str, inputs: values.Properties, *, preview: bool = False) -> tuple[str, values.Properties]:
    request = provider_pb2.CreateRequest(type=type_, properties=values.encode(inputs), preview=preview)
    response = random.Provider(Engine(None)).create(request)
    return response.id, values.decode(response.properties)


def test_a_password_is_secret_as_long_as_asked_and_has_each_class_of_characters() -> None:
    id_, state = made(PASSWORD, {"length": 12, "minNumeric": 3, "special": False})
    text = state["result"].value
    assert id_ == "none"
    assert len(text) == 12
    assert text.isalnum()
    assert sum(letter.isdigit() for letter in text) >= 3


def test_random_bytes_are_secret_in_each_spelling() -> None:
    _, state = made(BYTES, {"length": 48})
    raw = base64.b64decode(state["base64"].value)
    assert (len(raw), state["hex"]) == (48, Secret(raw.hex()))


def test_a_preview_makes_no_random_value() -> None:
    id_, state = made(BYTES, {"length": 8}, preview=True)
    assert (id_, state) == ("", {"length": 8, "base64": UNKNOWN, "hex": UNKNOWN})


def test_other_keepers_make_another_random_value_and_the_same_ones_do_not() -> None:
    old, new = ({"length": 8, "keepers": {"a": word}} for word in ("x", "y"))
    for news, replaces in ((new, ["keepers"]), (old, [])):
        request = provider_pb2.DiffRequest(type=BYTES, old_inputs=values.encode(old), news=values.encode(news))
        assert list(random.Provider(Engine(None)).diff(request).replaces) == replaces


def test_a_random_value_without_a_length_is_refused() -> None:
    answer = random.Provider(Engine(None)).check(provider_pb2.CheckRequest(type=BYTES, news=values.encode({})))
    assert [failure.property for failure in answer.failures] == ["length"]


@pytest.mark.parametrize(
    ("name", "parts"),
    [
        ("registry.sim/a/b:1", ("registry.sim", "a/b", "1", "")),
        ("localhost:5000/a", ("localhost:5000", "a", "", "")),
        ("alpine:3", ("docker.io", "library/alpine", "3", "")),
        ("me/app@sha256:0", ("docker.io", "me/app", "", "sha256:0")),
    ],
)
def test_an_images_name_is_taken_apart_as_docker_does(name: str, parts: tuple[str, ...]) -> None:
    found = images.parse(name)
    assert (found.host, found.repository, found.tag, found.digest) == parts


def test_only_the_simulations_registry_and_this_machines_own_are_reached() -> None:
    registry = images.Registry("registry.sim", "127.0.0.1:5001")
    names = ("registry.sim/a:1", "127.0.0.1:5000/a:1", "nvcr.io/a:1")
    found = [registry.locate(images.parse(name)) for name in names]
    assert [str(image) if image else None for image in found] == ["127.0.0.1:5001/a:1", "127.0.0.1:5000/a:1", None]


def checked(inputs: values.Properties) -> Any:
    request = provider_pb2.CheckRequest(type=docker_build.IMAGE, news=values.encode(inputs))
    return docker_build.Provider(Engine(None)).check(request)


def test_build_secrets_are_secret_even_when_given_in_clear() -> None:
    assert values.decode(checked(IMAGE).inputs)["secrets"] == Secret(IMAGE["secrets"])


def test_what_keeps_a_build_from_starting_is_told_at_once() -> None:
    wrong = {**IMAGE, "context": {"location": "./none"}, "dockerfile": {"location": "D", "inline": "FROM x"}}
    found = {failure.property for failure in checked({**wrong, "tags": ["a b"]}).failures}
    assert found == {"context.location", "dockerfile", "tags[0]"}


def test_a_preview_builds_nothing_and_knows_no_digest() -> None:
    request = provider_pb2.CreateRequest(properties=values.encode(IMAGE), preview=True)
    state = values.decode(docker_build.Provider(Engine(None)).create(request).properties)
    assert [state[key] for key in ("digest", "ref", "contextHash")] == [UNKNOWN] * 3


def diffed(new: values.Properties) -> list[str]:
    nothing = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
    old = values.encode({**IMAGE, "digest": "sha256:0", "ref": "r", "contextHash": nothing})
    request = provider_pb2.DiffRequest(olds=old, news=values.encode(new))
    answer = docker_build.Provider(Engine(None)).diff(request)
    assert not answer.replaces
    return sorted(answer.detailedDiff)


def test_only_changed_inputs_build_again_and_a_new_password_is_none() -> None:
    assert diffed(IMAGE) == []
    assert diffed({**IMAGE, "registries": [{**IMAGE["registries"][0], "password": "other"}]}) == []
    assert diffed({**IMAGE, "buildArgs": {"A": "1"}, "tags": []}) == ["buildArgs", "tags"]


def test_a_changed_file_of_a_local_context_builds_again(tmp_path: Path) -> None:
    (tmp_path / "Dockerfile").write_text("FROM scratch")
    local = {**IMAGE, "context": {"location": str(tmp_path)}}
    assert diffed(local) == ["context", "contextHash"]


def test_an_image_is_never_pushed_to_a_registry_elsewhere(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(docker_build, "DURATION", 0.0)
    elsewhere = {**IMAGE, "tags": ["nvcr.io/me/app:1"]}
    with pytest.raises(PluginError, match=r"failed to push nvcr\.io/me/app:1.*no such host"):
        docker_build.Provider(Engine(None)).create(provider_pb2.CreateRequest(properties=values.encode(elsewhere)))


def test_the_digest_of_an_image_elsewhere_is_an_error_that_names_it() -> None:
    request = provider_pb2.InvokeRequest(tok=docker.GET_REGISTRY_IMAGE, args=values.encode({"name": "nvcr.io/a/b:1"}))
    with pytest.raises(PluginError, match=r"fetch image version a/b:1 from registry.*lookup nvcr\.io"):
        docker.Provider(Engine(None)).invoke(request)


@pytest.fixture
def homeless(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A machine on which nobody has installed a plugin, and no tool was obtained; its home folder."""
    monkeypatch.setenv("HOME", str(tmp_path / "me"))
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setenv("PATH", str(tmp_path / "bin"))
    monkeypatch.delenv("PULUMI_HOME", raising=False)
    return tmp_path / "me"


def official(home: Path, name: str) -> Path:
    """A plugin as `pulumi plugin install` leaves it: some program."""
    folder = home / "plugins" / f"resource-{name}-v{PLUGINS[name]}"
    folder.mkdir(parents=True)
    program = folder / f"pulumi-resource-{name}"
    program.write_bytes(b"\x7fELF, the real one")
    return program


def obtained(folder: Path) -> dict[str, Path]:
    """What `provide` always has: the kubernetes plugin, wherever it comes from."""
    program = folder / "pulumi-resource-kubernetes"
    program.write_bytes(b"\x7fELF, the real one")
    return {program.name: program}


def installed(home: Path, name: str) -> Path:
    return home / "plugins" / f"resource-{name}-v{PLUGINS[name]}" / f"pulumi-resource-{name}"


@pytest.mark.parametrize("name", PLUGINS)
def test_each_plugin_has_the_version_that_its_sdk_asks_for(name: str) -> None:
    sdk = __import__(f"pulumi_{name.replace('-', '_')}")
    assert f'"version": "{PLUGINS[name]}"' in (Path(sdk.__file__).parent / "pulumi-plugin.json").read_text()


def test_stand_ins_are_put_where_the_engine_looks_and_say_so(tmp_path: Path, homeless: Path) -> None:
    said = install(
        tmp_path / "home", Path(sys.executable), {"pulumi-resource-kubernetes": official(tmp_path, "kubernetes")}
    )
    assert [name for name, what in said.items() if what.startswith("stand-in: ")] == [
        "random",
        "docker",
        "docker-build",
    ]
    assert all(os.access(installed(tmp_path / "home", name), os.X_OK) for name in PLUGINS if name != "kubernetes")


@pytest.mark.parametrize("where", ["PULUMI_HOME", "HOME"])
@pytest.mark.parametrize("name", ["kubernetes", "random"])
def test_a_real_plugin_of_the_machine_goes_before_all_else_as_a_file_of_its_own(
    tmp_path: Path, homeless: Path, monkeypatch: pytest.MonkeyPatch, name: str, where: str
) -> None:
    home = tmp_path / "own" if where == "PULUMI_HOME" else homeless / ".pulumi"
    if where == "PULUMI_HOME":
        monkeypatch.setenv("PULUMI_HOME", str(home))
    official(home, name)
    tool, quiet = next(tool for tool in TOOLS if tool.plugin == name), Console(file=io.StringIO())
    for _ in range(2):
        said = install(tmp_path / "home", Path(sys.executable), obtained(tmp_path) | provide(quiet, [tool]))
    placed = installed(tmp_path / "home", name)
    assert said[name] == f"real, found in {home}/plugins/resource-{name}-v{PLUGINS[name]}"
    assert placed.read_bytes().startswith(b"\x7fELF")
    assert not placed.is_symlink()
    assert not placed.parent.is_symlink()


def test_the_simulations_own_copy_is_no_source(tmp_path: Path, homeless: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    own = tmp_path / "cache" / "dynamo-wideep" / "clusters" / "x" / "pulumi"
    official(own, "random")
    monkeypatch.setenv("PULUMI_HOME", str(own))
    assert find.find_plugin("random", PLUGINS["random"]) is None


@pytest.mark.parametrize("name", ["docker", "docker-build"])
def test_a_real_image_plugin_works_only_with_a_daemon_and_a_registry_that_it_can_reach(
    tmp_path: Path, homeless: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    official(homeless / ".pulumi", name)
    docker = tmp_path / "bin" / "docker"
    docker.parent.mkdir()
    docker.write_text("#!/bin/sh\nexit 0\n")

    assert "no Docker daemon answers" in install(tmp_path / "home", Path(sys.executable), obtained(tmp_path))[name]
    docker.chmod(0o755)
    assert "registry.sim" in install(tmp_path / "home", Path(sys.executable), obtained(tmp_path))[name]
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_: [])
    assert install(tmp_path / "home", Path(sys.executable), obtained(tmp_path))[name].startswith("real, found in ")
    assert name not in stand_ins(tmp_path / "home")


def test_an_installed_stand_in_runs_from_any_folder(tmp_path: Path) -> None:
    install(tmp_path / "home", Path(sys.executable), obtained(tmp_path))
    script = tmp_path / "home" / "plugins" / "resource-random-v4.21.4" / "pulumi-resource-random"
    with subprocess.Popen([script, "127.0.0.1:1"], stdout=subprocess.PIPE, text=True, cwd=tmp_path) as process:
        try:
            assert process.stdout is not None
            assert int(process.stdout.readline()) > 0
        finally:
            process.kill()


def test_stand_ins_in_one_process_answer_an_engine_that_attaches(tmp_path: Path) -> None:
    install(tmp_path / "home", Path(sys.executable), obtained(tmp_path))
    names = stand_ins(tmp_path / "home")
    assert sorted(names) == sorted(PLUGINS.keys() - {"kubernetes"})
    command = [sys.executable, "-P", "-m", "sim.pulumi_plugins", "--attach", *names]
    env = {**os.environ, "PYTHONPATH": str(PROJECT)}
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=tmp_path, env=env) as process:
        assert process.stdout is not None
        ports = dict(entry.split(":") for entry in process.stdout.readline().strip().split(","))
        for name in names:
            with grpc.insecure_channel(f"127.0.0.1:{ports[name]}") as channel:
                stub = provider_pb2_grpc.ResourceProviderStub(channel)
                stub.Attach(plugin_pb2.PluginAttach(address="127.0.0.1:1"), timeout=60)
                info = stub.GetPluginInfo(empty_pb2.Empty(), timeout=60)
                assert info.version == f"v{PLUGINS[name]}"
        process.terminate()


def test_a_real_plugin_is_no_stand_in(tmp_path: Path) -> None:
    install(tmp_path / "home", Path(sys.executable), obtained(tmp_path))
    binary = tmp_path / "home" / "plugins" / "resource-random-v4.21.4" / "pulumi-resource-random"
    binary.write_bytes(b"\x7fELF")
    assert "random" not in stand_ins(tmp_path / "home")


def test_a_plugin_refuses_what_it_does_not_know() -> None:
    with pytest.raises(
        PluginError, match="the simulated random plugin has no resource random:index/randomPet:RandomPet"
    ):
        random.Provider(Engine(None)).check(provider_pb2.CheckRequest(type="random:index/randomPet:RandomPet"))
