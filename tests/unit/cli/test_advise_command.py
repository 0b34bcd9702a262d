"""``wideep advise`` and the forecast of ``wideep plan``, with an estimator that is a formula, and without one."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml
from typer.testing import CliRunner, Result

from tests.support.answers import FormulaAnswers
from tests.support.burnin import FakeCluster
from tests.support.configs import stack
from wideep.burnin.kept import KeptGpu, KeptNode
from wideep.catalog.models import MODELS
from wideep.errors import ConfigError
from wideep.settings import parse
from wideep.settings.hardware import Gpu
from wideep.settings.layout import Role
from wideep.settings.traffic import Traffic
from wideep_cli import measured
from wideep_cli.advise import answers, comparison, engines, extra, forecast
from wideep_cli.advise.answers import Answers
from wideep_cli.advise.workers import Series, Step, WorkerQuestion
from wideep_cli.errors import CallError
from wideep_cli.main import app
from wideep_cli.stack_context import load
from wideep_cli.stack_file import read_stack_file
from wideep_cluster.burnin.keep import keep

Run = Callable[..., Result]
TOKEN = "hf_" + "s3cretS3cret"


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch) -> Run:
    """Call the command with the formula in place of the estimator."""
    monkeypatch.setattr(extra, "estimator_version", lambda: "of-the-tests")
    monkeypatch.setattr(forecast, "estimator_version", lambda: "of-the-tests")
    monkeypatch.setattr(comparison, "Answers", FormulaAnswers)
    monkeypatch.setattr(forecast, "Answers", FormulaAnswers)
    monkeypatch.setattr(engines, "Answers", FormulaAnswers)
    return call


def call(*args: object) -> Result:
    """Call the command as a pipe would see it."""
    return CliRunner(env={"COLUMNS": "100", "TERM": "dumb"}).invoke(app, [str(arg) for arg in args])


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A project's folder with a prod stack: option A on two nodes."""
    (tmp_path / "Pulumi.yaml").write_text("name: dynamo-wideep\nruntime: python\n")
    write_stack(tmp_path / "Pulumi.prod.yaml")
    return tmp_path


def write_stack(path: Path, **changed: object) -> Path:
    """A stack's file."""
    hardware = {"gpu": "H200", "nodes": 2, "gpusPerNode": 8, "interconnect": "infiniband", "rdmaResource": "rdma/x"}
    config = {f"dynamo-wideep:{key}": value for key, value in stack(hardware=hardware, **changed).items()}
    path.write_text(yaml.safe_dump({"config": config, "encryptionsalt": "v1:x"}))
    return path


def object_of(result: Result) -> dict[str, Any]:
    """The JSON on stdout."""
    assert result.exit_code == 0, result.output
    return json.loads(result.stdout)


def test_json_has_the_best_the_presets_and_the_stack_in_the_same_figures(run: Run, project: Path) -> None:
    body = object_of(run("advise", "--file", project / "Pulumi.prod.yaml", "--output", "json"))

    figures = {"tokens_per_second_per_gpu", "ttft_ms", "itl_ms", "limited_by", "layout"}
    assert len(body["best"]) == 5
    assert all(figures <= set(each) for each in body["best"])
    by_name = {each["name"]: each for each in body["presets"]}
    assert set(by_name) == {str(preset) for preset in comparison.PRESETS if preset.backend is None}
    assert figures <= set(by_name["lab-16gpu-singlenode"])
    assert by_name["lab-8gpu"]["runs"] is False
    assert "weights are 169.8 GB" in by_name["lab-8gpu"]["reason"]
    assert figures <= set(body["stack"])
    assert body["traffic"] == {"isl": 4000, "osl": 500, "ttft": "2s", "itl": "50ms"}


