"""Each rule of a role, broken once: the key, the numbers in the message, and that what it says to write holds."""

from dataclasses import dataclass, field

import pytest

from tests.support.configs import broken, hardware, settings, site
from wideep.rules import check, check_role
from wideep.rules.arithmetic import DERIVED, SIZES, broken_rules
from wideep.rules.fit import MEMORY_RULES
from wideep.settings.layout import Preset


@dataclass(frozen=True)
class Broken:
    """A stack that breaks one rule, and the same with what the message says to write."""

    rule: str
    preset: str
    role: str
    change: dict[str, object]
    key: str
    says: tuple[str, ...]
    mended: dict[str, object]
    stack: dict[str, object] = field(default_factory=dict)
    mended_stack: dict[str, object] = field(default_factory=dict)


MIXTRAL = {"model": "mistralai/Mixtral-8x7B-Instruct-v0.1"}
QWEN = {"model": "Qwen/Qwen3-30B-A3B"}
QWEN_FP8 = {"model": "Qwen/Qwen3-30B-A3B-FP8"}
ODD_WIDTH = {
    "model": {
        "name": "example/odd",
        "family": "qwen3-moe",
        "weightFormat": "fp8-block",
        "layers": 4,
        "hiddenSize": 1536,
        "vocabSize": 1000,
        "attention": {"kind": "gqa", "heads": 16, "kvHeads": 4, "headDim": 128},
        "experts": 64,
        "expertsPerToken": 4,
        "expertWidth": 768,
        "contextLength": 32768,
    }
}
SIX_KV_HEADS = {
    "model": {
        **ODD_WIDTH["model"],
        "weightFormat": "bf16",
        "attention": {"kind": "gqa", "heads": 24, "kvHeads": 6, "headDim": 128},
    }
}

