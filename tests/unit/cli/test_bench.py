"""`wideep bench`: what it asks AIPerf, what it reads of its result, and how two runs are compared."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from wideep_cli.bench.aiperf import Load, profile
from wideep_cli.bench.command import bench
from wideep_cli.bench.measure import concurrencies
from wideep_cli.bench.plot import write_plot
from wideep_cli.bench.report import bench_json, differences
from wideep_cli.bench.result import Point, Result, read_result, write_result
from wideep_cli.errors import CallError
from wideep_cluster import ClusterError

LOAD = Load("a/model", "a/tokenizer", isl=200, osl=50, concurrency=4, requests=16)
EXPORT = {
    "request_count": {"unit": "requests", "avg": 16.0},
    "error_request_count": {"avg": 2.0},
    "benchmark_duration": {"avg": 1.5},
    "request_throughput": {"avg": 10.0},
    "output_token_throughput": {"avg": 512.0},
    "output_token_throughput_per_user": {"avg": 180.0},
    "time_to_first_token": {"avg": 40.0, "p99": 66.0},
    "inter_token_latency": {"avg": 5.5, "p99": 7.0},
    "request_latency": {"avg": 310.0, "p99": 390.0},
}


def stand_in(folder: Path, body: str) -> Path:
    """A program in AIPerf's place."""
    path = folder / "aiperf"
    path.write_text(f"#!/bin/sh\n{body}\n")
    path.chmod(0o755)
    return path


def result(**changed: object) -> Result:
    """A run at one concurrency."""
    fields = {"model": "a/model", "layout": "wide-32gpu", "gpus": 32, "isl": 200, "osl": 50, "aiperf": "0.13.0"}
    points = (Point.of(4, 32, EXPORT),)
    return Result.model_validate({**fields, "started": "2026-01-01T00:00:00Z", "points": points, **changed})


def test_aiperf_is_asked_for_the_load_and_its_result_is_read(tmp_path: Path) -> None:
    (tmp_path / "export.json").write_text(json.dumps(EXPORT))
    body = 'cd "$(dirname "$0")"; echo "$@" > asked; while [ "$1" != --artifact-dir ]; do shift; done'
    program = stand_in(tmp_path, f'{body}; mkdir -p "$2"; cp export.json "$2/profile_export_aiperf.json"')

    export = profile(program, LOAD, 8123, tmp_path / "out")

    asked = (tmp_path / "asked").read_text()
    for words in (
        "profile --model a/model --url http://127.0.0.1:8123 --endpoint-type chat --streaming",
        "--tokenizer a/tokenizer --isl 200 --osl 50",
        "--concurrency 4 --request-count 16",
    ):
        assert words in asked
    point = Point.of(4, 32, export)
    assert (point.requests, point.failed, point.ttft_p99_ms, point.tokens_per_second_per_gpu) == (16, 2, 66.0, 16.0)


def test_when_aiperf_fails_its_last_words_are_told(tmp_path: Path) -> None:
    program = stand_in(tmp_path, 'echo "│ Reason: no tokenizer │"; exit 3')

    with pytest.raises(ClusterError) as caught:
        profile(program, LOAD, 8123, tmp_path / "out")

    assert str(caught.value) == "AIPerf failed with exit code 3. Its last output:\n  Reason: no tokenizer"


def test_a_tokenizer_that_cannot_be_loaded_is_said_with_the_option_that_names_another(tmp_path: Path) -> None:
    said = "Traceback; TokenizerError: Failed to load tokenizer 'a/tokenizer': OSError: no connection."
    program = stand_in(tmp_path, f'echo "{said}"; exit 1')

    with pytest.raises(ClusterError, match="cannot load the tokenizer a/tokenizer") as caught:
        profile(program, LOAD, 8123, tmp_path / "out")

    assert "--tokenizer DIR" in str(caught.value)


def test_when_aiperf_fails_without_a_word_its_log_is_told(tmp_path: Path) -> None:
    body = 'while [ "$1" != --artifact-dir ]; do shift; done; mkdir -p "$2/logs"; echo gave up > "$2/logs/aiperf.log"'
    program = stand_in(tmp_path, f"{body}; exit 130")

    with pytest.raises(ClusterError, match=r"exit code 130\. Its last output:\n  gave up"):
        profile(program, LOAD, 8123, tmp_path / "out")


def test_a_result_is_the_same_after_it_was_kept(tmp_path: Path) -> None:
    write_result(result(), tmp_path / "a.json")

    assert read_result(tmp_path / "a.json", "--compare") == result()


@pytest.mark.parametrize("content", [None, "{}", "no JSON"])
def test_a_file_that_is_no_result_is_refused(tmp_path: Path, content: str | None) -> None:
    path = tmp_path / "b.json"
    if content is not None:
        path.write_text(content)

    with pytest.raises(CallError, match=r"--compare .*b\.json"):
        read_result(path, "--compare")


def test_runs_of_another_layout_or_length_are_said_to_differ() -> None:
    other = result(layout="lab-32gpu", isl=4000)

    assert differences(result(), result()) == []
    assert differences(result(), other) == [
        "The runs differ in layout: the other one has lab-32gpu.",
        "The runs differ in isl: the other one has 4000.",
    ]
    assert json.loads(bench_json(result(), other, ""))["differences"] == differences(result(), other)


def test_the_plot_has_a_line_for_each_run_and_a_number_for_each_point(tmp_path: Path) -> None:
    write_plot([result(), result(started="2025-12-31T00:00:00Z")], tmp_path / "p.svg")

    svg = (tmp_path / "p.svg").read_text()
    assert svg.count("<circle") == 2
    for words in ("2026-01-01T00:00:00Z", "2025-12-31T00:00:00Z", "tokens/s per GPU", ">4<"):
        assert words in svg


def test_concurrencies_are_whole_numbers_with_commas() -> None:
    assert concurrencies("1,8,32") == (1, 8, 32)
    for wrong in ("0", "1;2", "", "-3"):
        with pytest.raises(CallError, match="--concurrency"):
            concurrencies(wrong)


def test_two_engines_on_the_same_traffic_stand_side_by_side_without_a_cluster(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    faster = {**EXPORT, "output_token_throughput": {"avg": 640.0}, "error_request_count": {"avg": 0.0}}
    write_result(result(engine="SGLang 0.5.21"), tmp_path / "sglang.json")
    write_result(result(engine="vLLM 0.31.0", points=(Point.of(4, 32, faster),)), tmp_path / "vllm.json")

    bench(saved=tmp_path / "vllm.json", compare=tmp_path / "sglang.json", plot=tmp_path / "both.svg")

    told = capsys.readouterr().out
    assert "vLLM 0.31.0" in told
    assert "512 (+25%)" in told
    assert "The runs differ in engine: the other one has SGLang 0.5.21." in told
    assert "SGLang 0.5.21" in (tmp_path / "both.svg").read_text()


def test_a_result_of_before_engines_were_named_can_still_be_read(tmp_path: Path) -> None:
    old = {key: value for key, value in result().model_dump(mode="json").items() if key != "engine"}
    (tmp_path / "old.json").write_text(json.dumps(old))
    assert read_result(tmp_path / "old.json", "--saved").engine == ""
