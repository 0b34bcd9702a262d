"""The environment of the simulated cluster keeps the user's own Pulumi, Helm and kubectl out of it."""

import os
import sys
from pathlib import Path

import pytest

from sim.env import environment
from sim.state import Cluster, Ports
from tests.support.process import run


@pytest.fixture
def cluster(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Cluster:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    tools = tmp_path / "dynamo-wideep" / "tools"
    found = {
        "pulumi": tools / "pulumi/1/bin/pulumi",
        "dynamo": tools / "dynamo/1/bin/python",
        "pulumi-resource-kubernetes": tools / "pulumi-resource-kubernetes/1/bin/pulumi-resource-kubernetes",
        "helm": Path("/usr/somewhere/helm"),
    }
    ports = Ports(**dict.fromkeys(Ports.model_fields, 20000))
    return Cluster(id="abc", directory=tmp_path / "a 'quoted' folder", stack="sim", ports=ports, tools=found)


def test_the_programs_python_comes_first_then_the_cached_tools(cluster: Cluster) -> None:
    first, second, *rest = environment(cluster)["PATH"].split(os.pathsep)
    assert first == str(Path(sys.prefix) / "bin")
    assert second == str(cluster.tools["pulumi"].parent)
    callers = dict.fromkeys(os.environ["PATH"].split(os.pathsep))
    assert rest == [part for part in callers if part not in (first, second)]


def test_twice_the_same_environment_is_the_same(cluster: Cluster, monkeypatch: pytest.MonkeyPatch) -> None:
    once = environment(cluster)
    monkeypatch.setenv("PATH", once["PATH"])
    assert environment(cluster) == once


def test_the_engine_downloads_no_plugin_by_itself(cluster: Cluster) -> None:
    assert environment(cluster)["PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION"] == "true"


def test_a_shell_reads_the_export_lines_whatever_the_folder_is_called(cluster: Cluster) -> None:
    env = os.environ | {"SIM_CLUSTER": str(cluster.save().file)}
    printed = run(sys.executable, "-m", "sim", "env", env=env).out
    assert run("sh", "-c", f'{printed}\necho "$KUBECONFIG"').out.strip() == str(cluster.kubeconfig)
