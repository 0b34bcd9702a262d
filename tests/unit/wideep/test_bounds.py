"""The bounds: by hand for one layout, and as bounds have to behave for any."""

from __future__ import annotations

import pytest

from docs.generate.published_runs import RUNS, Run
from tests.support.weights import weight_parts
from wideep.catalog import GPUS
from wideep.catalog.layouts import PRESETS
from wideep.catalog.models import MODELS
from wideep.roofline import BoundBy, decode_bound, prefill_bound
from wideep.settings.hardware import Gpu
from wideep.settings.layout import Preset, Role, RoleLayout
from wideep.settings.traffic import Traffic

R1 = MODELS["deepseek-ai/DeepSeek-R1"]
TRAFFIC = Traffic(isl=4000, osl=500)
OPTION_A = PRESETS[Preset.LAB_16GPU_SINGLENODE]
WIDE = PRESETS[Preset.WIDE_64GPU]
WITH_PEAKS = [gpu for gpu, row in GPUS.items() if row.peaks]


def dep(gpus: int, **changed: object) -> RoleLayout:
    """A decode worker as the wide presets have it, of any size."""
    sizes = {"nodes": max(1, gpus // 8), "gpus_per_node": min(gpus, 8), "tp": gpus, "dp": gpus, "ep": gpus}
    return WIDE[Role.DECODE].model_copy(update={**sizes, **changed})


def test_decode_of_option_a_reads_its_weights_and_cache_once() -> None:
    role = OPTION_A[Role.DECODE]
    parts = weight_parts(R1, role)
    reached = 1 - (1 - 8 / 256) ** (64 * 8)
    read = parts.total - parts.modules - parts.embedding - parts.expert_slots * (1 - reached) + 64 * 4250 * 576 * 2 * 61

    found = decode_bound(R1, Gpu.H200, role, 64, TRAFFIC)

    assert found.bound_by is BoundBy.HBM
    assert found.milliseconds == pytest.approx(read / 4.8e12 * 1e3)
    assert found.requests_per_second == pytest.approx(64 * 8 / (500 * found.milliseconds / 1e3))


def test_prefill_of_option_a_is_bound_by_37_billion_active_weights() -> None:
    found = prefill_bound(R1, Gpu.H200, OPTION_A[Role.PREFILL], 1, TRAFFIC)

    linear_only = 2 * 36.6e9 * 4000 / 8 / 1979e12 * 1e3  # R1's 37 billion active weights, without lm_head and embedding
    assert found.bound_by is BoundBy.COMPUTE
    assert linear_only < found.milliseconds < 1.2 * linear_only


def test_prefill_over_four_nodes_is_bound_by_rdma() -> None:
    """Each token goes once to each of three other nodes, 7168 values there in FP8 and back in bf16, in 58 layers."""
    role = WIDE[Role.PREFILL]
    copies = 3 * (1 - (3 / 4) ** 8)
    sent = 4000 * copies * 7168 * (1 + 4 / 128 + 2) * 58

    found = prefill_bound(R1, Gpu.H200, role, 1, TRAFFIC)

    assert found.bound_by is BoundBy.RDMA
    assert found.milliseconds == pytest.approx(sent / 50e9 * 1e3)


def test_in_a_rack_the_same_bytes_go_over_nvlink() -> None:
    in_rack = dep(32, nodes=8, gpus_per_node=4)

    assert decode_bound(R1, Gpu.GB200, in_rack, 64, TRAFFIC).bound_by is not BoundBy.RDMA


def test_without_deepep_no_all_to_all_is_counted() -> None:
    role = PRESETS[Preset.LAB_32GPU][Role.DECODE]

    assert decode_bound(R1, Gpu.H200, role, 512, TRAFFIC).bound_by in (BoundBy.HBM, BoundBy.COMPUTE)


@pytest.mark.parametrize("gpu", WITH_PEAKS)
def test_a_larger_batch_never_takes_less_time_and_never_serves_less(gpu: Gpu) -> None:
    found = [decode_bound(R1, gpu, dep(16), batch, TRAFFIC) for batch in (1, 2, 8, 32, 128, 512)]

    times = [each.milliseconds for each in found]
    assert times == sorted(times)
    rates = [each.requests_per_second for each in found]
    assert rates == sorted(rates)


def test_a_longer_prompt_never_takes_less_time() -> None:
    found = [
        prefill_bound(R1, Gpu.H200, WIDE[Role.PREFILL], 1, Traffic(isl=isl, osl=2)) for isl in (1, 100, 4000, 32000)
    ]

    assert [each.milliseconds for each in found] == sorted(each.milliseconds for each in found)


@pytest.mark.parametrize("gpu", WITH_PEAKS)
def test_peaks_have_a_source(gpu: Gpu) -> None:
    peaks = GPUS[gpu].peaks
    assert peaks

    assert peaks.fp8 >= peaks.bf16 > 1e14
    assert peaks.hbm > peaks.nvlink > peaks.rdma
    assert "data sheet" in peaks.source


@pytest.mark.parametrize("run", RUNS, ids=lambda run: f"{run.worker} {run.isl} {run.osl}")
def test_no_published_run_is_faster_than_its_bound_nor_ten_times_slower(run: Run) -> None:
    assert 0.1 < run.measured / run.most < 1
