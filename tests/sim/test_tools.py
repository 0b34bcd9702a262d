"""The tools as they are on this machine: each runs, and says a version that the simulation can work with."""

from pathlib import Path

import pytest

from sim.state import Cluster
from sim.tools import find
from sim.tools.catalog import TOOLS, Tool
from tests.sim.conftest import Run

pytestmark = pytest.mark.cluster


@pytest.mark.parametrize("tool", [tool for tool in TOOLS if tool.on_path], ids=lambda tool: tool.name)
def test_the_tool_says_a_version_that_fits(cluster: Cluster, tool: Tool) -> None:
    if tool.optional and tool.name not in cluster.tools:
        pytest.skip(f"this machine has no {tool.name}")
    assert find.fits(cluster.tools[tool.name], tool)


def test_the_api_server_says_a_version_that_clients_can_parse(run: Run) -> None:
    assert '"gitVersion": "v1.' in run("kubectl", "get", "--raw", "/version").out


def test_dynamos_frontend_can_be_started_from_its_environment(cluster: Cluster, run: Run) -> None:
    assert "--http-port" in run(str(cluster.tools["dynamo"]), "-m", "dynamo.frontend", "--help").out


def test_pulumi_finds_its_language_host_and_the_dynamic_provider_on_path(cluster: Cluster, run: Run) -> None:
    for name in ("pulumi-language-python", "pulumi-language-python-exec", "pulumi-resource-pulumi-python"):
        assert Path(run("sh", "-c", f"command -v {name}").out.strip()).parent == cluster.tools["pulumi"].parent
