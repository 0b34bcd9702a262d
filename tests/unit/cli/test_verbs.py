"""The verbs that look at a live cluster, before they have one."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
import yaml
from typer.main import get_command
from typer.testing import CliRunner, Result

from tests.support.configs import stack
from wideep_cli.main import app

VERBS = ["status", "top", "logs", "smoke", "gpus", "eplb", "network", "burnin"]


def call(*args: object) -> Result:
    """Call the command as a pipe would see it."""
    return CliRunner(env={"COLUMNS": "200", "TERM": "dumb"}).invoke(app, [str(arg) for arg in args])


def write_stack(folder: Path, kubeconfig: Path) -> Path:
    """A stack's file that names its kubeconfig."""
    path = folder / "Pulumi.test.yaml"
    config = {f"dynamo-wideep:{key}": value for key, value in stack().items()}
    path.write_text(yaml.safe_dump({"config": {**config, "kubernetes:kubeconfig": str(kubeconfig)}}))
    return path


@pytest.fixture
def nowhere(tmp_path: Path) -> Path:
    """The file of a stack whose kubeconfig does not exist."""
    return write_stack(tmp_path, tmp_path / "none")


@pytest.fixture
def silent(tmp_path: Path) -> Path:
    """The file of a stack whose cluster does not answer."""
    path = tmp_path / "kubeconfig"
    config = {
        "apiVersion": "v1",
        "kind": "Config",
        "clusters": [{"name": "c", "cluster": {"server": "http://127.0.0.1:9"}}],
        "contexts": [{"name": "c", "context": {"cluster": "c", "user": "u"}}],
        "users": [{"name": "u", "user": {}}],
        "current-context": "c",
    }
    path.write_text(yaml.safe_dump(config))
    return write_stack(tmp_path, path)


@pytest.mark.parametrize("verb", [*VERBS, "bench"])
def test_the_help_of_each_verb_has_an_example(verb: str) -> None:
    assert f"Example: wideep {verb}" in call(verb, "--help").stdout


@pytest.mark.parametrize("verb", VERBS)
def test_without_a_way_to_a_cluster_it_says_so_in_a_sentence(verb: str, nowhere: Path) -> None:
    result = call(verb, "--file", nowhere)

    assert result.exit_code == 2
    assert result.stdout == ""
    assert "There is no kubeconfig: " in result.stderr
    assert "Traceback" not in result.output


@pytest.mark.parametrize("verb", VERBS)
def test_a_cluster_that_does_not_answer_is_named_in_json_too(verb: str, silent: Path) -> None:
    quick = ["--timeout", "1"] if verb == "smoke" else []

    result = call(verb, "--file", silent, "--output", "json", *quick)

    assert result.exit_code == 1
    rule = json.loads(result.stdout)["problems"][0]["rule"]
    assert rule.startswith("The cluster at http://127.0.0.1:9 is unreachable: ")


@pytest.mark.parametrize("verb", ["gpus", "eplb", "network"])
def test_a_role_that_is_none_is_refused(verb: str, nowhere: Path) -> None:
    result = call(verb, "--file", nowhere, "--role", "frontend")

    assert result.exit_code == 2
    assert "--role frontend: workers are prefill or decode." in result.stderr


def test_follow_and_previous_do_not_go_together() -> None:
    assert "--follow and --previous exclude each other." in call("logs", "--follow", "--previous").stderr


def test_bench_without_aiperf_says_how_to_get_it(
    nowhere: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sys.prefix", str(tmp_path / "venv"))
    monkeypatch.setenv("PATH", "/nowhere")

    result = call("bench", "--file", nowhere)

    assert result.exit_code == 2
    assert "Run make setup-bench, which installs it into .venv-bench" in result.stderr


EVERY = sorted(getattr(get_command(app), "commands", {}))


@pytest.mark.parametrize("verb", ["", *EVERY])
def test_help_fits_80_columns_and_breaks_no_choice(verb: str) -> None:
    """A choice is ``<a|b>``; broken over two lines it cannot be read, let alone copied."""
    narrow = CliRunner(env={"COLUMNS": "80", "TERM": "dumb"})
    told = narrow.invoke(app, [*([verb] if verb else []), "--help"]).stdout.splitlines()
    assert [line for line in told if len(line) > 80 or "…" in line.replace("N,N,…", "")] == []
    plain = [re.sub("[<>]=", "", line) for line in told]
    assert [line for line in plain if line.count("<") != line.count(">")] == []


@pytest.mark.parametrize("call", [["plan", "--stack", "prod"], ["layouts"], ["layouts", "--gpus", "32"], ["models"]])
def test_what_needs_no_cluster_fits_80_columns_and_cuts_nothing(call: list[str]) -> None:
    narrow = CliRunner(env={"COLUMNS": "80", "TERM": "dumb", "KUBECONFIG": "no-such-kubeconfig"})
    told = narrow.invoke(app, call).stdout.splitlines()
    assert [line for line in told if len(line) > 80 or "…" in line.replace("hf_…", "")] == []
    assert len(told) > 10


@pytest.mark.parametrize(
    ("verb", "default"),
    [
        ("logs", "[default: all pods of the graph]"),
        ("burnin", "[default: all free ones]"),
        ("status", "[default: the selected one]"),
        ("advise", "[default: 4000]"),
        ("bench", "[default: the model's]"),
    ],
)
def test_help_says_what_counts_where_an_option_is_left_out(verb: str, default: str) -> None:
    assert default in call(verb, "--help").stdout