def test_all_engines_stand_side_by_side_and_what_is_unknown_is_said_by_the_engine_s_name(
    run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    class NotTensorRt(FormulaAnswers):
        def known(self, gpu: Gpu) -> bool:
            return self.backend != "trtllm"

        def unknown(self, gpu: Gpu) -> str:
            return f"AIConfigurator has no measurements of {self.engine.title} on {gpu}."

    monkeypatch.setattr(engines, "Answers", NotTensorRt)
    asked = ("advise", "--gpu", "H200", "--gpus", 16, "--backend", "all")

    found = {each["engine"].split()[0]: each for each in object_of(run(*asked, "-o", "json"))["engines"]}

    assert list(found) == ["SGLang", "vLLM", "TensorRT-LLM"]
    assert found["vLLM"]["measured"] == "vLLM of no release"
    assert found["vLLM"]["best"]["tokens_per_second_per_gpu"] > 0
    assert found["TensorRT-LLM"]["best"] is None
    assert found["TensorRT-LLM"]["reason"] == "AIConfigurator has no measurements of TensorRT-LLM on H200"
    assert "has no measurements of TensorRT-LLM on H200." in " ".join(run(*asked).stdout.split())
    refused = run(*asked, "--write", "Pulumi.x.yaml")
    assert refused.exit_code == 2
    assert "--backend all compares engines" in refused.output


def test_another_engine_is_advised_by_its_own_rules_and_its_key_is_written(
    run: Run, project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(project)
    write_stack(project / "Pulumi.prod.yaml", platform={"version": "1.6.1"}, image=None)
    result = run(
        "advise", "--gpu", "H200", "--gpus", 16, "--backend", "vllm", "-o", "markdown", "--write", "Pulumi.x.yaml"
    )
    assert "kernels measured with vLLM of no release; the graph runs 0.31.0" in result.stdout
    assert "dynamo-wideep:backend: vllm" in (project / "Pulumi.x.yaml").read_text(), result.output


def test_options_win_over_the_stack_and_the_stack_over_the_defaults(run: Run, project: Path) -> None:
    file = write_stack(project / "Pulumi.own.yaml", traffic={"isl": 1000, "osl": 100, "itl": "30ms"})

    body = object_of(run("advise", "--file", file, "--gpus", 32, "--osl", 200, "-o", "json"))

    assert body["traffic"] == {"isl": 1000, "osl": 200, "ttft": "2s", "itl": "30ms"}
    assert body["hardware"]["prefill"]["nodes"] == 4
    assert body["hardware"]["prefill"]["rdmaResource"] == "rdma/x"


def test_markdown_says_what_today_s_stack_reaches_of_the_best(run: Run, project: Path) -> None:
    text = run("advise", "--file", project / "Pulumi.prod.yaml", "--output", "markdown").stdout

    assert "**deepseek-ai/DeepSeek-R1 on 16 × H200 · 4000 tokens in" in text
    assert "Per GPU, this stack serves" in text
    assert "| 1 |" in text
    assert "this stack<br>1 × 8 TP8 EP8<br>1 × 8 TP8 DP8 EP8" in text


def test_with_measured_figures_it_says_which_share_of_them_the_best_layout_reaches(
    run: Run, project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    cluster = FakeCluster()
    monkeypatch.setattr(measured, "connect", lambda _: cluster)
    gpus = (KeptGpu(gpu=0, name="NVIDIA H200", memory=2.4e12, bf16=6.6e14, fp8=1.3e15),)
    keep(cluster, "dynamo-workshop", "deepseek-r1-wideep", [KeptNode(node="a", when="2026-11-28", gpus=gpus)])  # pyright: ignore[reportArgumentType]
    monkeypatch.chdir(project)

    share = object_of(run("advise", "--stack", "prod", "--measured", "-o", "json"))["measured"]
    text = run("advise", "--stack", "prod", "--measured", "-o", "markdown").stdout

    assert share["measured"] < share["sheet"]
    assert f"the prediction is {share['predicted'] / share['measured']:.2f} of that" in text


def test_a_stack_is_written_with_all_other_keys_of_the_one_it_comes_from(run: Run, project: Path) -> None:
    source = write_stack(project / "Pulumi.own.yaml", frontend={"replicas": 2}, namespace="mine")
    target = project / "Pulumi.fast.yaml"

    result = run("advise", "--file", source, "--gpus", 32, "-o", "json", "--write", target)

    assert result.exit_code == 0, result.output
    assert "pulumi stack init fast" in result.stderr
    assert "pulumi config set --secret hfToken" in result.stderr
    written = read_stack_file(target)
    assert "hfToken" not in written.config  # encrypted for another stack
    assert written.config["namespace"] == "mine"
    assert written.config["frontend"] == {"replicas": 2}
    plan = load(written).plan
    assert plan.gpus == 32
    best = object_of(run("advise", "--file", target, "-o", "json"))["best"][0]
    assert best["gpus"] == 32


def test_without_a_stack_the_other_keys_are_those_of_prod(
    run: Run, project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(project)

    assert run("advise", "--gpu", "H200", "--gpus", 16, "-o", "json", "--write", "Pulumi.h200.yaml").exit_code == 0

    assert load(read_stack_file(project / "Pulumi.h200.yaml")).plan.namespace == "dynamo-workshop"


def test_a_file_outside_the_project_takes_the_other_keys_from_the_project_that_it_is_called_in(
    run: Run, project: Path, tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(project)
    target = tmp_path_factory.mktemp("elsewhere") / "Pulumi.h200.yaml"

    assert run("advise", "--gpu", "H200", "--gpus", 16, "-o", "json", "--write", target).exit_code == 0

    assert load(read_stack_file(target)).plan.namespace == "dynamo-workshop"


def test_a_file_that_somebody_else_wrote_stays(run: Run, project: Path) -> None:
    prod = project / "Pulumi.prod.yaml"
    before = prod.read_text()

    result = run("advise", "--file", prod, "-o", "json", "--write", prod)

    assert result.exit_code == 2
    assert "wideep advise has not written it" in result.stderr
    assert prod.read_text() == before


def test_a_file_in_a_folder_that_is_not_there_is_refused_by_its_name(run: Run, project: Path) -> None:
    source = write_stack(project / "Pulumi.own.yaml")
    target = project / "none" / "Pulumi.fast.yaml"

    result = run("advise", "--file", source, "-o", "json", "--write", target)

    assert result.exit_code == 2
    assert f"{target} cannot be written: No such file or directory." in result.stderr


def test_a_model_cache_too_small_for_the_model_is_refused_before_anything_is_written(run: Run, project: Path) -> None:
    source = write_stack(project / "Pulumi.own.yaml", modelCache={"size": "100Gi"})
    target = project / "Pulumi.fast.yaml"

    result = run("advise", "--file", source, "-o", "json", "--write", target)

    assert result.exit_code == 2
    assert "modelCache.size" in result.stderr
    assert not target.exists()


@pytest.mark.parametrize(
    ("args", "message"),
    [
        (["--gpu", "H200"], "--gpus is missing: the number of H200."),
        (["--gpus", "20"], "--gpus 20: a node has 8 GPUs"),
        (["--gpus", "16", "--ttft", "2"], "--ttft 2: must be a time with a unit."),
        (["--gpus", "16", "--itl", "0ms"], "--itl 0ms: must be greater than zero."),
        (["--gpus", "16", "--gpu", "H900"], "--gpu H900: the catalog has no GPU of that name."),
        (["--gpus", "16", "--decode-gpu", "H100-80"], "--decode-gpus is missing"),
        (["--gpus", "999999"], "at most 4096 GPUs"),
    ],
)
def test_an_option_that_makes_no_sense_is_named(run: Run, args: list[str], message: str) -> None:
    result = run("advise", *args)

    assert result.exit_code == 2
    assert message in result.stderr
    assert "Traceback" not in result.output


def test_where_nothing_keeps_the_limits_the_fastest_are_named(run: Run) -> None:
    result = run("advise", "--gpus", 16, "--itl", "1ms", "-o", "markdown")

    assert result.exit_code == 1
    assert "No layout meets 4000 tokens in, 500 out, TTFT within 2s, ITL within 1ms" in result.stdout
    assert "the fastest workers reach" in result.stdout


def test_where_two_workers_do_not_fit_the_smallest_pair_is_named(run: Run) -> None:
    result = run("advise", "--gpus", 8, "-o", "markdown")

    assert result.exit_code == 1
    assert "No prefill worker fits these GPUs beside one of the other role." in result.stdout


def test_advice_for_gpus_of_two_kinds_is_no_stack(run: Run, project: Path) -> None:
    args = ["advise", "--gpu", "H100-80", "--gpus", 32, "--decode-gpu", "H200", "--decode-gpus", 16]
    body = object_of(run(*args, "-o", "json"))
    result = run(*args, "-o", "json", "--write", project / "Pulumi.two.yaml")

    assert body["hardware"]["prefill"]["gpu"] == "H100-80"
    assert body["hardware"]["decode"]["gpu"] == "H200"
    assert body["presets"] == []
    assert result.exit_code == 2
    assert "A stack has one pool of GPUs" in result.stderr


def test_without_the_extra_the_command_says_how_to_get_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(extra, "estimator_version", lambda: None)

    result = call("advise", "--gpus", 16)

    assert result.exit_code == 2
    assert "Run make setup-advise, which installs it into .venv" in result.stderr


def test_plan_says_what_the_layout_serves_where_the_stack_says_for_which_traffic(run: Run, project: Path) -> None:
    file = write_stack(project / "Pulumi.own.yaml", traffic={"isl": 4000, "osl": 500})

    prediction = object_of(run("plan", "--file", file, "-o", "json"))["prediction"]
    text = run("plan", "--file", file).stdout
    markdown = run("plan", "--file", file, "-o", "markdown").stdout

    assert 0 < prediction["share_of_best"] < 1
    assert {"ttft_ms", "itl_ms", "tokens_per_second", "tokens_per_second_per_gpu", "limited_by"} <= set(prediction)
    percent = f"That is {prediction['share_of_best']:.0%}".replace("%", " %")
    assert percent in text
    assert percent in markdown
    assert "of-the-tests" in text


def test_plan_and_advise_name_the_preset_that_serves_more_on_as_many_gpus(run: Run, project: Path) -> None:
    file = write_stack(project / "Pulumi.own.yaml", traffic={"isl": 4000, "osl": 500})

    assert object_of(run("plan", "--file", file, "-o", "json"))["prediction"]["best_preset"] == "best-16gpu"
    for verb in ("plan", "advise"):
        text = " ".join(run(verb, "--file", file, "-o", "markdown").stdout.split())
        assert text.count("layout: best-16gpu") == 1
        assert "Of the presets, `layout: best-16gpu` reaches" in text


def test_plan_without_traffic_asks_no_estimator(run: Run, project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(forecast, "Answers", None)

    assert "prediction" not in object_of(run("plan", "--file", project / "Pulumi.prod.yaml", "-o", "json"))


def test_plan_with_traffic_and_without_the_extra_says_how_to_get_it(
    project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(forecast, "estimator_version", lambda: None)
    file = write_stack(project / "Pulumi.own.yaml", traffic={"isl": 4000, "osl": 500})

    result = call("plan", "--file", file)

    assert result.exit_code == 0
    assert "Run make setup-advise for a prediction for this traffic." in result.stdout


@pytest.mark.parametrize(
    ("traffic", "key"),
    [
        ({"osl": 500}, "traffic.isl"),
        ({"isl": 4000, "osl": 1}, "traffic.osl"),
        ({"isl": 4000, "osl": 500, "ttft": "2"}, "traffic.ttft"),
        ({"isl": 4000, "osl": 500, "itl": 50}, "traffic.itl"),
        ({"isl": 4000, "osl": 500, "itl": "0ms"}, "traffic.itl"),
        ({"isl": 4000, "osl": 500, "tpot": "50ms"}, "traffic.tpot"),
    ],
)
def test_traffic_that_makes_no_sense_is_named(traffic: dict[str, object], key: str) -> None:
    with pytest.raises(ConfigError) as caught:
        parse(stack(traffic=traffic))

    assert [problem.key for problem in caught.value.problems] == [key]


def test_a_cache_folder_that_cannot_be_written_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "dynamo-wideep").write_text("a file, not a folder")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))

    with pytest.raises(CallError, match="Set XDG_CACHE_HOME"):
        answers._write(answers._folder() / "1.0" / "kept.json", "{}")


def test_answers_are_kept_by_version_and_question(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A second call finds them; another traffic or version does not."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    monkeypatch.setattr(answers, "require_estimator", lambda: "1.0")
    question = WorkerQuestion(
        gpu=Gpu.H200, role=Role.DECODE, attention_tp=1, dp=8, expert_tp=1, ep=8, nodes=1, deepep=True, eplb=False
    )
    step = Step(batch=1, milliseconds=10.0, requests_per_second=1.0, memory_gb=90.0, fits=True)
    model, traffic = MODELS["deepseek-ai/DeepSeek-R1"], Traffic(isl=4000, osl=500)
    with Answers(model, traffic) as first:
        path = first._path(Gpu.H200)
        path.parent.mkdir(parents=True)
        kept = {
            "model": "its-name",
            "data": "0",
            "series": {question.key: Series(steps=(step,)).model_dump(mode="json")},
        }
        path.write_text(json.dumps(kept))

    with Answers(model, traffic) as second:
        assert second.series(question).steps == (step,)
        assert second.known(Gpu.H200)

    others = [Answers(model, Traffic(isl=4000, osl=501)), Answers(MODELS["Qwen/Qwen3-30B-A3B"], traffic)]
    monkeypatch.setattr(answers, "require_estimator", lambda: "1.1")
    others.append(Answers(model, traffic))
    assert len({path, *(other._path(Gpu.H200) for other in others)}) == 4
