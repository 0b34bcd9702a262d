"""The engine's arguments are what SGLang 0.5.3.post2 takes, and mean what the layout says."""

from __future__ import annotations

import argparse
import shlex
from functools import partial

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.golden.cases import ON_SGLANG
from tests.support.configs import settings
from wideep.catalog import MODELS, PRESETS
from wideep.dynamo import release
from wideep.engines.sglang import command
from wideep.engines.sglang.command import engine_env
from wideep.engines.sglang.engine import Sglang
from wideep.settings.experts import (
    DeepEpMode,
    DispatchAlgorithm,
    Eplb,
    EplbAlgorithm,
    MoeA2aBackend,
    RecorderMode,
)
from wideep.settings.layout import KvCacheDtype, Preset, Role, RoleLayout
from wideep.settings.speculative import Speculative, SpeculativeAlgorithm

R1 = MODELS["deepseek-ai/DeepSeek-R1"]
LAB = "0.6.0"
engine_args = partial(command.engine_args, version=release(LAB).engines["sglang"])
SGLANG = Sglang(release(LAB).engines["sglang"])
SURVIVES = release(LAB).survives_shell
PATH = "/model-cache/deepseek-r1"

VALUES: dict[str, dict[str, object]] = {
    "--model-path": {"required": True},
    "--served-model-name": {"required": True},
    "--host": {"required": True},
    "--tp-size": {"type": int, "required": True},
    "--dp-size": {"type": int, "default": 1},
    "--ep-size": {"type": int, "required": True},
    "--moe-dense-tp-size": {"type": int},
    "--moe-a2a-backend": {"choices": ["none", "deepep", "mooncake"], "default": "none"},
    "--deepep-mode": {"choices": ["normal", "low_latency", "auto"], "default": "auto"},
    "--ep-num-redundant-experts": {"type": int, "default": 0},
    "--eplb-algorithm": {
        "choices": ["auto", "deepseek", "deepseek_hierarchical", "deepseek_vec", "deepseek_vec_hierarchical"]
    },
    "--eplb-rebalance-num-iterations": {"type": int},
    "--ep-dispatch-algorithm": {"choices": ["static", "dynamic", "fake"]},
    "--expert-distribution-recorder-mode": {"choices": ["stat", "stat_approx", "per_pass", "per_token"]},
    "--init-expert-location": {},
    "--disaggregation-mode": {"choices": ["null", "prefill", "decode"], "required": True},
    "--disaggregation-transfer-backend": {"choices": ["mooncake", "nixl", "ascend", "fake"], "required": True},
    "--disaggregation-bootstrap-port": {"type": int, "required": True},
    "--load-balance-method": {"choices": ["round_robin", "shortest_queue", "minimum_tokens"]},
    "--mem-fraction-static": {"type": float, "required": True},
    "--chunked-prefill-size": {"type": int},
    "--context-length": {"type": int},
    "--cuda-graph-bs": {"type": int, "nargs": "+"},
    "--cuda-graph-max-bs": {"type": int},
    "--max-running-requests": {"type": int},
}
SWITCHES = (
    "--trust-remote-code",
    "--skip-tokenizer-init",
    "--enable-dp-attention",
    "--enable-dp-lm-head",
    "--enable-two-batch-overlap",
    "--enable-eplb",
    "--prefill-round-robin-balance",
)


@pytest.fixture(scope="module")
def parser() -> argparse.ArgumentParser:
    """The part of SGLang's parser that a layout can reach, with its types and choices, and no abbreviations."""
    parser = argparse.ArgumentParser(allow_abbrev=False, exit_on_error=False)
    for flag, how in VALUES.items():
        parser.add_argument(flag, **how)  # pyright: ignore[reportArgumentType]
    for flag in SWITCHES:
        parser.add_argument(flag, action="store_true")
    return parser


def wide(**changes: object) -> RoleLayout:
    """A decode worker of 16 GPUs as in wide-32gpu, with fields changed."""
    return PRESETS[Preset.WIDE_32GPU][Role.DECODE].model_copy(update=changes)


EVERYTHING = wide(
    eplb=Eplb(
        enabled=True,
        algorithm=EplbAlgorithm.DEEPSEEK_VEC,
        rebalance_iterations=500,
        dispatch_algorithm=DispatchAlgorithm.DYNAMIC,
        recorder_mode=RecorderMode.STAT_APPROX,
        initial_expert_location="/model-cache/experts.pt",
    ),
    two_batch_overlap=True,
    cuda_graph_batch_sizes=(1, 2, 128),
    chunked_prefill_size=32768,
    context_length=8192,
)


