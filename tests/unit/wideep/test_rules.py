"""Each rule of a role, broken once: the key, the numbers in the message, and that what it says to write holds."""

from collections.abc import Callable
from dataclasses import replace

import pytest

from tests.golden.cases import ON_SGLANG
from tests.support.broken_rules import QWEN, SUITES, Broken, Suite
from tests.support.configs import broken, hardware, settings, site
from wideep.engines import engine_of
from wideep.rules import check, check_role
from wideep.rules.arithmetic import broken_rules
from wideep.rules.fit import MEMORY_RULES
from wideep.rules.quantization import shards_are_whole_blocks
from wideep.settings.backend import Backend
from wideep.settings.layout import Preset

each_case = pytest.mark.parametrize(
    ("suite", "case"),
    [
        pytest.param(suite, case, id=f"{backend}-{case.rule}-{case.preset}-{case.role}-{case.key}")
        for backend, suite in SUITES.items()
        for case in suite.cases
    ],
)


def problems_of(suite: Suite, case: Broken, change: dict[str, object], further: dict[str, object]) -> dict[str, str]:
    return broken(**suite.keys(case, change, further))  # type: ignore[arg-type]


@each_case
def test_a_broken_rule_names_its_key_its_numbers_and_what_holds(suite: Suite, case: Broken) -> None:
    elsewhere = case.key.startswith(("hardware.", "model.", "platform.", "workers."))
    message = problems_of(suite, case, case.change, {})[case.key if elsewhere else f"layout.{case.role}.{case.key}"]
    assert [words for words in case.says if words not in message] == []


@each_case
def test_what_the_message_says_to_write_holds(suite: Suite, case: Broken) -> None:
    assert problems_of(suite, case, case.mended, case.mended_stack) == {}


@pytest.mark.parametrize(
    ("heads", "rope", "said"),
    [(2, 32, ""), (4, 64, "q_b, 640 wide, over 2 GPUs is 320 each")],
)
def test_the_query_of_an_mla_is_as_wide_as_its_two_parts_together(heads: int, rope: int, said: str) -> None:
    """A head is 96 wide without a position, and ``rope`` with one."""
    given = site(nodes=1, gpusPerNode=2, tp=2, dp=1, ep=2, moeDenseTp=None, dpLmHead=False)
    mla = {"heads": heads, "qk_nope_head_dim": 96, "qk_rope_head_dim": rope}
    attention = given.model.attention.model_copy(update=mla)
    problem = shards_are_whole_blocks(replace(given, model=given.model.model_copy(update={"attention": attention})))

    assert said in (problem.rule if problem else "")
    assert bool(problem) is bool(said)


def rules_of(backend: Backend) -> set[Callable[..., object]]:
    """The rules of an engine, and those of its memory and sizes that all engines have."""
    rules = engine_of(settings(**SUITES[backend].stack)).rules()
    return {rules.all_gpus, *rules.sizes, *rules.derived, *MEMORY_RULES}


@pytest.mark.parametrize("backend", SUITES)
def test_every_rule_of_a_role_is_broken_here(backend: Backend) -> None:
    elsewhere = set() if backend is Backend.SGLANG else rules_of(Backend.SGLANG)
    assert {rule.__name__ for rule in rules_of(backend) - elsewhere} == {case.rule for case in SUITES[backend].cases}


@pytest.mark.parametrize("backend", SUITES)
def test_every_rule_names_its_source(backend: Backend) -> None:
    assert [rule.__name__ for rule in rules_of(backend) if not rule.__doc__] == []


@pytest.mark.parametrize("preset", [preset for preset in ON_SGLANG if preset is not Preset.LAB_8GPU])
def test_every_preset_but_the_smallest_runs_r1_on_h200(preset: Preset) -> None:
    assert check(settings(layout=str(preset))) == []


def test_the_smallest_preset_runs_qwen_on_one_node_of_h100() -> None:
    assert check(settings(layout="lab-8gpu", hardware=hardware("H100-80", 1), **QWEN)) == []