CASES = (
    Broken("tp_is_all_gpus", "wide-32gpu", "decode", {"tp": 8}, "tp", ("2 × 8", "16", "write tp: 16"), {"tp": 16}),
    Broken(
        "dp_divides_tp",
        "lab-16gpu-singlenode",
        "decode",
        {"dp": 3},
        "dp",
        ("tp 8", "3 equal attention groups", "8 / 3 = 2.67", "write dp: 1, 2, 4 or 8"),
        {"dp": 4},
    ),
    Broken(
        "ep_divides_tp",
        "lab-16gpu-singlenode",
        "prefill",
        {"ep": 5},
        "ep",
        ("tp 8", "8 / 5 = 1.60", "write ep: 1, 2, 4 or 8"),
        {"ep": 4},
    ),
    Broken(
        "ep_divides_tp", "wide-32gpu", "decode", {"ep": 8}, "ep", ("deepep", "tp is 16", "write ep: 16"), {"ep": 16}
    ),
    Broken(
        "tp_at_most_experts",
        "lab-32gpu",
        "decode",
        {"ep": 8},
        "tp",
        ("8 experts a layer", "use 8 GPUs a worker"),
        {"nodes": 1, "tp": 8, "dp": 8, "ep": 8},
        stack=MIXTRAL | {"layout.prefill": {"nodes": 1, "tp": 8, "ep": 8}},
    ),
    Broken(
        "experts_divide",
        "wide-104gpu",
        "decode",
        {"redundantExperts": 48},
        "redundantExperts",
        ("(256 experts + 48 redundant) % ep 72 = 16", "write redundantExperts: 32 or 104"),
        {"redundantExperts": 104},
    ),
    Broken(
        "experts_divide",
        "wide-32gpu",
        "prefill",
        {"redundantExperts": 8},
        "redundantExperts",
        ("(256 experts + 8 redundant) % ep 16 = 8", "write redundantExperts: 0 or 16"),
        {"redundantExperts": 16},
    ),
    Broken(
        "heads_divide",
        "lab-32gpu",
        "prefill",
        {"nodes": 3, "tp": 24, "dp": 1, "ep": 8},
        "dp",
        ("128 attention heads % (tp 24 / dp 1 = 24 GPUs) = 8", "write dp: 3, 6, 12 or 24"),
        {"nodes": 3, "tp": 24, "dp": 24, "ep": 24, "redundantExperts": 8, "moeA2aBackend": "deepep", "moeDenseTp": 1},
    ),
    Broken(
        "kv_heads_divide",
        "lab-8gpu",
        "decode",
        {"dp": 1, "ep": 4},
        "dp",
        ("6 KV heads", "groups of 4 GPUs", "write dp: 2 or 4"),
        {"dp": 2, "ep": 4},
        stack=SIX_KV_HEADS | {"layout.prefill": {"dp": 4}},
    ),
    Broken(
        "fp8_needs_ada",
        "lab-16gpu-singlenode",
        "decode",
        {},
        "hardware.gpu",
        ("FP8 weights", "H100-80 or newer"),
        {},
        stack={"hardware": hardware("A100-80")},
        mended_stack={"hardware": hardware("H200")},
    ),
    Broken(
        "shards_are_whole_blocks",
        "lab-32gpu",
        "decode",
        {"nodes": 4, "tp": 32, "dp": 32, "ep": 32},
        "tp",
        ("18432 wide, over 32 GPUs is 576 each", "not a multiple of 128", "moeA2aBackend: deepep and moeDenseTp: 1"),
        {
            "nodes": 4,
            "tp": 32,
            "dp": 32,
            "ep": 32,
            "moeA2aBackend": "deepep",
            "deepepMode": "low_latency",
            "moeDenseTp": 1,
        },
    ),
    Broken(
        "shards_are_whole_blocks",
        "lab-8gpu",
        "decode",
        {"ep": 1},
        "tp",
        ("an expert, 768 wide, over 4 GPUs is 192 each", "write ep: 4"),
        {"ep": 4},
        stack=QWEN_FP8,
    ),
    Broken(
        "balancing_needs_model",
        "lab-16gpu-singlenode",
        "decode",
        {"redundantExperts": 8},
        "redundantExperts",
        ("MixtralForCausalLM", "write redundantExperts: 0"),
        {"redundantExperts": 0},
        stack=MIXTRAL,
    ),
    Broken(
        "balancing_needs_model",
        "lab-16gpu-singlenode",
        "decode",
        {"eplb": {"enabled": True}},
        "eplb.enabled",
        ("MixtralForCausalLM", "write eplb: {enabled: false}"),
        {"eplb": {"enabled": False}},
        stack=MIXTRAL,
    ),
    Broken(
        "balancing_needs_ep",
        "lab-8gpu",
        "decode",
        {"ep": 1, "redundantExperts": 4},
        "ep",
        ("redundantExperts: 4", "with ep 1 each GPU has all of them", "write ep: 2 or 4"),
        {"ep": 4, "redundantExperts": 4},
        stack=QWEN,
    ),
    Broken(
        "eplb_needs_ep_of_tp",
        "lab-16gpu-singlenode",
        "decode",
        {"ep": 4, "eplb": {"enabled": True}},
        "ep",
        ("all 8 GPUs", "write ep: 8"),
        {"ep": 8, "eplb": {"enabled": True}},
    ),
    Broken(
        "recorder_fits_deepep",
        "wide-32gpu",
        "decode",
        {"deepepMode": "auto"},
        "deepepMode",
        ("auto mode", "write deepepMode: low_latency"),
        {"deepepMode": "low_latency"},
    ),
    Broken(
        "recorder_fits_deepep",
        "wide-32gpu",
        "decode",
        {"eplb": {"recorderMode": "stat_approx"}},
        "eplb.recorderMode",
        ("only with DeepEP in normal mode", "write recorderMode: stat"),
        {"eplb": {"recorderMode": "stat"}},
    ),
    Broken(
        "hierarchical_needs_groups",
        "wide-104gpu",
        "decode",
        {"eplb": {"algorithm": "deepseek_hierarchical"}},
        "eplb.algorithm",
        ("8 expert groups", "9 nodes", "write algorithm: deepseek"),
        {"eplb": {"algorithm": "deepseek"}},
    ),
    Broken(
        "location_is_a_file",
        "wide-32gpu",
        "decode",
        {"eplb": {"initialExpertLocation": "experts.json"}},
        "eplb.initialExpertLocation",
        ("absolute path", "/model-cache/experts.json"),
        {"eplb": {"initialExpertLocation": "/model-cache/experts.json"}},
    ),
    Broken(
        "deepep_needs_model",
        "lab-16gpu-singlenode",
        "decode",
        {"moeA2aBackend": "deepep"},
        "moeA2aBackend",
        ("MixtralForCausalLM", "write moeA2aBackend: none"),
        {"moeA2aBackend": "none"},
        stack=MIXTRAL,
    ),
    Broken(
        "deepep_needs_fp8",
        "lab-8gpu",
        "decode",
        {"moeA2aBackend": "deepep"},
        "moeA2aBackend",
        ("FP8 only", "Qwen/Qwen3-30B-A3B is bf16", "FP8 version"),
        {"moeA2aBackend": "deepep"},
        stack=QWEN,
        mended_stack=QWEN_FP8,
    ),
    Broken(
        "deepep_needs_hopper",
        "wide-32gpu",
        "decode",
        {},
        "moeA2aBackend",
        ("DeepGEMM", "A100-80", "write moeA2aBackend: none"),
        {},
        stack={"hardware": hardware("A100-80")},
        mended_stack={"hardware": hardware("H200")},
    ),
    Broken(
        "deepep_needs_hidden_size",
        "lab-8gpu",
        "decode",
        {"moeA2aBackend": "deepep"},
        "deepepMode",
        ("hidden sizes 2048", "the model's is 1536", "write deepepMode: normal"),
        {"moeA2aBackend": "deepep", "deepepMode": "normal"},
        stack=ODD_WIDTH,
    ),
    Broken(
        "normal_kernels_have_settings",
        "wide-104gpu",
        "decode",
        {"deepepMode": "normal"},
        "ep",
        ("normal mode", "2, 4, 8, 16, 24, 32, 64, 128, 144 or 160", "64 or 128", "write deepepMode: low_latency"),
        {"deepepMode": "low_latency"},
    ),
    Broken(
        "normal_kernels_need_whole_nodes",
        "lab-16gpu-multinode",
        "prefill",
        {"moeA2aBackend": "deepep", "deepepMode": "normal"},
        "gpusPerNode",
        ("each 8 ranks for one node", "a pod has 4 GPUs", "write gpusPerNode: 8"),
        {"moeA2aBackend": "deepep", "deepepMode": "normal", "nodes": 1, "gpusPerNode": 8},
    ),
    Broken(
        "deepep_needs_rdma",
        "wide-32gpu",
        "decode",
        {},
        "hardware.interconnect",
        ("ep 16 spans 2 nodes", "NVLink reaches 8 GPUs", "infiniband or roce"),
        {},
        stack={"hardware": hardware(interconnect="ethernet")},
        mended_stack={"hardware": hardware(interconnect="roce")},
    ),
    Broken(
        "dispatch_within_kernel",
        "wide-32gpu",
        "decode",
        {"maxDispatchTokensPerRank": 2048},
        "maxDispatchTokensPerRank",
        ("at most 1024", "write maxDispatchTokensPerRank: 1024"),
        {"maxDispatchTokensPerRank": 1024},
    ),
    Broken(
        "graphs_within_dispatch",
        "wide-32gpu",
        "decode",
        {"cudaGraphBatchSizes": [1, 64, 256]},
        "cudaGraphBatchSizes",
        ("256", "the 128 tokens", "maxDispatchTokensPerRank: 256"),
        {"cudaGraphBatchSizes": [1, 64, 256], "maxDispatchTokensPerRank": 256},
    ),
    Broken(
        "graphs_survive_rounding",
        "wide-32gpu",
        "decode",
        {"cudaGraphBatchSizes": [1, 3], "twoBatchOverlap": True},
        "cudaGraphBatchSizes",
        ("multiple of 2", "add 2"),
        {"cudaGraphBatchSizes": [1, 2, 3], "twoBatchOverlap": True},
    ),
    Broken(
        "prefill_within_dispatch",
        "wide-32gpu",
        "prefill",
        {"deepepMode": "low_latency"},
        "deepepMode",
        ("16384 tokens a rank", "holds 128", "write deepepMode: normal"),
        {"deepepMode": "normal"},
    ),
    Broken(
        "two_batches_need_deepep",
        "lab-16gpu-singlenode",
        "decode",
        {"twoBatchOverlap": True},
        "twoBatchOverlap",
        ("moeA2aBackend is none", "write twoBatchOverlap: false"),
        {"twoBatchOverlap": False},
    ),
    Broken(
        "weights_fit",
        "lab-8gpu",
        "prefill",
        {},
        "gpusPerNode",
        ("169.7 GB on each GPU", "64 expert slots", "0.8 × 150.1 = 120.1 GB", "use 8 H200 a worker"),
        {"gpusPerNode": 8, "tp": 8, "ep": 8},
        stack={"layout.decode": {"gpusPerNode": 8, "tp": 8, "dp": 8, "ep": 8}},
    ),
    Broken(
        "cache_is_useful",
        "lab-16gpu-singlenode",
        "decode",
        {"redundantExperts": 64},
        "redundantExperts",
        ("118.4 GB on each GPU", "leaves 1.7 GB or 23,633 tokens", "less than 32,768", "redundantExperts: 56"),
        {"redundantExperts": 56},
    ),
    Broken(
        "buffers_fit",
        "wide-32gpu",
        "decode",
        {"memFractionStatic": 0.9, "maxDispatchTokensPerRank": 1024},
        "memFractionStatic",
        ("17.2 GB at maxDispatchTokensPerRank 1024", "outside the pool are 15.0 GB"),
        {"memFractionStatic": 0.88, "maxDispatchTokensPerRank": 1024},
    ),
)


