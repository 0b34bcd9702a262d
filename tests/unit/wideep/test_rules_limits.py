"""Rules of a role at their limits: what just holds, and what just does not."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tests.support.configs import EXAMPLE, site
from wideep.catalog.gpus import GPUS, gpu_spec
from wideep.rules import context, deepep, parallel, quantization
from wideep.rules.arithmetic import Rule
from wideep.rules.fit import useful_tokens
from wideep.rules.role_context import RoleContext, divisors, listed, multiples_around
from wideep.settings.hardware import Gpu, GpuShape

NO_DEEPEP = {"moeA2aBackend": "none"}
FIVE = {"speculative": {"algorithm": "EAGLE", "numSteps": 4, "numDraftTokens": 5}}
OVERRIDE = "SGLANG_ALLOW_OVERWRITE_LONGER_CONTEXT_LEN"


def on(given: RoleContext, gpu: Gpu | GpuShape, **changed: object) -> RoleContext:
    return replace(given, hardware=given.hardware.model_copy(update={"gpu": gpu, **changed}))


@pytest.mark.parametrize(
    ("rule", "role", "holds", "breaks"),
    [
        (
            deepep.dispatch_within_kernel,
            "decode",
            {"maxDispatchTokensPerRank": 1024},
            {"maxDispatchTokensPerRank": 1025},
        ),
        (deepep.graphs_within_dispatch, "decode", {"cudaGraphBatchSizes": [1, 128]}, {"cudaGraphBatchSizes": [129, 1]}),
        (
            deepep.graphs_within_dispatch,
            "decode",
            {"cudaGraphBatchSizes": [25], **FIVE},
            {"cudaGraphBatchSizes": [26], **FIVE},
        ),
        (
            deepep.graphs_within_dispatch,
            "decode",
            {"cudaGraphBatchSizes": [1024], "maxDispatchTokensPerRank": 2048},
            {"cudaGraphBatchSizes": [1025], "maxDispatchTokensPerRank": 2048},
        ),
        (deepep.requests_within_dispatch, "decode", {"maxRunningRequests": 2063}, {"maxRunningRequests": 2064}),
        (
            deepep.requests_within_dispatch,
            "decode",
            {"maxRunningRequests": 25 * 16 + 15, **FIVE},
            {"maxRunningRequests": 26 * 16, **FIVE},
        ),
        (parallel.requests_for_each_group, "decode", {"maxRunningRequests": 16}, {"maxRunningRequests": 15}),
        (context.context_within_model, "decode", {"contextLength": 163_840}, {"contextLength": 163_841}),
        (
            context.context_within_model,
            "decode",
            {"contextLength": 163_841, "env": {OVERRIDE: "True"}},
            {"contextLength": 163_841, "env": {OVERRIDE: "0"}},
        ),
        (deepep.normal_kernels_have_settings, "prefill", {"ep": 160}, {"ep": 161}),
        (deepep.normal_kernels_need_whole_nodes, "prefill", {"gpusPerNode": 8}, {"gpusPerNode": 7}),
        (deepep.normal_kernels_need_whole_nodes, "prefill", {"gpusPerNode": 4, "nodes": 1}, {"gpusPerNode": 4}),
        (parallel.heads_divide, "decode", {"tp": 128, "dp": 1}, {"tp": 256, "dp": 1}),
        (parallel.tp_is_all_gpus, "prefill", {"tp": 8, "pp": 2}, {"tp": 4, "pp": 2}),
    ],
)
def test_a_rule_holds_up_to_its_limit(
    rule: Rule, role: str, holds: dict[str, object], breaks: dict[str, object]
) -> None:
    assert (rule(site(role, **holds)) is None, rule(site(role, **breaks)) is None) == (True, False)


@pytest.mark.parametrize(
    ("rule", "role", "changed"),
    [
        (deepep.dispatch_within_kernel, "decode", NO_DEEPEP | {"maxDispatchTokensPerRank": 2048}),
        (deepep.graphs_within_dispatch, "decode", NO_DEEPEP | {"cudaGraphBatchSizes": [512]}),
        (deepep.graphs_within_dispatch, "decode", {"deepepMode": "normal", "cudaGraphBatchSizes": [512]}),
        (deepep.graphs_within_dispatch, "decode", {"cudaGraphBatchSizes": []}),
        (deepep.requests_within_dispatch, "decode", {"deepepMode": "normal", "maxRunningRequests": 9000}),
        (deepep.requests_within_dispatch, "prefill", {"deepepMode": "low_latency", "maxRunningRequests": 9000}),
        (deepep.prefill_within_dispatch, "decode", {}),
        (deepep.prefill_within_dispatch, "prefill", NO_DEEPEP | {"deepepMode": "low_latency"}),
        (deepep.prefill_within_dispatch, "prefill", {"deepepMode": "auto"}),
        (deepep.normal_kernels_have_settings, "decode", {"ep": 9}),
        (deepep.normal_kernels_have_settings, "prefill", NO_DEEPEP | {"ep": 9}),
        (deepep.normal_kernels_need_whole_nodes, "prefill", NO_DEEPEP | {"gpusPerNode": 4}),
        (deepep.normal_kernels_need_whole_nodes, "decode", {"gpusPerNode": 4}),
    ],
)
def test_a_rule_of_other_kernels_or_of_the_other_role_is_not_asked(
    rule: Rule, role: str, changed: dict[str, object]
) -> None:
    assert rule(site(role, **changed)) is None


@pytest.mark.parametrize(
    ("ep", "role", "fix"),
    [
        (96, "prefill", "use 64 or 128 GPUs a worker"),
        (200, "prefill", "use 160 GPUs a worker"),
        (1, "prefill", "use 2 GPUs a worker"),
    ],
)
def test_the_nearest_sizes_that_deepep_has_settings_for_are_named(ep: int, role: str, fix: str) -> None:
    problem = deepep.normal_kernels_have_settings(site(role, ep=ep))
    assert problem is not None
    assert problem.fix == fix


@pytest.mark.parametrize(
    ("changed", "fix"),
    [
        ({"maxRunningRequests": 1024 * 16}, "set 2048 at most, or maxDispatchTokensPerRank: 1024"),
        ({"maxRunningRequests": 1025 * 16}, "set 2048 at most"),
        ({"maxRunningRequests": 100 * 16, **FIVE}, "set 400 at most, or maxDispatchTokensPerRank: 500"),
    ],
)
def test_more_dispatched_tokens_are_offered_where_the_kernels_take_them(changed: dict[str, object], fix: str) -> None:
    problem = deepep.requests_within_dispatch(site(**changed))
    assert problem is not None
    assert problem.fix == fix
    assert (" of 5 tokens are" in problem.rule) == ("speculative" in changed)


@pytest.mark.parametrize(
    ("sizes", "changed", "fix"),
    [
        ([1024], {}, "use sizes of 128 at most, or maxDispatchTokensPerRank: 1024"),
        ([1025], {}, "use sizes of 128 at most"),
        ([64], FIVE, "use sizes of 25 at most, or maxDispatchTokensPerRank: 320"),
    ],
)
def test_so_are_they_for_a_captured_batch(sizes: list[int], changed: dict[str, object], fix: str) -> None:
    problem = deepep.graphs_within_dispatch(site(cudaGraphBatchSizes=sizes, **changed))
    assert problem is not None
    assert problem.fix == fix
    assert ("(5 tokens per request)" in problem.rule) == bool(changed)


def test_cards_in_pairs_do_for_pods_of_two_and_a_node_of_nvlink_for_eight() -> None:
    def asked(gpu: Gpu, gpus: int) -> bool:
        return deepep.deepep_needs_nvlink(on(site(nodes=1, gpusPerNode=gpus, tp=gpus, dp=gpus, ep=gpus), gpu)) is None

    assert [asked(Gpu.H100_NVL, 2), asked(Gpu.H100_NVL, 4), asked(Gpu.H200, 8)] == [True, False, True]
    assert deepep.deepep_needs_nvlink(on(site(**NO_DEEPEP), Gpu.H100_NVL)) is None
    pcie = GpuShape(name="PCIe", memory_gb=80, compute_capability=9.0, nvlink_gpus=1)
    problem = deepep.deepep_needs_nvlink(on(site(nodes=1, gpusPerNode=4), pcie))
    assert problem is not None
    assert problem.rule == "DeepEP needs NVLink between the 4 GPUs of a pod: no NVLink"


def test_formats_need_the_capability_that_computes_them() -> None:
    def told(capability: float, weight_format: str) -> list[bool]:
        gpu = GpuShape(name="some", memory_gb=80, compute_capability=capability, nvlink_gpus=8)
        shape = EXAMPLE | {"weightFormat": weight_format, "family": "deepseek-v3"}
        given = on(site(preset="lab-8gpu", model=shape), gpu)  # type: ignore[arg-type]
        return [rule(given) is not None for rule in (quantization.fp8_needs_ada, quantization.nvfp4_needs_blackwell)]

    assert [told(capability, "fp8-block") for capability in (8.0, 8.9)] == [[True, False], [False, False]]
    assert [told(capability, "nvfp4") for capability in (9.0, 10.0)] == [[False, True], [False, False]]
    assert told(8.0, "bf16") == [False, False]
    assert gpu_spec(Gpu.H200) is GPUS[Gpu.H200]


def test_a_cache_of_use_holds_one_long_answer_or_the_longest_sequence() -> None:
    assert [useful_tokens(site(contextLength=tokens)) for tokens in (None, 4096, 65_536)] == [32_768, 4096, 32_768]
    short = site(preset="lab-8gpu", model=EXAMPLE | {"contextLength": 8192})  # type: ignore[arg-type]
    assert useful_tokens(short) == 8192


def test_groups_that_hold_whole_heads_or_share_one_are_offered() -> None:
    shape = EXAMPLE | {"attention": {"kind": "gqa", "heads": 12, "kvHeads": 6, "headDim": 128}}
    given = site(preset="lab-8gpu", model=shape, gpusPerNode=8, tp=8, dp=1, ep=8)  # type: ignore[arg-type]
    problem = parallel.kv_heads_divide(given)
    assert problem is not None
    assert problem.fix == "set dp: 4 or 8"
    twelve = site(preset="lab-8gpu", model=shape, gpusPerNode=12, tp=24, dp=6, ep=8)  # type: ignore[arg-type]
    assert parallel.kv_heads_divide(twelve) is not None
    assert parallel.kv_heads_divide(twelve.changed(dp=2)) is None


def test_numbers_are_listed_ascending_and_the_nearest_ones_that_fit_are_found() -> None:
    assert [divisors(number) for number in (1, 7, 12, 16)] == [[1], [1, 7], [1, 2, 3, 4, 6, 12], [1, 2, 4, 8, 16]]
    assert [multiples_around(value, 8, 2) for value in (1, 2, 9, 10)] == [[2], [2, 10], [2, 10], [10, 18]]
    assert [listed(values) for values in ([8], [8, 16], [8, 16, 32])] == ["8", "8 or 16", "8, 16 or 32"]
