"""What SGLang does otherwise from version to version, in arguments, rules, memory and log."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from tests.support.configs import settings, site
from wideep.catalog import MODELS, PRESETS
from wideep.catalog.gpus import GPUS
from wideep.engines.parser import release_number
from wideep.engines.sglang.command import engine_args, runner_of
from wideep.engines.sglang.engine import Sglang
from wideep.engines.sglang.parser import VERSIONS
from wideep.engines.sglang.rules import deepep, experts, pipeline
from wideep.rules import role_context
from wideep.rules.extra_args import extra_args_problems
from wideep.rules.role_context import RoleContext
from wideep.settings.experts import DeepEpMode
from wideep.settings.hardware import Gpu
from wideep.settings.layout import Preset, Role
from wideep.settings.model import ModelFamily

OLDEST, NEWEST = VERSIONS[0], VERSIONS[-1]
R1 = MODELS["deepseek-ai/DeepSeek-R1"]
QWEN_BF16 = "Qwen/Qwen3-235B-A22B"
WIDE = PRESETS[Preset.WIDE_32GPU]


def args(version: str, role: Role, **changes: object) -> tuple[str, ...]:
    return engine_args(role, WIDE[role].model_copy(update=changes), R1, "/m", version=version)


@pytest.fixture
def on(monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest) -> str:
    """Roles and stacks run on the version that the test is given."""
    version: str = request.param
    for module in ("wideep.rules.role_context", "wideep.rules.extra_args"):
        monkeypatch.setattr(f"{module}.engine_of", lambda _=None: Sglang(version))
    assert role_context.engine_of().version == version
    return version


def since(first: str) -> Sequence[str]:
    """The versions from one on, of those that releases pair with."""
    return VERSIONS[[release_number(version) for version in VERSIONS].index(first) :]


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize("preset", Preset)
@pytest.mark.parametrize("role", Role)
def test_the_table_of_each_version_takes_what_is_written_for_it(version: str, preset: Preset, role: Role) -> None:
    table = Sglang(version).flags

    for given in table.read(engine_args(role, PRESETS[preset][role], R1, "/m", version=version)):
        assert given.wrong is None
        assert given.flag is not None
        assert not given.flag.deprecated


@pytest.mark.parametrize("version", VERSIONS)
def test_cuda_graphs_are_named_by_their_phase_from_0_5_14_on(version: str) -> None:
    suffix = "-decode" if version in since("0.5.14") else ""

    limited, listed = args(version, Role.DECODE), args(version, Role.DECODE, cuda_graph_batch_sizes=(1, 2))
    none = args(version, Role.DECODE, cuda_graph_batch_sizes=())

    assert limited[limited.index(f"--cuda-graph-max-bs{suffix}") + 1] == "128"
    assert listed[listed.index(f"--cuda-graph-bs{suffix}") + 1 :][:2] == ("1", "2")
    assert ("--disable-cuda-graph" in none) == (not suffix)
    assert ("--cuda-graph-backend-decode disabled" in " ".join(none)) == bool(suffix)


@pytest.mark.parametrize("version", VERSIONS)
def test_requests_are_dealt_in_turn_only_before_0_5_8(version: str) -> None:
    in_turn = version not in since("0.5.8")

    assert ("--prefill-round-robin-balance" in args(version, Role.DECODE)) == in_turn
    assert ("--load-balance-method" in args(version, Role.PREFILL)) == in_turn


@pytest.mark.parametrize("version", VERSIONS)
def test_the_kv_cache_goes_over_nixl_in_every_version(version: str) -> None:
    for role in Role:
        written = args(version, role)
        assert written[written.index("--disaggregation-transfer-backend") + 1] == "nixl"


def test_a_version_that_was_not_read_is_refused_by_name() -> None:
    with pytest.raises(ValueError, match=r"SGLang 0\.4\.0: its flags are unknown"):
        _ = Sglang("0.4.0").flags


EXTRA = {
    "a key's flag under its old name": (NEWEST, ["--cuda-graph-bs", "1", "2"], "set cudaGraphBatchSizes"),
    "a flag that was renamed": (NEWEST, ["--stream-output"], "use --incremental-streaming-output"),
    "a flag that another replaced": (
        NEWEST,
        ["--enable-expert-distribution-metrics"],
        "use --expert-balancedness-report-mode server_log",
    ),
    "a flag that is gone for good": (NEWEST, ["--crash-on-nan", "yes"], "0.5.3.post2 is the last that has"),
    "a flag that is not there yet": (OLDEST, ["--enable-waterfill"], "0.5.16 is the first that has"),
    "a config file, which is read by now": (NEWEST, ["--config", "/f"], "would bypass the keys"),
    "stages at decode": (NEWEST, ["--pp-size", "2"], "remove it; only prefill may have pp"),
    "another way to share attention out": (NEWEST, ["--dcp-size", "2"], "in a way that the plan does not model"),
}


@pytest.mark.parametrize(("on", "words", "said"), EXTRA.values(), ids=EXTRA.keys(), indirect=["on"])
def test_extra_arguments_are_read_as_the_version_reads_them(on: str, words: list[str], said: str) -> None:
    del on
    stack = settings(layout={"preset": "wide-32gpu", "decode": {"extraArgs": words}})

    assert said in "\n".join(map(str, extra_args_problems(stack)))


@pytest.mark.parametrize("on", [NEWEST], indirect=True)
def test_what_replaced_the_metrics_flag_passes_and_counts_as_one(on: str) -> None:
    del on
    flag = Sglang(NEWEST).log.balance_flag
    layout = {"preset": "wide-32gpu", "decode": {"extraArgs": [flag]}}

    assert list(extra_args_problems(settings(layout=layout))) == []
    auto = site("decode", deepepMode="auto", extraArgs=[flag], eplb={"enabled": False})
    assert experts.recorder_fits_deepep(auto)


@pytest.mark.parametrize(
    ("args", "logs"),
    [
        (["--expert-balancedness-report-mode=server_log"], True),
        (["--expert-balancedness-report-mode", "server_log"], True),
        (["--enable-metrics", "--expert-balancedness-report-mode", "both"], True),
        (["--expert-balancedness-report-mode", "prometheus"], False),
        (["--enable-expert-distribution-metrics"], False),
        ([], False),
    ],
)
def test_both_ways_to_report_the_balance_write_it_to_the_log_and_prometheus_alone_does_not(
    args: list[str], logs: bool
) -> None:
    assert Sglang(NEWEST).log.logs_balance(args) == logs
    assert Sglang("0.5.3.post2").log.logs_balance(args) == ("--enable-expert-distribution-metrics" in args)


def bf16(role: str, **changes: object) -> RoleContext:
    return site(role, model=QWEN_BF16, **changes)


@pytest.mark.parametrize("on", VERSIONS, indirect=True)
def test_experts_in_bf16_go_through_deepep_where_the_engine_has_code_for_it(on: str) -> None:
    low = deepep.deepep_needs_fp8(bf16("decode", deepepMode="low_latency"))
    normal = deepep.deepep_needs_fp8(bf16("prefill", deepepMode="normal"))

    assert (low is None) == (on in since("0.5.14"))
    assert (normal is None) == (on in since("0.5.18"))
    if low is None and normal is not None:
        assert "low_latency mode only; 0.5.18 does in every mode" in normal.rule


@pytest.mark.parametrize("on", [NEWEST], indirect=True)
def test_experts_in_bf16_are_computed_by_deepgemm_and_by_nothing_else(on: str) -> None:
    layout = WIDE[Role.DECODE]
    written = engine_args(Role.DECODE, layout, MODELS[QWEN_BF16], "/m", version=on)
    other = deepep.deepep_needs_fp8(bf16("decode", extraArgs=["--moe-runner-backend", "triton"]))

    assert written[written.index("--moe-runner-backend") + 1] == "deep_gemm"
    assert "--moe-runner-backend" not in args(on, Role.DECODE)
    assert other is not None
    assert other.fix == "use --moe-runner-backend deep_gemm, or remove it"


@pytest.mark.parametrize(
    ("words", "runner"),
    [
        (("--moe-runner-backend", "triton"), "triton"),
        (("--log-level=info", "--moe-runner-backend=triton"), "triton"),
        (("--moe-runner-backend=a=b=c",), "a=b=c"),
        (("--log-level", "info"), None),
    ],
)
def test_kernels_of_the_experts_are_named_in_one_word_or_in_two(words: tuple[str, ...], runner: str | None) -> None:
    assert runner_of(WIDE[Role.DECODE].model_copy(update={"extra_args": words})) == runner


@pytest.mark.parametrize("on", VERSIONS, indirect=True)
def test_without_deepep_newer_versions_take_no_static_dispatch(on: str) -> None:
    eplb = {"enabled": True, "dispatchAlgorithm": "static"}

    assert (experts.copies_are_picked_alike in Sglang(on).rules().derived) == (on in since("0.5.18"))
    assert experts.copies_are_picked_alike(site(eplb=eplb, moeA2aBackend="none"))
    assert experts.copies_are_picked_alike(site(eplb=eplb)) is None


def test_eplb_rebalances_no_sooner_than_the_recorder_is_full() -> None:
    words = ["--expert-distribution-recorder-buffer-size", "600"]

    soon = experts.recorder_fits_interval(site(eplb={"enabled": True, "rebalanceIterations": 500}, extraArgs=words))

    assert soon is not None
    assert soon.fix == f"set {words[0]} 500, or eplb.rebalanceIterations: 600"
    assert (
        experts.recorder_fits_interval(site(eplb={"enabled": True, "rebalanceIterations": 600}, extraArgs=words))
        is None
    )


@pytest.mark.parametrize("on", [OLDEST, NEWEST], indirect=True)
def test_stages_at_decode_are_refused_with_what_is_known(on: str) -> None:
    problem = pipeline.decode_has_one_stage(site(pp=2))

    assert problem is not None
    assert ("what they need is not known" in problem.rule) == (on == NEWEST)


@pytest.mark.parametrize("version", VERSIONS)
def test_glm_has_stages_from_0_5_4_on_and_gpt_oss_never_deepep(version: str) -> None:
    engine = Sglang(version)

    assert engine.family(ModelFamily.GLM4_MOE).pipeline == (version != OLDEST)
    assert not engine.family(ModelFamily.GPT_OSS).deepep


@pytest.mark.parametrize("version", VERSIONS)
def test_log_lines_follow_the_version(version: str) -> None:
    form = Sglang(version).log
    lines = [line for line, _ in form.stages]

    line = "Capture target decode CUDA graph begin." if version in since("0.5.14") else "Capture cuda graph begin."
    assert [part for part in lines if part in line]
    assert form.capturing in line
    assert ("Init parallel begin" in lines) == (version == NEWEST)


def test_a_shared_lm_head_needs_less_where_its_logits_go_all_to_all() -> None:
    shared = WIDE[Role.DECODE].model_copy(update={"dp_lm_head": False})
    own = WIDE[Role.DECODE].model_copy(update={"dp_lm_head": True})

    def activations(version: str, role: object) -> float:
        return Sglang(version).headroom(R1, GPUS[Gpu.H200], Role.DECODE, role).activations  # pyright: ignore

    assert activations(NEWEST, shared) < activations(OLDEST, shared)
    assert activations(NEWEST, own) == activations(OLDEST, own)


def test_prefill_keeps_room_for_its_graphs_from_0_5_14_on_unless_deepep_turns_them_off() -> None:
    plain = PRESETS[Preset.LAB_16GPU_SINGLENODE][Role.PREFILL]
    normal = WIDE[Role.PREFILL]

    for version in VERSIONS:
        graphs = Sglang(version).headroom(R1, GPUS[Gpu.H200], Role.PREFILL, plain).cuda_graphs
        assert (graphs > 0) == (version in since("0.5.14"))
        assert normal.deepep_mode is DeepEpMode.NORMAL
        assert Sglang(version).headroom(R1, GPUS[Gpu.H200], Role.PREFILL, normal).cuda_graphs == 0
