"""Which cluster a stack means, and what is said when there is no way to it."""

from __future__ import annotations

import json
import shlex
from pathlib import Path

import pytest

from wideep_cli.connection import connect
from wideep_cli.errors import CallError
from wideep_cli.stack_file import StackFile
from wideep_cluster import UnreachableError


@pytest.fixture
def kubeconfig(tmp_path: Path) -> Path:
    """Of two clusters on which nothing listens."""
    servers = {"one": "https://127.0.0.1:9", "two": "https://127.0.0.1:7"}
    config = {
        "apiVersion": "v1",
        "kind": "Config",
        "current-context": "one",
        "clusters": [{"name": name, "cluster": {"server": server}} for name, server in servers.items()],
        "contexts": [{"name": name, "context": {"cluster": name, "user": "anna"}} for name in servers],
        "users": [{"name": "anna", "user": {"token": "t0ken"}}],
    }
    file = tmp_path / "kubeconfig"
    file.write_text(json.dumps(config))
    return file


def stack(folder: Path, **config: object) -> StackFile:
    """A stack's file with keys of the Kubernetes provider."""
    file = folder / "Pulumi.lab.yaml"
    file.write_text(json.dumps({"config": {f"kubernetes:{key}": value for key, value in config.items()}}))
    return StackFile(file, {})


def test_the_current_context_is_asked_where_the_stack_names_none(
    kubeconfig: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("KUBECONFIG", str(kubeconfig))

    assert connect(stack(kubeconfig.parent)).server == "https://127.0.0.1:9"


def test_the_stacks_own_kubeconfig_and_context_come_first(kubeconfig: Path) -> None:
    """A path is read from the stack's folder, as Pulumi runs there; content is read as it stands."""
    by_path = stack(kubeconfig.parent, kubeconfig=kubeconfig.name, context="two")
    assert connect(by_path).server == "https://127.0.0.1:7"

    by_content = stack(kubeconfig.parent, kubeconfig=kubeconfig.read_text(), context="two")
    assert connect(by_content).server == "https://127.0.0.1:7"


def test_an_unknown_context_is_told_with_those_there_are(kubeconfig: Path) -> None:
    with pytest.raises(CallError) as told:
        connect(stack(kubeconfig.parent, kubeconfig=kubeconfig.name, context="three"))

    assert told.value.message == "kubernetes:context three is not in the kubeconfig. It has one, two."
    assert told.value.fix == "pulumi config set kubernetes:context one"


def test_a_context_whose_name_a_shell_would_read_is_quoted(kubeconfig: Path) -> None:
    kubeconfig.write_text(kubeconfig.read_text().replace('"one"', '"my cluster; id"'))
    with pytest.raises(CallError) as told:
        connect(stack(kubeconfig.parent, kubeconfig=kubeconfig.name, context="three"))
    assert shlex.split(told.value.fix) == ["pulumi", "config", "set", "kubernetes:context", "my cluster; id"]


def test_a_missing_kubeconfig_is_told_with_its_path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KUBECONFIG", str(tmp_path / "none"))

    with pytest.raises(CallError, match=r"none \(KUBECONFIG\) does not exist"):
        connect(stack(tmp_path))


def test_an_encrypted_kubeconfig_is_not_opened(tmp_path: Path) -> None:
    with pytest.raises(CallError, match="is encrypted, and wideep reads no secret"):
        connect(stack(tmp_path, kubeconfig={"secure": "v1:abc"}))


def test_a_cluster_that_does_not_answer_is_told_with_its_address(kubeconfig: Path) -> None:
    cluster = connect(stack(kubeconfig.parent, kubeconfig=kubeconfig.name))

    with pytest.raises(UnreachableError, match=r"cluster at https://127\.0\.0\.1:9 is unreachable: Connection refused"):
        cluster.version()