@pytest.mark.parametrize("preset", ON_SGLANG)
@pytest.mark.parametrize("role", Role)
def test_sglang_takes_the_arguments_of_every_preset(
    parser: argparse.ArgumentParser, preset: Preset, role: Role
) -> None:
    layout = PRESETS[preset][role]

    taken = parser.parse_args(engine_args(role, layout, R1, PATH))

    assert (taken.tp_size, taken.dp_size, taken.ep_size) == (layout.tp, layout.dp, layout.ep)
    assert taken.enable_dp_attention == (layout.dp > 1)
    assert taken.ep_num_redundant_experts == layout.redundant_experts
    assert taken.mem_fraction_static == layout.mem_fraction_static


def test_every_setting_of_a_layout_reaches_the_engine(parser: argparse.ArgumentParser) -> None:
    taken = vars(parser.parse_args(engine_args(Role.DECODE, EVERYTHING, R1, PATH, trust_remote_code=True)))

    assert taken == {
        "model_path": PATH,
        "served_model_name": "deepseek-ai/DeepSeek-R1",
        "host": "0.0.0.0",  # noqa: S104 - what the engine is told
        "trust_remote_code": True,
        "skip_tokenizer_init": True,
        "tp_size": 16,
        "dp_size": 16,
        "ep_size": 16,
        "enable_dp_attention": True,
        "enable_dp_lm_head": True,
        "moe_dense_tp_size": 1,
        "moe_a2a_backend": "deepep",
        "deepep_mode": "low_latency",
        "enable_two_batch_overlap": True,
        "ep_num_redundant_experts": 32,
        "enable_eplb": True,
        "eplb_algorithm": "deepseek_vec",
        "eplb_rebalance_num_iterations": 500,
        "ep_dispatch_algorithm": "dynamic",
        "expert_distribution_recorder_mode": "stat_approx",
        "init_expert_location": "/model-cache/experts.pt",
        "disaggregation_mode": "decode",
        "disaggregation_transfer_backend": "nixl",
        "disaggregation_bootstrap_port": 30001,
        "load_balance_method": None,
        "prefill_round_robin_balance": True,
        "mem_fraction_static": 0.8,
        "chunked_prefill_size": 32768,
        "context_length": 8192,
        "cuda_graph_bs": [1, 2, 128],
        "cuda_graph_max_bs": None,
        "max_running_requests": 2048,
    }


@pytest.mark.parametrize("preset", ON_SGLANG)
@pytest.mark.parametrize("role", Role)
def test_no_argument_is_one_that_the_operator_sets_or_that_its_shell_line_would_break(
    preset: Preset, role: Role
) -> None:
    args = engine_args(role, PRESETS[preset][role], R1, PATH)

    assert not set(args) & {"--dist-init-addr", "--nnodes", "--node-rank"}
    assert all(SURVIVES(arg) for arg in args)


def test_the_flag_that_this_sglang_turned_into_an_error_is_never_written() -> None:
    for role in Role:
        assert "--enable-deepep-moe" not in engine_args(role, EVERYTHING, R1, PATH)


def said(layout: RoleLayout, begins: str, role: Role = Role.DECODE) -> str:
    """The flags that begin so, each with its value, as the command has them."""
    words = " ".join(engine_args(role, layout, R1, PATH))
    return " ".join(f"--{flag}" for flag in words.removeprefix("--").split(" --") if f"--{flag}".startswith(begins))


@pytest.mark.parametrize(
    ("drafts", "words"),
    [
        (
            Speculative(algorithm=SpeculativeAlgorithm.EAGLE, num_steps=3, eagle_topk=2, num_draft_tokens=5),
            f"--speculative-algorithm EAGLE --speculative-draft-model-path {PATH} --speculative-num-steps 3 "
            "--speculative-eagle-topk 2 --speculative-num-draft-tokens 5",
        ),
        (
            Speculative(algorithm=SpeculativeAlgorithm.EAGLE3, draft_model="/model-cache/draft", draft_gb=1),
            "--speculative-algorithm EAGLE3 --speculative-draft-model-path /model-cache/draft "
            "--speculative-num-steps 1 --speculative-eagle-topk 1 --speculative-num-draft-tokens 2",
        ),
        (
            Speculative(algorithm=SpeculativeAlgorithm.NGRAM, num_draft_tokens=8),
            "--speculative-algorithm NGRAM --speculative-num-draft-tokens 8",
        ),
        (None, ""),
    ],
)
def test_drafts_are_read_from_the_models_folder_or_their_own_and_ngrams_from_nowhere(
    drafts: Speculative | None, words: str
) -> None:
    assert said(wide(speculative=drafts), "--speculative") == words


