"""What is known of the presets without the estimator, and which of them is named in place of another."""

from __future__ import annotations

import json
import re

import pytest
from typer.testing import CliRunner

from tests.conftest import ROOT
from tests.support.configs import settings
from wideep.catalog.layouts import preset_gpus
from wideep.settings.layout import Preset
from wideep.text import recorded, shown_rate
from wideep_cli.layouts.served import BEST, SERVED, served, suggestion
from wideep_cli.main import app

PAGE = ROOT / "docs" / "performance.md"


def suggested(layout: object, **changed: object) -> str | None:
    """What a stack of DeepSeek-R1 on enough H200 is told."""
    stack = settings(layout=layout, **changed)
    return suggestion(stack.layout, stack.model, stack.hardware.gpu)


@pytest.mark.parametrize(
    ("preset", "words"),
    [
        ("wide-32gpu", "`layout: best-32gpu` serves 1.3 times as much on the same number of GPUs"),
        ("wide-64gpu", "`layout: best-64gpu` serves 1.8 times as much"),
        ("lab-32gpu", "`layout: best-32gpu` serves 10.1 times as much"),
        ("wide-104gpu", "`layout: best-104gpu` serves 520 tokens/s per GPU"),
    ],
)
def test_a_preset_is_told_which_one_serves_more_on_as_many_gpus(preset: str, words: str) -> None:
    assert words in (suggested(preset) or "")


def test_of_the_best_preset_its_own_figure_is_told_and_no_other_layout() -> None:
    said = suggested("best-32gpu") or ""
    assert said.startswith("`layout: best-32gpu` serves 483 tokens/s per GPU predicted")
    assert said.count("layout:") == 1


@pytest.mark.parametrize("computed", [96.45, 96.4999, 96.5, 96.5499, 97.5, 97.4999, 0.04])
def test_a_figure_reads_the_same_as_recorded_and_as_computed(computed: float) -> None:
    assert shown_rate(computed) == shown_rate(recorded(computed))
    assert [shown_rate(figure) for figure in (96.5, 97.5, 97.4)] == [97, 98, 97]


def test_layouts_and_the_page_of_performance_round_alike() -> None:
    rows = re.findall(r"^\| `([\w-]+)` \| (\d+), .*? \| (\d+), .*? \| (\d+), ", PAGE.read_text(encoding="utf-8"), re.M)
    told = {preset: tuple(map(int, figures)) for preset, *figures in rows}
    assert told == {str(preset): tuple(map(shown_rate, figures)) for preset, figures in SERVED.items()}


@pytest.mark.parametrize("layout", ["lab-8gpu", {"preset": "wide-32gpu", "decode": {"replicas": 2}}])
def test_those_without_a_rival_and_layouts_of_ones_own_are_told_nothing(layout: object) -> None:
    assert suggested(layout) is None


def test_figures_of_other_gpus_and_models_are_not_guessed() -> None:
    stack = settings(layout="wide-32gpu")
    for gpu in ("B200", "H100-80"):
        hardware = {"gpu": gpu, "nodes": 13, "gpusPerNode": 8, "interconnect": "infiniband"}
        assert suggested("wide-32gpu", hardware=hardware) is None
    smaller = stack.model.model_copy(update={"layers": 30})
    assert served(Preset.WIDE_32GPU, smaller, stack.hardware.gpu) == ()


def test_a_list_of_layouts_by_cache_says_which_preset_is_fast() -> None:
    def listed(*more: str) -> str:
        return " ".join(CliRunner().invoke(app, ["layouts", "--gpus", "16", *more]).stdout.split())

    said = "`layout: best-16gpu` serves the most: 483 tokens/s per GPU predicted"
    assert said in listed("--gpu", "H200", "--model", "deepseek-ai/DeepSeek-R1")
    assert said in listed("--gpu", "H200", "--model", "deepseek-ai/DeepSeek-R1", "--output", "markdown")
    assert "serves the most" not in listed("--gpu", "H200", "--model", "Qwen/Qwen3-235B-A22B-FP8")
    assert "serves the most" not in listed("--gpu", "H200", "--model", "deepseek-ai/DeepSeek-R1", "--backend", "vllm")


def test_no_preset_serves_more_than_the_best_for_its_gpus() -> None:
    for preset, figures in SERVED.items():
        assert all(own <= best for own, best in zip(figures, BEST[preset_gpus(preset)], strict=True)), preset


def test_layouts_says_of_each_preset_where_it_is_from_and_what_it_serves() -> None:
    result = CliRunner().invoke(app, ["layouts", "--output", "json"])

    rows = {row["preset"]: row for row in json.loads(result.stdout)["presets"]}
    assert rows["wide-32gpu"]["source"] == "modelled on SGLang's published ones"
    assert rows["lab-8gpu"]["served"] == []
    (first, *_) = rows["wide-32gpu"]["served"]
    assert first == {
        "traffic": {"isl": 4000, "osl": 500, "ttft": "2s", "itl": "50ms"},
        "tokens_per_second_per_gpu": 369.2,
        "share_of_best": 0.765,
    }
    markdown = CliRunner().invoke(app, ["layouts", "--output", "markdown"]).stdout
    assert "| wide-32gpu | 369, 77% | 791, 97% | 342, 82% |" in markdown