def test_r1_on_four_h100_is_told_how_many_it_needs() -> None:
    messages = broken("lab-8gpu", hardware=hardware("H100-80"))
    prefill, decode = messages["layout.prefill.gpusPerNode"], messages["layout.decode.gpusPerNode"]
    assert "use 16 H100-80 a worker (nodes: 2, gpusPerNode: 8, tp: 16, dp: 1, ep: 16): 43.4 GB" in prefill
    assert "use 16 H100-80 a worker (nodes: 2, gpusPerNode: 8, tp: 16, dp: 16, ep: 16): 56.9 GB" in decode


def test_too_many_redundant_experts_are_answered_with_the_labs_three_remedies() -> None:
    layout = {"preset": "lab-16gpu-singlenode", "decode": {"redundantExperts": 64}}
    remedies = broken(layout)["layout.decode.redundantExperts"].splitlines()[2:]
    assert [line.strip() for line in remedies] == [
        "set memFractionStatic: 0.83, which leaves 3.8 GB (54,194 tokens) for the KV cache and 25.1 GB outside the "
        "pool",
        "or set redundantExperts: 48, which leaves 4.5 GB (63,977 tokens) for the KV cache and 29.5 GB outside the "
        "pool",
        "or use 16 H200 a worker (nodes: 2, gpusPerNode: 8, tp: 16, dp: 16, ep: 16, redundantExperts: 64): "
        "67.1 GB of weights on each leaves 50.8 GB (723,401 tokens) for the KV cache and 29.5 GB outside the pool",
    ]


def test_a_remedy_that_does_not_help_is_not_given() -> None:
    message = broken("lab-8gpu")["layout.prefill.gpusPerNode"]
    assert "memFractionStatic:" not in message
    assert "redundantExperts:" not in message


def test_a_wrong_tp_is_one_problem_and_the_other_rules_are_asked_as_if_it_were_mended() -> None:
    layout = {"preset": "wide-32gpu", "decode": {"tp": 12, "redundantExperts": 20}}
    assert set(broken(layout)) == {"layout.decode.tp", "layout.decode.redundantExperts"}


def test_all_broken_rules_of_both_roles_are_told_at_once_the_most_basic_first() -> None:
    layout = {
        "preset": "wide-32gpu",
        "prefill": {"deepepMode": "low_latency", "redundantExperts": 17},
        "decode": {"tp": 4, "maxDispatchTokensPerRank": 4096},
    }
    assert list(broken(layout, hardware=hardware(nodes=2))) == [
        "hardware.nodes",
        "layout.prefill.redundantExperts",
        "layout.prefill.deepepMode",
        "layout.decode.tp",
        "layout.decode.maxDispatchTokensPerRank",
    ]


@pytest.mark.parametrize("gpu", ["GB200", "GB300"])
def test_experts_within_a_rack_of_nvlink_need_no_rdma(gpu: str) -> None:
    rack = hardware(gpu, gpus_per_node=4, interconnect="nvlink")
    layout = {
        "preset": "wide-32gpu",
        "prefill": {"nodes": 4, "gpusPerNode": 4},
        "decode": {"nodes": 4, "gpusPerNode": 4},
    }
    assert broken(layout, hardware=rack) == {}


def test_experts_beyond_a_rack_of_nvlink_do() -> None:
    rack = hardware("GB200", gpus_per_node=4, interconnect="nvlink")
    sizes = {"nodes": 32, "gpusPerNode": 4, "tp": 128, "dp": 128, "ep": 128, "redundantExperts": 128}
    layout = {"preset": "wide-32gpu", "prefill": {"nodes": 4, "gpusPerNode": 4}, "decode": sizes}
    assert "NVLink reaches 72 GPUs" in broken(layout, hardware=rack)["hardware.interconnect"]


@pytest.mark.parametrize(("chunk", "refused"), [(2048, False), (2064, True)])
def test_low_latency_prefill_takes_a_chunk_that_its_buffers_hold(chunk: int, refused: bool) -> None:
    changed = {"deepepMode": "low_latency", "chunkedPrefillSize": chunk}
    assert bool(check_role(site("prefill", **changed))) is refused


def test_a_refusal_carries_the_rules_name_in_words() -> None:
    assert [refusal.rule for refusal in broken_rules(site(redundantExperts=17))] == ["experts divide"]
