"""What `wideep gpus` reads from nvidia-smi, and what it finds odd."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from tests.support.live import loaded, pod
from wideep_cli.deployment import GraphPod
from wideep_cli.gpus.evaluate import Gpu, findings, prediction
from wideep_cli.gpus.smi import Reading, read
from wideep_cli.plan.view import role_views
from wideep_cluster.objects import Component

H100 = "0, NVIDIA H100 80GB HBM3, 81559, 0, 0, 40, 89.22, 580.159.04\n"
MIB = 2**20


@pytest.fixture
def gpus(tmp_path: Path) -> list[Gpu]:
    """The eight GPUs of a healthy decode worker."""
    view = next(view for view in role_views(loaded(tmp_path)) if view.role == "decode")
    predicted = prediction(view)
    member = GraphPod(Component.DECODE, 0, -1, pod("d", "decode"))
    used, total = round(predicted.used * 1e9), view.gpu.memory_bytes
    return [Gpu(member, Reading(n, "NVIDIA H200", total, used, 90, 55, 600.0, "580"), predicted) for n in range(8)]


def changed(gpu: Gpu, **fields: object) -> Gpu:
    """The same GPU with another reading."""
    return replace(gpu, reading=replace(gpu.reading, **fields))  # pyright: ignore[reportArgumentType]


def test_a_line_of_nvidia_smi_is_read_field_by_field() -> None:
    [reading] = read(H100)

    assert reading == Reading(0, "NVIDIA H100 80GB HBM3", 81559 * MIB, 0, 0, 40, 89.22, "580.159.04")


def test_what_the_driver_does_not_tell_is_left_open() -> None:
    [reading] = read("3, NVIDIA H200, 143771, 5, [N/A], [N/A], [Unknown Error], 580.1\n")

    assert (reading.utilization, reading.temperature, reading.watts) == (None, None, None)


def test_gpus_that_hold_what_the_plan_predicts_are_well(gpus: list[Gpu]) -> None:
    assert findings(gpus) == ()


@pytest.mark.parametrize(
    ("fields", "mark"),
    [
        ({"used_bytes": 5 * 10**9}, "weights not loaded"),
        ({"used_bytes": 105 * 10**9}, "holds less than its pool"),
        ({"used_bytes": 150 * 10**9}, "holds more than predicted"),
        ({"total_bytes": 81559 * MIB}, "not the GPU of the stack, which has 150.1 GB"),
    ],
)
def test_memory_that_is_not_as_predicted_is_marked(gpus: list[Gpu], fields: dict[str, int], mark: str) -> None:
    assert changed(gpus[3], **fields).marks == (mark,)


def test_a_finding_names_the_gpus_and_the_key(gpus: list[Gpu]) -> None:
    [finding] = findings([changed(gpu, used_bytes=150 * 10**9) for gpu in gpus])

    assert finding.startswith("decode-0 GPU 0, decode-0 GPU 1, decode-0 GPU 2, decode-0 GPU 3 and 4 more: holds more")
    assert "layout.decode.memFractionStatic" in finding


def test_ranks_that_hold_different_amounts_are_uneven(gpus: list[Gpu]) -> None:
    less = changed(gpus[5], used_bytes=gpus[5].reading.used_bytes - 6 * 10**9)

    [finding] = findings([*gpus[:5], less, *gpus[6:]])

    assert "decode-0: memory is uneven" in finding
    assert "decode-0 GPU 5" in finding


def test_a_gpu_that_idles_among_busy_ones_is_named(gpus: list[Gpu]) -> None:
    [finding] = findings([changed(gpus[0], utilization=12), *gpus[1:]])

    assert "utilization is uneven, decode-0 GPU 0 12 % and 90 % in the middle" in finding


def test_workers_are_not_compared_with_each_other(gpus: list[Gpu]) -> None:
    second = [changed(replace(gpu, member=replace(gpu.member, worker=1)), utilization=5) for gpu in gpus]

    assert findings([*gpus, *second]) == ()
