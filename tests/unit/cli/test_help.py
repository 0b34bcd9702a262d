"""``wideep --help``, and what a call of the command loads: that is most of the time that it takes."""

from __future__ import annotations

import os
import sys
import tomllib

import pytest
from typer.testing import CliRunner

from tests.conftest import ROOT
from tests.support import process
from wideep.dynamo.releases import newest_tried
from wideep_cli.advise.extra import estimator_version
from wideep_cli.main import app
from wideep_cli.verbs import VERBS, VerbGroup


def loaded_by(*words: str) -> set[str]:
    """The modules that a call of the command has imported, each with the packages around it."""
    code = (
        "import sys; from typer.testing import CliRunner; from wideep_cli.main import app; "
        f"assert CliRunner().invoke(app, {list(words)}).exit_code == 0; print(*sys.modules)"
    )
    return set(process.run(sys.executable, "-c", code).out.split())


def test_the_help_loads_no_verb_and_nothing_that_only_verbs_need() -> None:
    loaded = loaded_by("--help")

    assert not loaded & {"pulumi", "kubernetes", "drawsvg", "pydantic", "yaml", "rich", "markdown_it", "pygments"}
    assert {name for name in loaded if name.startswith("wideep_cli.") and name.endswith(".command")} == set()
    assert {name for name in loaded if name.startswith(("wideep.", "wideep_cluster"))} == {
        "wideep.errors",
        "wideep.masking",
    }


@pytest.mark.parametrize(
    "named", [("--file", "Pulumi.prod.yaml"), ("--stack", "prod"), ()], ids=["file", "stack", "selected"]
)
def test_a_plan_loads_no_cluster_no_estimator_and_no_other_engine(
    named: tuple[str, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PULUMI_STACK", "prod")

    loaded = loaded_by("plan", *named)

    assert {"wideep.engines.sglang.engine", "rich.table"} <= loaded
    assert not loaded & {"pulumi", "kubernetes", "drawsvg", "markdown_it", "pygments", "wideep_cluster"}
    assert not loaded & {"wideep.engines.vllm.engine", "wideep.engines.trtllm.engine"}
    assert not loaded & {"wideep_cli.advise.comparison", "wideep_cli.advise.answers"} or estimator_version()
    assert {name for name in loaded if name.startswith("wideep_cli.") and name.endswith(".command")} == {
        "wideep_cli.plan.command"
    }


def test_json_is_written_without_what_draws_tables() -> None:
    assert "rich.console" not in loaded_by("plan", "--file", "Pulumi.prod.yaml", "--output", "json")


def test_the_settings_are_loaded_without_a_look_at_their_source() -> None:
    process.run(sys.executable, "-c", "import inspect; inspect.findsource = None; import wideep.plan")


def test_without_a_verb_the_help_is_shown() -> None:
    alone, asked = (CliRunner().invoke(app, words) for words in ([], ["--help"]))
    assert "Show a stack's plan" in alone.output
    assert (alone.output, alone.exit_code) == (asked.output, 0)


def test_the_version_is_the_projects_with_its_commit_and_the_releases_of_dynamo() -> None:
    said = CliRunner().invoke(app, ["--version"])

    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    head = process.run("git", "-C", str(ROOT), "describe", "--always", "--dirty", "--exclude=*")
    commit = f", commit {head.out.strip()}" if (ROOT / ".git").exists() else ""
    assert said.exit_code == 0
    assert said.output.splitlines()[0] == f"dynamo-wideep {project['version']}{commit}"
    assert f"newest tried: {newest_tried().version}" in said.output


@pytest.mark.parametrize("verb", VERBS)
def test_the_line_of_each_verb_in_the_help_is_its_docstring(verb: str) -> None:
    command = VerbGroup(name="wideep").commands[verb]

    assert command.name == verb
    assert VERBS[verb] == " ".join(str(command.help).split("\n\n")[0].split())


@pytest.mark.parametrize("verb", VERBS)
def test_an_option_that_takes_no_value_shows_none_in_the_verbs_help(verb: str) -> None:
    page = CliRunner().invoke(app, [verb, "--help"]).output
    assert "--debug" in page
    assert "bool" not in page


def test_every_command_module_is_a_verb() -> None:
    folders = {path.parent.name for path in (ROOT / "wideep_cli").glob("*/command.py")}

    assert {"importing" if verb == "import" else verb for verb in VERBS} == folders


@pytest.mark.parametrize("columns", [20, 40, 80, 200])
def test_the_help_is_as_wide_as_the_terminal(columns: int) -> None:
    lines = CliRunner(env={"COLUMNS": str(columns)}).invoke(app, ["--help"]).stdout.splitlines()
    boxes = [line for line in lines if line.startswith(("╭", "│", "╰"))]

    assert {len(line) for line in boxes} == {max(columns, 40)}
    assert sum(line.startswith("╭") for line in boxes) == 2


def test_the_help_has_colours_in_a_terminal_only(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("NO_COLOR", raising=False)
    runner = CliRunner(env={"TERM": "xterm"})

    assert "\x1b[36m\x1b[1mplan " in runner.invoke(app, ["--help"], color=True).stdout
    assert "\x1b" not in runner.invoke(app, ["--help"]).stdout
    assert "\x1b" not in runner.invoke(app, ["--help"], color=True, env={"NO_COLOR": "1"}).stdout
    assert "\x1b" not in runner.invoke(app, ["--help"], color=True, env={"TERM": "dumb"}).stdout


def test_a_terminal_without_unicode_gets_plain_boxes() -> None:
    environ = os.environ | {"PYTHONIOENCODING": "ascii"}

    assert "+- Commands ---" in process.run(sys.executable, "-m", "wideep_cli.main", "--help", env=environ).out


def test_a_shell_completes_verbs_and_their_options() -> None:
    def completed(words: str) -> str:
        asked = {"_WIDEEP_COMPLETE": "complete_zsh", "_TYPER_COMPLETE_ARGS": words}
        code = "from wideep_cli.main import app; app(prog_name='wideep')"
        return process.run(sys.executable, "-c", code, env=os.environ | asked, fails=None).out

    assert "plan" in completed("wideep pl")
    assert "--against" in completed("wideep plan --a")
