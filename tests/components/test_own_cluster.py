"""The program asks the cluster many things and connects once: a credential plugin may take a second."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pulumi
import pytest

from components.lifecycle import own_cluster
from components.lifecycle.own_cluster import KEPT_SECONDS, connect_from_config


@pytest.fixture
def calls(tmp_path: Path) -> Iterator[Path]:
    """The calls of the config's credential plugin, a line each; the current context and another use it."""
    called, plugin = tmp_path / "called", tmp_path / "plugin.sh"
    credential = {
        "apiVersion": "client.authentication.k8s.io/v1",
        "kind": "ExecCredential",
        "status": {"token": "a-token"},
    }
    plugin.write_text(f"#!/bin/sh\necho called >> {called}\necho '{json.dumps(credential)}'\n")
    plugin.chmod(0o700)
    exec_ = {"apiVersion": credential["apiVersion"], "command": str(plugin), "interactiveMode": "Never"}
    config = {
        "apiVersion": "v1",
        "kind": "Config",
        "current-context": "one",
        "clusters": [{"name": "lab", "cluster": {"server": "https://lab.example.com"}}],
        "users": [{"name": "me", "user": {"exec": exec_}}],
        "contexts": [{"name": name, "context": {"cluster": "lab", "user": "me"}} for name in ("one", "other")],
    }
    (tmp_path / "kubeconfig").write_text(json.dumps(config))
    pulumi.runtime.set_all_config({"kubernetes:kubeconfig": str(tmp_path / "kubeconfig")})
    yield called
    pulumi.runtime.set_all_config({})


def count(calls: Path) -> int:
    return len(calls.read_text().splitlines())


def test_the_credential_plugin_is_called_once(calls: Path) -> None:
    places = [connect_from_config(namespace) for namespace in ("a", "b", "a")]

    assert [place.name for place in places] == ["a", "b", "a"]
    assert {place.cluster.server for place in places} == {"https://lab.example.com"}
    assert count(calls) == 1


def test_what_it_gave_is_not_kept_until_it_has_expired(calls: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    now = own_cluster.time.monotonic()
    connect_from_config("a")
    monkeypatch.setattr(own_cluster.time, "monotonic", lambda: now + KEPT_SECONDS)
    connect_from_config("a")

    assert count(calls) == 2


def test_another_context_is_another_cluster(calls: Path) -> None:
    connect_from_config("a")
    kubeconfig = str(calls.parent / "kubeconfig")
    pulumi.runtime.set_all_config({"kubernetes:kubeconfig": kubeconfig, "kubernetes:context": "other"})

    assert connect_from_config("a").cluster.context == "other"
    assert count(calls) == 2