def test_fewer_requests_are_captured_and_run_where_each_has_drafts() -> None:
    five = Speculative(algorithm=SpeculativeAlgorithm.EAGLE, num_steps=4, num_draft_tokens=5)

    assert said(wide(speculative=five), "--cuda-graph") == "--cuda-graph-max-bs 25"
    assert said(wide(speculative=five), "--max-running") == f"--max-running-requests {25 * 16}"
    assert said(wide(max_running_requests=32), "--max-running") == "--max-running-requests 32"
    assert said(wide(max_running_requests=32), "--max-running", Role.PREFILL) == "--max-running-requests 32"


def test_the_sizes_of_a_worker_are_written_where_they_say_something() -> None:
    stages = wide(tp=8, dp=1, ep=8, pp=2, moe_dense_tp=None)

    assert said(stages, "--pp") == "--pp-size 2"
    assert (said(stages, "--dp"), said(wide(), "--pp")) == ("", "")
    assert said(wide(kv_cache_dtype=KvCacheDtype.FP8_E4M3), "--kv") == "--kv-cache-dtype fp8_e4m3"
    assert said(wide(page_size=64), "--page") == "--page-size 64"
    assert said(wide(redundant_experts=0), "--ep-num") == ""
    assert said(wide(moe_a2a_backend=MoeA2aBackend.NONE), "--moe-a2a") == ""
    assert said(wide(), "--trust") == ""


def test_prefill_captures_nothing_and_decode_takes_turns_where_there_are_several_groups() -> None:
    assert said(wide(), "--cuda-graph", Role.PREFILL) == ""
    assert said(wide(cuda_graph_batch_sizes=(1, 2)), "--cuda-graph", Role.PREFILL) == ""
    turns = [said(wide(dp=dp), "--prefill-round") for dp in (1, 2)]
    assert turns == ["", "--prefill-round-robin-balance"]


def test_a_layout_without_deepep_asks_for_none_of_it() -> None:
    plain = PRESETS[Preset.LAB_16GPU_SINGLENODE][Role.DECODE]

    args = engine_args(Role.DECODE, plain, R1, PATH)

    assert not [arg for arg in args if "deepep" in arg or "eplb" in arg or "redundant" in arg]
    assert engine_env(Role.DECODE, plain) == {}


def test_balancer_settings_are_written_while_the_balancer_is_off_because_the_start_reads_them() -> None:
    off = wide(eplb=Eplb(enabled=False, algorithm=EplbAlgorithm.DEEPSEEK, rebalance_iterations=7))

    args = engine_args(Role.DECODE, off, R1, PATH)

    assert args[args.index("--eplb-algorithm") + 1] == "deepseek"
    assert args[args.index("--eplb-rebalance-num-iterations") + 1] == "7"
    assert "--enable-eplb" not in args


def test_an_empty_list_of_graph_sizes_captures_none() -> None:
    args = engine_args(Role.DECODE, wide(cuda_graph_batch_sizes=()), R1, PATH)

    assert "--disable-cuda-graph" in args
    assert not [arg for arg in args if arg.startswith("--cuda-graph")]


def test_decode_never_hands_deepep_more_tokens_than_its_buffers_hold() -> None:
    layout = wide(max_dispatch_tokens_per_rank=256)

    args = engine_args(Role.DECODE, layout, R1, PATH)

    assert engine_env(Role.DECODE, layout) == {"SGLANG_DEEPEP_NUM_MAX_DISPATCH_TOKENS_PER_RANK": "256"}
    assert args[args.index("--cuda-graph-max-bs") + 1] == "256"
    assert args[args.index("--max-running-requests") + 1] == str(256 * layout.dp)


def test_prefill_in_normal_mode_has_no_such_limit() -> None:
    layout = wide(deepep_mode=DeepEpMode.NORMAL)

    args = engine_args(Role.PREFILL, layout, R1, PATH)

    assert engine_env(Role.PREFILL, layout) == {}
    assert not [arg for arg in args if "cuda-graph" in arg or "max-running" in arg]


