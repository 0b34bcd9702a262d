"""The search with the estimator itself: against its own sweep, against the bounds, and to a stack's file."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest
import yaml
from jsonschema import Draft202012Validator
from typer.testing import CliRunner

from tests.golden.crd import spec_validator
from wideep.catalog.layouts import preset_gpus
from wideep.settings.traffic import Traffic
from wideep_cli.advise.comparison import Advice, Unknown, best_preset
from wideep_cli.advise.prediction import Prediction
from wideep_cli.layouts.served import BEST, SERVED, TRAFFICS
from wideep_cli.main import app
from wideep_cli.stack_context import load
from wideep_cli.stack_file import read_stack_file

Advised = Callable[..., Advice]

SWEEP = {
    ("deepseek-ai/DeepSeek-R1", 16): 395.269,
    ("deepseek-ai/DeepSeek-R1", 32): 395.269,
    ("Qwen/Qwen3-30B-A3B", 8): 2793.063,
}
"""Tokens/s per GPU of ``aiconfigurator.cli.api.cli_default`` 0.12.0, disaggregated, on H200: bench/advise.py sweep."""

SHARES = {(104, 1): 0.89}
"""Where no layout is the best for all three traffics: GPUs, and which traffic."""


@pytest.mark.parametrize(("model", "gpus"), list(SWEEP))
def test_the_search_finds_at_least_what_the_estimators_own_sweep_does(advised: Advised, model: str, gpus: int) -> None:
    best = advised(model=model, gpus=gpus).best[0]

    assert best.tokens_per_second_per_gpu >= SWEEP[model, gpus] - 0.001  # theirs is rounded to that
    assert best.meets


@pytest.mark.parametrize("traffic", TRAFFICS, ids=lambda traffic: f"{traffic.isl}-{traffic.osl}")
@pytest.mark.parametrize("gpus", list(BEST))
def test_the_best_presets_are_the_best_found_and_layouts_says_what_each_preset_serves(
    advised: Advised, gpus: int, traffic: Traffic
) -> None:
    advice, column = advised(gpus=gpus, **traffic.model_dump()), TRAFFICS.index(traffic)

    found = {each.name: each.prediction for each in advice.presets if each.gpus == gpus}
    predicted = {name: each for name, each in found.items() if isinstance(each, Prediction)}
    figures = {name: round(each.tokens_per_second_per_gpu, 1) for name, each in predicted.items() if each.meets}
    assert figures == {preset: told[column] for preset, told in SERVED.items() if preset_gpus(preset) == gpus}
    best = advice.best[0]
    assert (round(best.tokens_per_second_per_gpu, 1), best.gpus) == (BEST[gpus][column], gpus)
    assert figures[f"best-{gpus}gpu"] >= SHARES.get((gpus, column), 0.95) * BEST[gpus][column]
    assert f"best-{gpus}gpu" == best_preset(advice.presets, gpus)[0]  # type: ignore[index]


def test_the_labs_layouts_leave_most_of_the_hardware_idle(advised: Advised) -> None:
    advice = advised(gpus=32)

    by_name = {each.name: each.prediction for each in advice.presets}
    lab = by_name["lab-32gpu"]
    assert isinstance(lab, Prediction)
    assert 9 * lab.tokens_per_second_per_gpu < advice.best[0].tokens_per_second_per_gpu
    refused, unknown = by_name["lab-8gpu"], by_name["wide-104gpu"]
    assert isinstance(refused, Unknown)
    assert not refused.runs
    assert isinstance(unknown, Unknown)
    assert unknown.runs
    assert "EP 72" in unknown.reason


def test_no_prediction_is_better_than_its_bound(advised: Advised) -> None:
    questions = [
        {"gpus": 16},
        {"gpus": 64},
        {"gpus": 32, "isl": 1024, "osl": 1024},
        {"gpus": 32, "gpu": "H100-80", "isl": 2000, "osl": 200, "ttft": "5s", "itl": "100ms"},
        {"gpus": 8, "model": "Qwen/Qwen3-30B-A3B"},
    ]
    for question in questions:
        advice = advised(**question)
        compared = [each.prediction for each in advice.presets if isinstance(each.prediction, Prediction)]
        for found in (*advice.best, *advice.frontier, *compared):
            assert found.tokens_per_second <= found.bound.tokens_per_second, (question, found)


def test_where_only_one_node_was_measured_nothing_across_nodes_is_advised(advised: Advised) -> None:
    advice = advised(gpus=32, gpu="B200")

    assert any("no measurements between nodes" in reason for reason in advice.field.unknown)
    assert all(role.nodes == 1 for each in advice.best for role in each.layout.roles.values())


def test_prefill_on_h100_and_decode_on_h200(advised: Advised) -> None:
    best = advised(gpu="H100-80", gpus=32, decode_gpu="H200", decode_gpus=16).best[0]

    assert best.layout.prefill.gpus <= 32
    assert best.layout.decode.gpus <= 16
    assert best.meets


@pytest.fixture(scope="module")
def crd(reference: Path) -> Draft202012Validator:
    """The real CRD's schema of ``spec``."""
    return spec_validator(reference / "data" / "crds")


