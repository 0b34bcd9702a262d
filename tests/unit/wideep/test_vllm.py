"""vLLM as a stack's engine: its arguments, rules and memory, and what it is refused for."""

import pytest

from tests.support.broken_rules.vllm import VLLM
from tests.support.configs import broken, hardware, settings, stack
from wideep import load
from wideep.dynamo.releases import ROWS
from wideep.engines import engine, engine_of
from wideep.engines.base import Engine
from wideep.plan import Plan
from wideep.settings.backend import Backend
from wideep.settings.layout import Role, RoleLayout
from wideep.signs import Place
from wideep.symptoms import Symptom, find_symptom
from wideep_cli.eplb.engine_log import read
from wideep_cli.status.loading import loading_progress

NEWEST = engine(Backend.VLLM, "0.31.0")
R1 = settings().model


def plan(**changed: object) -> Plan:
    return load(stack(**{**VLLM, "layout": "wide-32gpu", "image": None, **changed}))


def args_of(role: Role, **changed: object) -> list[str]:
    return list(plan(**changed).roles[role].args)


def test_a_worker_of_16_groups_has_tp_1_and_16_data_parallel_ranks() -> None:
    decode = args_of(Role.DECODE)
    assert decode == [
        *("--model", decode[1], "--served-model-name", "deepseek-ai/DeepSeek-R1"),
        *("--tensor-parallel-size", "1", "--data-parallel-size", "16", "--enable-expert-parallel"),
        *("--all2all-backend", "deepep_low_latency", "--enable-eplb", "--eplb-config.num_redundant_experts", "32"),
        *("--disaggregation-mode", "decode", "--kv-transfer-config.kv_connector", "NixlConnector"),
        *("--kv-transfer-config.kv_role", "kv_consumer", "--gpu-memory-utilization", "0.8"),
        *("--max-num-batched-tokens", "128", "--max-num-seqs", "128"),
    ]
    prefill = args_of(Role.PREFILL)
    at = {flag: prefill[prefill.index(flag) + 1] for flag in prefill if flag.startswith("--") and flag != prefill[-1]}
    assert at["--all2all-backend"] == "deepep_high_throughput"
    assert at["--kv-transfer-config.kv_role"] == "kv_producer"
    assert at["--max-num-batched-tokens"] == "16384", "the chunk is shared by 16 groups"


def test_keys_of_a_role_become_flags_of_vllm() -> None:
    keys = {
        "contextLength": 8192,
        "kvCacheDtype": "fp8_e4m3",
        "pageSize": 64,
        "cudaGraphBatchSizes": [1, 2, 128],
        "maxRunningRequests": 1024,
        "twoBatchOverlap": True,
        "eplb": {"rebalanceIterations": 500},
    }
    shared = {key: keys[key] for key in ("kvCacheDtype", "pageSize")}
    args = " ".join(args_of(Role.DECODE, layout={"preset": "wide-32gpu", "decode": keys, "prefill": shared}))
    for words in (
        "--max-model-len 8192",
        "--kv-cache-dtype fp8_e4m3",
        "--block-size 64",
        "--cudagraph-capture-sizes 1 2 128",
        "--max-num-seqs 64",
        "--enable-dbo",
        "--eplb-config.step_interval 500",
    ):
        assert words in args


def test_no_captured_sizes_is_eager_mode() -> None:
    assert "--enforce-eager" in args_of(
        Role.DECODE, layout={"preset": "wide-32gpu", "decode": {"cudaGraphBatchSizes": []}}
    )


def test_nothing_that_the_operator_appends_is_written_and_no_argument_needs_a_shell() -> None:
    for role in Role:
        args = args_of(role)
        appended = ("-local", "-start-rank", "-address", "-rpc-port", "-lb", "--nnodes", "--node-rank", "--headless")
        assert not [flag for flag in args if flag.endswith(appended)]
        assert not [word for word in args if set(word) & set("{}\"' $")]


