"""`make mutants`: its parts name code and tests that are there, and another part is refused by its name."""

from __future__ import annotations

from configparser import ConfigParser
from pathlib import Path

import pytest

from tests import mutants
from tests.conftest import ROOT


@pytest.mark.parametrize("name", mutants.PARTS)
def test_a_part_changes_code_and_asks_tests_that_are_there(name: str, tmp_path: Path) -> None:
    mutants.prepare(mutants.PARTS[name], tmp_path / name)

    settings = ConfigParser()
    settings.read(tmp_path / name / "setup.cfg", encoding="utf-8")
    for key in ("only_mutate", "pytest_add_cli_args_test_selection", "also_copy"):
        patterns = settings["mutmut"][key].split()
        assert patterns
        assert [each for each in patterns if not list((tmp_path / name).glob(each))] == []


def test_links_lead_to_the_tree_and_no_environment_or_build_is_among_them(tmp_path: Path) -> None:
    mutants.prepare(mutants.PARTS["memory"], tmp_path)
    mutants.prepare(mutants.PARTS["memory"], tmp_path)

    assert (tmp_path / "wideep").resolve() == ROOT / "wideep"
    assert not [each.name for each in tmp_path.iterdir() if each.name.startswith((".venv", ".git/", "build"))]


def test_a_part_that_is_none_is_refused_with_those_that_are(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("PART", "memory sizes")

    assert mutants.main() == 2
    assert "PART=sizes: no such part. Write one or more of memory, rules, graph, engine." in capsys.readouterr().err
