"""The stacks that ``wideep advise`` writes preview as any other. Needs the estimator as well."""

from pathlib import Path

import pytest
from typer.testing import CliRunner

from sim.sandbox import copy_project
from sim.state import Cluster
from tests.sim.pulumi import Pulumi
from wideep_cli.advise.extra import estimator_version
from wideep_cli.main import app

pytestmark = [
    pytest.mark.cluster,
    pytest.mark.advise,
    pytest.mark.skipif(estimator_version() is None, reason="aiconfigurator is not installed: make setup-advise"),
]


@pytest.mark.parametrize("gpus", [16, 32, 64])
def test_a_stack_that_was_advised_previews(cluster: Cluster, tmp_path: Path, gpus: int) -> None:
    folder, name = copy_project(tmp_path), f"h200-{gpus}"
    args = ["advise", "--gpu", "H200", "--gpus", str(gpus), "--output", "json"]
    advised = CliRunner().invoke(app, [*args, "--write", str(folder / f"Pulumi.{name}.yaml")])
    assert advised.exit_code == 0, advised.output
    stack = Pulumi(cluster, folder, name).create()
    stack("config", "set", "--secret", "hfToken", given="hf_standin")
    stack("config", "set", "--path", "platform.charts", "sim/charts/1.6.1")
    stack("config", "set", "--path", "image.resolveDigest", "false")
    stack("config", "set", "--path", "modelCache.storageClass", "kwok-volume")

    printed = stack("preview", "--diff")

    assert "to create" in printed
    assert "--chunked-prefill-size" in printed
    assert "error:" not in printed
