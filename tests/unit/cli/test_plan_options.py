"""`wideep plan`'s options: what is refused of them, and names of files that no file can have."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from typer.testing import Result

Run = Callable[..., Result]
STACK = """\
config:
  dynamo-wideep:namespace: dynamo
  dynamo-wideep:model: deepseek-ai/DeepSeek-R1
  dynamo-wideep:hardware: {gpu: H200, nodes: 4, gpusPerNode: 8, interconnect: infiniband}
  dynamo-wideep:layout: {preset: wide-32gpu}
  dynamo-wideep:modelCache: {size: 1Ti}
"""


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """A stack's file."""
    file = tmp_path / "Pulumi.mine.yaml"
    file.write_text(STACK)
    return file


@pytest.mark.parametrize("option", ["--since", "--against", "--args", "--stack"])
def test_an_option_whose_value_is_empty_is_refused(run: Run, path: Path, option: str) -> None:
    source = [] if option == "--stack" else ["--file", path]
    result = run("plan", *source, option, "")
    assert (result.exit_code, result.stderr.splitlines()[0]) == (2, f"{option} has an empty value.")


@pytest.mark.parametrize(
    ("args", "why"),
    [
        (["--diff", "a.yaml", "b.yaml", "--svg", "x.svg"], "Leave out --svg."),
        (["--diff", "a.yaml", "b.yaml", "--manifest"], "--diff and --manifest each print something of their own."),
        (["--since", "HEAD", "--svg", "x.svg", "--experts", "x.json"], "Leave out --svg and --experts."),
        (["--args", "decode", "--measured"], "Leave out --measured."),
    ],
)
def test_no_option_is_passed_over(run: Run, args: list[str], why: str) -> None:
    result = run("plan", *args)
    assert result.exit_code == 2
    assert why in result.stderr


@pytest.mark.parametrize("name", ["n" * 300, "n" * 300 + ".yaml", "~no-such-user/x", "no/such/file"])
@pytest.mark.parametrize("option", ["--file", "--stack", "--against", "--experts", "--svg"])
def test_a_name_that_no_file_can_have_is_told(run: Run, path: Path, option: str, name: str) -> None:
    source = [] if option in ("--file", "--stack") else ["--file", path]
    result = run("plan", *source, option, name)
    assert result.exit_code == 2
    assert "Internal error" not in result.stderr


@pytest.mark.parametrize("option", ["--file", "--against"])
def test_what_is_no_regular_file_is_said_to_be_there(run: Run, path: Path, option: str) -> None:
    source = [] if option == "--file" else ["--file", path]
    for name in ("/dev/null", path.parent):
        assert f"{name} is not a regular file." in run("plan", *source, option, name).stderr


def test_a_command_in_one_long_line_is_no_file(run: Run, path: Path) -> None:
    flags = " ".join(["--watchdog-timeout 600"] * 20)
    command = f"python3 -m sglang.launch_server --model-path deepseek-ai/DeepSeek-R1 --tp-size 8 {flags}"
    assert len(command) > 500
    assert run("plan", "--file", path, "--against", command).exit_code == 0