def problems_of(case: Broken, change: dict[str, object], stack: dict[str, object]) -> dict[str, str]:
    other = "prefill" if case.role == "decode" else "decode"
    rest = dict(stack)
    layout = {"preset": case.preset, case.role: change, other: rest.pop(f"layout.{other}", {})}
    return broken(layout, **rest)


@pytest.mark.parametrize("case", CASES, ids=lambda case: f"{case.rule}-{case.preset}-{case.role}")
def test_a_broken_rule_names_its_key_its_numbers_and_what_holds(case: Broken) -> None:
    key = case.key if case.key.startswith("hardware.") else f"layout.{case.role}.{case.key}"
    message = problems_of(case, case.change, case.stack)[key]
    assert [words for words in case.says if words not in message] == []


@pytest.mark.parametrize("case", CASES, ids=lambda case: f"{case.rule}-{case.preset}-{case.role}")
def test_what_the_message_says_to_write_holds(case: Broken) -> None:
    assert problems_of(case, case.mended, case.stack | case.mended_stack) == {}


def test_every_rule_of_a_role_is_broken_here() -> None:
    rules = {rule.__name__ for rule in (*SIZES, *DERIVED, *MEMORY_RULES)} | {"tp_is_all_gpus"}
    assert rules == {case.rule for case in CASES}