@pytest.mark.parametrize("gpus", [16, 32, 64])
def test_each_command_writes_a_stack_that_plans_and_passes_the_crd(
    gpus: int, tmp_path: Path, root: Path, crd: Draft202012Validator
) -> None:
    """On 0.6.0, whose real CRD is at hand."""
    target = tmp_path / f"Pulumi.h200-{gpus}.yaml"
    (tmp_path / "Pulumi.yaml").write_bytes((root / "Pulumi.yaml").read_bytes())
    prod = yaml.safe_load((root / "Pulumi.prod.yaml").read_text(encoding="utf-8"))
    prod["config"]["dynamo-wideep:platform"] = {"version": "0.6.0"}
    prod["config"]["dynamo-wideep:image"] = {"source": "existing", "reference": "r.example.com/dynamo:0.6.0"}
    (tmp_path / "Pulumi.prod.yaml").write_text(yaml.safe_dump(prod), encoding="utf-8")

    result = CliRunner().invoke(app, ["advise", "--gpu", "H200", "--gpus", str(gpus), "--write", str(target)])

    assert result.exit_code == 0, result.output
    plan = load(read_stack_file(target)).plan
    assert plan.gpus == gpus
    for manifest in plan.manifests:
        assert list(crd.iter_errors(manifest["spec"])) == []


def test_the_report_has_table_plot_and_stack_config(tmp_path: Path) -> None:
    runner = CliRunner(env={"COLUMNS": "100", "TERM": "dumb"})
    for suffix, start in ((".png", b"\x89PNG"), (".svg", b"<?xml")):
        target = tmp_path / f"pareto{suffix}"
        result = runner.invoke(app, ["advise", "--gpus", "32", "--plot", str(target)])
        assert result.exit_code == 0, result.output
        assert target.read_bytes().startswith(start)

    lines = result.stdout.splitlines()
    assert lines[0].startswith("deepseek-ai/DeepSeek-R1 on 32 × H200")
    assert max(map(len, lines)) <= 100
    assert any("limited by" in line for line in lines)
    assert any("tokens/s per user" in line for line in lines)
    assert any("moeA2aBackend: deepep" in line for line in lines)
    assert os.linesep not in lines[-1]


def test_a_plot_that_is_no_picture_is_refused(tmp_path: Path) -> None:
    result = CliRunner().invoke(app, ["advise", "--gpus", "32", "--plot", str(tmp_path / "pareto.pdf")])

    assert result.exit_code == 2
    assert "written as SVG or PNG" in result.stderr


def test_a_model_that_the_estimator_does_not_know_is_said() -> None:
    result = CliRunner().invoke(app, ["advise", "--gpus", "16", "--model", "mistralai/Mixtral-8x7B-Instruct-v0.1"])

    assert result.exit_code == 2
    assert "does not support the shape of mistralai/Mixtral-8x7B-Instruct-v0.1" in result.stderr