@pytest.mark.parametrize(("gpus", "redundant", "weights"), [(16, 32, 66.9), (32, 32, 43.9)])
def test_weights_of_r1_are_all_but_the_experts_on_every_gpu(gpus: int, redundant: int, weights: float) -> None:
    """Worked out by hand from the model's shape: 20.9 GB, and 2.554 for each slot. CUDA modules are 0.1 more."""
    preset = {16: "wide-32gpu", 32: "wide-64gpu"}[gpus]
    role = plan(layout=preset).roles[Role.DECODE]
    assert role.redundant_experts == redundant
    assert role.weights_gb == pytest.approx(weights, abs=0.5)


def test_what_vllm_measures_comes_out_of_its_share() -> None:
    """Weights, cache and what is measured are the share of the whole GPU; the context and NCCL are beside it."""
    role = plan().roles[Role.PREFILL]
    memory, site = role.memory, settings(**VLLM, layout="wide-32gpu").layout.prefill
    measured = NEWEST.headroom(R1, _gpu(), Role.PREFILL, site).total / 1e9
    assert role.weights_gb + role.kv_cache_gb + measured == pytest.approx(0.8 * memory.total_gb, abs=0.01)
    assert memory.taken_gb + role.weights_gb + role.kv_cache_gb + memory.headroom_gb == pytest.approx(
        memory.total_gb, abs=0.01
    )


def _gpu():
    from wideep.catalog import GPUS
    from wideep.settings.hardware import Gpu

    return GPUS[Gpu.H200]


def test_cuda_graphs_come_out_of_the_share_from_0_20_on() -> None:
    role = settings(**VLLM, layout="wide-32gpu").layout.decode
    old, new = (engine(Backend.VLLM, version) for version in ("0.19.0", "0.20.1"))
    graphs = new.headroom(R1, _gpu(), Role.DECODE, role).cuda_graphs
    more = old.memory(R1, _gpu(), Role.DECODE, role).pool_bytes - new.memory(R1, _gpu(), Role.DECODE, role).pool_bytes
    assert more == pytest.approx(graphs)
    assert graphs > 0


def test_up_to_0_19_deepeps_buffers_are_sized_by_a_variable() -> None:
    role = settings(**VLLM, layout="wide-32gpu").layout.decode
    nodes = settings().hardware
    assert engine(Backend.VLLM, "0.19.0").env(Role.DECODE, role, nodes)["VLLM_MOE_DP_CHUNK_SIZE"] == "128"
    assert "VLLM_MOE_DP_CHUNK_SIZE" not in NEWEST.env(Role.DECODE, role, nodes)


@pytest.mark.parametrize("version", [row.version for row in ROWS])
def test_releases_before_1_0_do_not_run_it_and_the_others_do(version: str) -> None:
    image = {"source": "existing", "reference": "registry.example.com/vllm:1"}
    found = broken("wide-32gpu", backend="vllm", platform={"version": version}, image=image)
    if version.startswith("0."):
        assert "with Ray only" in found["backend"]
        assert "or sglang" in found["backend"]
    else:
        assert found == {}


def test_the_image_is_nvidias_and_is_not_built() -> None:
    assert plan().image == "nvcr.io/nvidia/ai-dynamo/vllm-runtime:1.6.1"
    built = {"source": "build", "repository": "registry.example.com/vllm", "tag": "1"}
    message = broken("wide-32gpu", **VLLM, image=built)["image.source"]
    assert "source: published" in message


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--max-model-len", "8192"], "set contextLength"),
        (["--max_model_len=8192"], "set contextLength"),
        (["--eplb-config.step_interval", "10"], "set eplb.rebalanceIterations"),
        (["--data-parallel-size-local", "8"], "the operator computes it"),
        (["--kv-transfer-config.kv_role", "kv_both"], "the transfer from prefill to decode"),
        (["--speculative-config.method", "mtp"], "speculative decoding on vLLM is not supported"),
        (["--kv-cache-memory-bytes", "1000"], "memFractionStatic"),
        (["--stream-interval", "many"], "invalid int value"),
    ],
)
def test_a_flag_that_a_key_sets_is_refused_with_the_key(words: list[str], said: str) -> None:
    found = broken({"preset": "wide-32gpu", "decode": {"extraArgs": words}}, **VLLM)
    assert said in found["layout.decode.extraArgs"]