def test_every_rule_names_its_source() -> None:
    undocumented = [rule.__name__ for rule in (*SIZES, *DERIVED, *MEMORY_RULES) if not rule.__doc__]
    assert undocumented == []


@pytest.mark.parametrize("preset", [preset for preset in Preset if preset is not Preset.LAB_8GPU])
def test_every_preset_but_the_smallest_runs_r1_on_h200(preset: Preset) -> None:
    assert check(settings(layout=str(preset))) == []


def test_the_smallest_preset_runs_qwen_on_one_node_of_h100() -> None:
    assert check(settings(layout="lab-8gpu", hardware=hardware("H100-80", 1), **QWEN)) == []


def test_r1_on_four_h100_is_told_how_many_it_needs() -> None:
    messages = broken("lab-8gpu", hardware=hardware("H100-80"))
    prefill, decode = messages["layout.prefill.gpusPerNode"], messages["layout.decode.gpusPerNode"]
    assert "use 16 H100-80 a worker (nodes: 2, gpusPerNode: 8, tp: 16, dp: 1, ep: 16): 43.3 GB" in prefill
    assert "use 16 H100-80 a worker (nodes: 2, gpusPerNode: 8, tp: 16, dp: 16, ep: 16): 56.8 GB" in decode


def test_too_many_redundant_experts_are_answered_with_the_labs_three_remedies() -> None:
    layout = {"preset": "lab-16gpu-singlenode", "decode": {"redundantExperts": 64}}
    remedies = broken(layout)["layout.decode.redundantExperts"].splitlines()[2:]
    assert [line.strip() for line in remedies] == [
        "write memFractionStatic: 0.81, which leaves 3.2 GB (44,994 tokens)",
        "or write redundantExperts: 56, which leaves 4.2 GB (59,991 tokens); 0 leaves 22.1 GB (314,497 tokens)",
        "or use 16 H200 a worker (nodes: 2, gpusPerNode: 8, tp: 16, dp: 16, ep: 16, redundantExperts: 64): "
        "67.0 GB of weights on each leaves 53.1 GB (755,773 tokens)",
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
