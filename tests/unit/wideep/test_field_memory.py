"""Memory as people's engines had it: what was measured, what runs, and what does not."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.support.configs import broken, settings, stack
from tests.support.field import FAIL, RUN, Known
from wideep import load
from wideep.catalog import GPUS, MODELS
from wideep.dynamo.releases import ROWS
from wideep.errors import ConfigError
from wideep.gpus.spec import GIB
from wideep.memory import low_latency_tensor_bytes, worker_memory
from wideep.memory.measured import MEASURED, Measured, measured_table
from wideep.rules import check, warnings
from wideep.settings.hardware import Gpu


@pytest.mark.parametrize("case", [case for case in MEASURED if case.weights_gib], ids=lambda case: case.name)
def test_weights_are_what_the_engine_printed_to_one_percent(case: Measured) -> None:
    assert case.planned_weights_gib == pytest.approx(case.weights_gib, rel=0.01)


@pytest.mark.parametrize("case", [case for case in MEASURED if case.tokens], ids=lambda case: case.name)
def test_tokens_are_within_six_percent_and_never_two_too_many_or_the_row_says_why(case: Measured) -> None:
    assert case.tokens is not None
    near = -0.06 <= case.planned_tokens / case.tokens - 1 <= 0.02
    assert near == (not case.why)


def test_a_row_that_is_off_is_of_a_version_that_no_release_runs() -> None:
    runs = {row.engines["vllm"] for row in ROWS if row.version.startswith("1.")}
    assert not {case.vllm for case in MEASURED if case.why} & runs


@pytest.mark.parametrize("known", RUN, ids=lambda known: known.name)
def test_a_published_layout_that_runs_gets_no_word_about_its_memory(known: Known) -> None:
    told = settings(**known.stack)
    assert check(told) == []
    short = [str(each) for each in warnings(told) if each.key == f"layout.{known.role}.memFractionStatic"]
    assert short == []


@pytest.mark.parametrize("known", FAIL, ids=lambda known: known.name)
def test_a_layout_that_runs_out_of_memory_is_refused_or_warned_of_by_its_key(known: Known) -> None:
    told = settings(**known.stack)
    keys = {each.key for each in (check(told) or warnings(told))}
    memory = ("memFractionStatic", "maxDispatchTokensPerRank", "redundantExperts", "gpusPerNode")
    assert keys & {f"layout.{known.role}.{key}" for key in memory}


def test_one_layers_tensors_are_32_kb_for_every_token_at_every_slot() -> None:
    role = settings(layout="wide-32gpu").layout.decode
    r1 = MODELS["deepseek-ai/DeepSeek-R1"]
    assert low_latency_tensor_bytes(r1, role) == pytest.approx(288 * 128 * 32_032)
    wide = role.model_copy(update={"max_dispatch_tokens_per_rank": 1024})
    assert low_latency_tensor_bytes(r1, wide) / 1e9 == pytest.approx(9.4, abs=0.1)
    halves = wide.model_copy(update={"two_batch_overlap": True})
    assert low_latency_tensor_bytes(r1, halves) == 2 * low_latency_tensor_bytes(r1, wide)


@pytest.mark.parametrize(
    ("gpu", "gpus", "free_gib"),
    [("H100-80", 1, 78.5), ("H100-80", 4, 77.0), ("H100-80", 8, 76.8), ("H200", 8, 137.29), ("B200", 8, 175.3)],
)
def test_the_pool_is_a_share_of_what_logs_say_is_free(gpu: str, gpus: int, free_gib: float) -> None:
    assert GPUS[Gpu(gpu)].free_before_load(gpus).gib == free_gib


@pytest.mark.parametrize("gpu", Gpu)
@pytest.mark.parametrize("gpus", [1, 2, 4, 8, 16, 72])
def test_context_and_communicators_take_less_than_a_tenth_of_any_gpu_and_say_by_what_source(
    gpu: Gpu, gpus: int
) -> None:
    free = GPUS[gpu].free_before_load(gpus)
    assert 0.9 < free.gib * GIB / GPUS[gpu].memory_bytes < 1
    assert free.source


def test_a_gpu_without_a_log_gets_an_estimate_from_its_total() -> None:
    spec = GPUS[Gpu.A100_80]
    assert not spec.free
    alone, several = spec.free_before_load(1), spec.free_before_load(8)
    assert alone.gib == pytest.approx(spec.memory_bytes / GIB - 0.68)
    assert several.gib == pytest.approx(spec.memory_bytes / GIB - 2.6)
    assert "estimated" in several.source


def test_the_headroom_does_not_count_again_what_is_gone_before() -> None:
    role = settings(layout="wide-32gpu").layout.decode
    memory = worker_memory(MODELS["deepseek-ai/DeepSeek-R1"], GPUS[Gpu.H200], role)
    assert memory.headroom_gb == pytest.approx(0.2 * memory.free_gb)
    assert memory.taken_gb + memory.free_gb == pytest.approx(GPUS[Gpu.H200].memory_gb)


REFUSED = {
    "R1 on 8 H100 (deepseek-ai/DeepSeek-V3#52 and others)": (
        {"preset": "lab-16gpu-singlenode", "decode": {"moeA2aBackend": "deepep", "deepepMode": "low_latency"}},
        "H100-80",
        "layout.decode.gpusPerNode",
        "use 16 H100-80 a worker",
    ),
    "12 GPUs do not divide 256 experts": (
        {
            "preset": "lab-16gpu-singlenode",
            "decode": {"nodes": 2, "gpusPerNode": 6, "tp": 12, "dp": 12, "ep": 12, "moeA2aBackend": "deepep"},
        },
        "H200",
        "layout.decode.redundantExperts",
        "set redundantExperts: 8",
    ),
    "72 GPUs with 64 redundant experts": (
        {"preset": "wide-104gpu", "decode": {"redundantExperts": 64}},
        "H200",
        "layout.decode.redundantExperts",
        "set redundantExperts: 32 or 104",
    ),
    "32 GPUs cut FP8 blocks": (
        {"preset": "lab-32gpu", "prefill": {"nodes": 4, "tp": 32, "ep": 1}},
        "H200",
        "layout.prefill.tp",
        "not a multiple of 128",
    ),
    "A100 has no FP8": ("lab-32gpu", "A100-80", "hardware.gpu", "no FP8"),
}


@pytest.mark.parametrize("case", REFUSED.values(), ids=REFUSED)
def test_what_people_found_not_to_run_is_refused_with_what_does(case: tuple[object, str, str, str]) -> None:
    layout, gpu, key, words = case
    assert (
        words in broken(layout, hardware={"gpu": gpu, "nodes": 64, "gpusPerNode": 8, "interconnect": "infiniband"})[key]
    )  # type: ignore[arg-type]


def test_around_the_layout_too() -> None:
    long = stack(layout="wide-32gpu", name="deepseek-r1-wide-disaggregate")
    with pytest.raises(ConfigError, match="use a name of 27 characters or fewer"):
        load(long)
    with pytest.raises(ConfigError, match="set accessMode: ReadWriteMany"):
        load(stack(layout="wide-32gpu", modelCache={"size": "1Ti", "accessMode": "ReadWriteOnce"}))
    with pytest.raises(ConfigError, match="set size: 750Gi or more"):
        load(stack(layout="wide-32gpu", modelCache={"size": "500Gi"}))


@pytest.mark.parametrize(
    "layout",
    [
        {"preset": "wide-32gpu", "decode": {"twoBatchOverlap": True, "cudaGraphBatchSizes": [1, 2, 4]}},
        {"preset": "lab-32gpu", "prefill": {"dp": 2}, "decode": {"dp": 2}},
    ],
    ids=["two batches of 1, 2 and 4", "two attention groups"],
)
def test_what_runs_is_accepted(layout: dict[str, object]) -> None:
    assert check(settings(layout=layout)) == []


def test_the_table_of_the_page_is_what_the_command_prints(root: Path) -> None:
    assert measured_table() in (root / "docs" / "performance.md").read_text(encoding="utf-8")