@pytest.mark.parametrize("words", [["--seed", "1"], ["--dbo-decode-token-threshold", "32"], ["--no-async-scheduling"]])
def test_other_flags_are_passed_on(words: list[str]) -> None:
    assert args_of(Role.DECODE, layout={"preset": "wide-32gpu", "decode": {"extraArgs": words}})[-len(words) :] == words


LOG = """\
INFO gpu_model_runner.py:5256] Starting to load model /model-cache/r1...
Loading safetensors checkpoint shards:  50% Completed | 81/163
INFO gpu_model_runner.py:5355] Model loading took 62.3 GiB memory and 212.1 seconds
INFO eplb_state.py:778] Rearranging experts (async mode) (profile)...
INFO eplb_state.py:778] Rearranging experts (async mode) ...
INFO eplb_state.py:626] EPLB step: 3 for model r1: avg_tokens=10.00, max_tokens=20, balancedness=0.5000, steps until 9
""".splitlines()


def test_its_log_says_how_far_it_is_and_how_even_the_load_is() -> None:
    assert loading_progress(LOG[:2], NEWEST.log) == "loading weights, 50 %"
    assert loading_progress(LOG[:3], NEWEST.log) == "weights loaded, measuring activations"
    found = read(LOG, NEWEST.log)
    assert (found.started, found.begun, found.rebalances, found.balancedness) == (True, 1, 1, (0.5,))


@pytest.mark.parametrize(
    ("line", "symptom"),
    [
        ("ValueError: No available memory for the cache blocks. Try increasing it", Symptom.POOL),
        (
            "ValueError: Free memory on device cuda:0 (70.1/139.8 GiB) on startup is less than desired GPU memory "
            "utilization (0.9, 125.8 GiB).",
            Symptom.OCCUPIED,
        ),
        ("ERROR base_worker.py] NIXL transfer failure: remote agent gone | Context: {}", Symptom.KV_TRANSFER),
    ],
)
def test_its_log_shows_symptoms(line: str, symptom: Symptom) -> None:
    found = find_symptom(line, Place.ENGINE)
    assert found is not None
    assert found.symptom is symptom


def test_a_stack_that_names_no_engine_gets_sglang() -> None:
    mine: Engine = engine_of(settings())
    assert (settings().backend, mine.title) == (Backend.SGLANG, "SGLang")
    assert plan().backend is Backend.VLLM
    assert hardware()["gpu"] == "H200"


def test_newer_vllm_computes_the_experts_of_all_ranks_tokens_at_once_and_samples_without_sorting() -> None:
    """Workspaces as wide as those of its ``fused_moe``, times 8 experts, for 8 × 8192 tokens, and the result."""
    role = RoleLayout(replicas=1, nodes=1, gpus_per_node=8, tp=8, dp=8, ep=8)
    fewer = role.model_copy(update={"max_running_requests": 8})

    def activations(version: str, of: RoleLayout) -> float:
        return engine(Backend.VLLM, version).headroom(R1, _gpu(), Role.PREFILL, of).activations

    workspaces = 8 * 8192 * (8 * (7168 + 7168) + 7168) * 2
    assert workspaces < activations("0.31.0", fewer) < 1.3 * workspaces
    assert activations("0.16.0", fewer) < 0.7 * workspaces
    one = R1.vocab_size * 1023
    assert activations("0.31.0", role) - activations("0.31.0", fewer) == pytest.approx(14 * one)
    assert activations("0.16.0", role) - activations("0.16.0", fewer) == pytest.approx(30 * one)


@pytest.mark.parametrize(("dp", "pp"), [(32, 1), (3, 1), (16, 2)])
def test_groups_that_do_not_divide_a_worker_are_said_once(dp: int, pp: int) -> None:
    found = broken({"preset": "wide-32gpu", "prefill": {"dp": dp, "pp": pp}}, **VLLM)
    assert "do not fill pods" not in "\n".join(found.values())
    assert "cannot be cut" in found["layout.prefill.dp"]