def test_prefill_has_none_of_decodes_limits_in_either_mode() -> None:
    both = wide(deepep_mode=DeepEpMode.AUTO)
    limit = {"SGLANG_DEEPEP_NUM_MAX_DISPATCH_TOKENS_PER_RANK": "128"}

    assert SGLANG.env(Role.PREFILL, both, settings().hardware) == {}
    assert SGLANG.env(Role.DECODE, both, settings().hardware) == limit


def test_code_of_the_models_repository_is_run_where_the_stack_says_so() -> None:
    layout = PRESETS[Preset.WIDE_32GPU][Role.DECODE]
    said = {
        remote: "--trust-remote-code" in SGLANG.args(settings(workers={"trustRemoteCode": remote}), Role.DECODE, layout)
        for remote in (True, False)
    }

    assert said == {True: True, False: False}


def test_extra_arguments_come_last_and_as_they_stand() -> None:
    extra = ("--max-prefill-tokens", "4096")

    args = engine_args(Role.PREFILL, wide(extra_args=extra), R1, PATH)

    assert args[-2:] == extra


def test_attention_in_one_group_asks_neither_for_dp_attention_nor_for_a_dp_lm_head() -> None:
    one = wide(dp=1, dp_lm_head=True, moe_a2a_backend=MoeA2aBackend.NONE)

    args = engine_args(Role.DECODE, one, R1, PATH)

    assert not [arg for arg in args if "dp" in arg]


def objects(model: type[RoleLayout] | type[Eplb], **fields: st.SearchStrategy[object]) -> st.SearchStrategy[object]:
    """Objects of a settings type; ``st.builds`` would add its fields' aliases."""
    return st.fixed_dictionaries(fields).map(lambda values: model(**values))  # pyright: ignore[reportArgumentType]


some = st.none() | st.integers(1, 4096)
layouts = objects(
    RoleLayout,
    replicas=st.just(1),
    nodes=st.integers(1, 9),
    gpus_per_node=st.integers(1, 8),
    tp=st.integers(1, 72),
    dp=st.integers(1, 72),
    ep=st.integers(1, 72),
    redundant_experts=st.integers(0, 64),
    moe_a2a_backend=st.sampled_from(MoeA2aBackend),
    deepep_mode=st.sampled_from(DeepEpMode),
    mem_fraction_static=st.floats(0.01, 0.99),
    moe_dense_tp=st.sampled_from([None, 1]),
    dp_lm_head=st.booleans(),
    two_batch_overlap=st.booleans(),
    max_dispatch_tokens_per_rank=st.integers(1, 1024),
    cuda_graph_batch_sizes=st.none() | st.lists(st.integers(1, 512), min_size=1, max_size=4).map(tuple),
    chunked_prefill_size=some,
    context_length=some,
    eplb=objects(
        Eplb,
        enabled=st.booleans(),
        algorithm=st.none() | st.sampled_from(EplbAlgorithm),
        rebalance_iterations=some,
        dispatch_algorithm=st.none() | st.sampled_from(DispatchAlgorithm),
        recorder_mode=st.none() | st.sampled_from(RecorderMode),
    ),
)


@given(role=st.sampled_from(Role), layout=layouts)
def test_whatever_a_layout_says_sglang_takes_the_arguments_and_the_operators_shell_line_keeps_them(
    parser: argparse.ArgumentParser, role: Role, layout: RoleLayout
) -> None:
    args = engine_args(role, layout, R1, PATH)

    taken = parser.parse_args(args)

    assert (taken.tp_size, taken.dp_size, taken.ep_size) == (layout.tp, layout.dp, layout.ep)
    assert taken.mem_fraction_static == layout.mem_fraction_static
    assert taken.enable_dp_lm_head <= taken.enable_dp_attention, "SGLang asserts it"
    assert (taken.moe_a2a_backend == "deepep") == layout.deepep
    assert all(SURVIVES(arg) for arg in args)
    assert len([arg for arg in args if arg.startswith("--")]) == len({arg for arg in args if arg.startswith("--")})


@given(st.text(max_size=30))
def test_an_argument_that_is_said_to_survive_is_one_word_of_a_shell_line_and_itself(arg: str) -> None:
    if SURVIVES(arg):
        assert shlex.split(arg) == [arg] == shlex.split(shlex.quote(arg))
        assert shlex.quote(arg) == arg
