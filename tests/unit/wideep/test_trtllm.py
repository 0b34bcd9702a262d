"""TensorRT-LLM as a stack's engine: its files and arguments, rules and memory, and what it is refused for."""

import json
from typing import Any

import pytest
import yaml

from tests.golden.cases import config
from tests.support.broken_rules.trtllm import TRTLLM
from tests.support.configs import broken, settings, stack
from wideep import load
from wideep.catalog import GPUS, MODELS
from wideep.dynamo.releases import ROWS, ReleaseRow
from wideep.engines import engine
from wideep.engines.trtllm.keys import dotted_keys
from wideep.plan import Plan
from wideep.settings.backend import Backend
from wideep.settings.hardware import Gpu
from wideep.settings.layout import Preset, Role
from wideep.signs import Place
from wideep.symptoms import Symptom, find_symptom
from wideep_cli.status.loading import loading_progress

NEWEST = engine(Backend.TRTLLM, "1.3.0rc29")
R1_FP4 = MODELS["nvidia/DeepSeek-R1-FP4"]
GB200 = GPUS[Gpu.GB200]


def plan(**changed: object) -> Plan:
    return load(stack(**{**TRTLLM, **changed}))


def rack(version: str = "1.4.2", **changed: object) -> Plan:
    """Dynamo's recipe for GB200."""
    of = {"backend": "trtllm", "platform": {"version": version}, "image": {"source": "published"}}
    return load(config(Preset.TRTLLM_36GPU, **{**of, **changed}))


def files_of(of: Plan) -> dict[Role, dict[str, Any]]:
    return {each.role: yaml.safe_load(each.files["engine.yaml"]) for each in of.engine_configs}


def paths_of(value: object, above: str = "") -> list[str]:
    if not isinstance(value, dict):
        return []
    below = [path for key, inner in value.items() for path in paths_of(inner, f"{above}{key}.")]
    return [*(f"{above}{key}" for key in value), *below]


def test_the_recipe_for_gb200_is_a_file_for_each_role() -> None:
    """Dynamo's ``recipes/deepseek-r1/trtllm/disagg/wide_ep/gb200``, without its benchmark's limits."""
    files = files_of(rack())
    prefill, decode = files[Role.PREFILL], files[Role.DECODE]
    sizes = ("tensor_parallel_size", "moe_expert_parallel_size", "moe_tensor_parallel_size", "enable_attention_dp")
    assert [prefill[key] for key in sizes] == [4, 4, 1, True]
    assert [decode[key] for key in sizes] == [32, 32, 1, True]
    assert (prefill["cuda_graph_config"], prefill["disable_overlap_scheduler"]) == (None, True)
    assert decode["cuda_graph_config"] == {"enable_padding": True, "max_batch_size": 128}
    assert prefill["kv_cache_config"] == {"free_gpu_memory_fraction": 0.85, "dtype": "fp8"}
    assert decode["kv_cache_config"] == {"free_gpu_memory_fraction": 0.7, "dtype": "fp8"}
    assert (prefill.get("moe_config"), decode["moe_config"]) == (None, {"backend": "WIDEEP"})
    assert prefill["cache_transceiver_config"] == decode["cache_transceiver_config"]


@pytest.mark.parametrize(
    ("version", "model", "gpu", "backend"),
    [
        ("1.2.1", "nvidia/DeepSeek-R1-FP4", "GB200", "WIDEEP"),
        ("1.4.2", "nvidia/DeepSeek-R1-FP4", "GB200", "WIDEEP"),
        ("1.5.1", "nvidia/DeepSeek-R1-FP4", "GB200", "CUTEDSL"),
        ("1.6.1", "deepseek-ai/DeepSeek-R1", "GB200", "DEEPGEMM"),
        ("1.6.1", "deepseek-ai/DeepSeek-R1", "H200", "CUTLASS"),
        ("1.4.2", "deepseek-ai/DeepSeek-R1", "H200", "WIDEEP"),
        ("1.6.1", "Qwen/Qwen3-235B-A22B", "GB200", "CUTLASS"),
        ("1.6.1", "openai/gpt-oss-120b", "H200", None),
    ],
)
def test_wideep_is_asked_for_only_where_the_release_has_it(
    version: str, model: str, gpu: str, backend: str | None
) -> None:
    layout = {"preset": "lab-32gpu", "decode": {"contextLength": 8192}, "prefill": {"contextLength": 8192}}
    found = files_of(plan(model=model, platform={"version": version}, layout=layout, hardware=HARDWARE[gpu]))
    assert found[Role.DECODE].get("moe_config", {}).get("backend") == backend


HARDWARE = {gpu: {"gpu": gpu, "nodes": 4, "gpusPerNode": 8, "interconnect": "infiniband"} for gpu in ("GB200", "H200")}


@pytest.mark.parametrize("row", [row for row in ROWS if row.minor != (1, 3)], ids=lambda row: row.version)
def test_every_key_that_is_written_is_one_of_the_versions(row: ReleaseRow) -> None:
    """Of all releases but 1.3, whose decode with a balancer does not run."""
    pages = {"pageSize": 64}
    layout = {
        "preset": "lab-16gpu-singlenode",
        "prefill": pages,
        "decode": {"eplb": {"enabled": True}, "redundantExperts": 32, **pages},
    }
    of = {"workers": {"sharedMemory": "800Gi", "trustRemoteCode": True}, "platform": {"version": row.version}}
    image = {"source": "existing", "reference": "registry.example.com/trtllm:1"}
    for written in files_of(plan(layout=layout, image=image, **of)).values():
        assert set(paths_of(written)) <= set(dotted_keys(row.trtllm))
        nested = row.minor < (0, 8)
        assert ("build_config" in written, "max_num_tokens" in written) == (nested, not nested)


def test_the_balancer_gets_its_slots_and_moves_a_layer_a_step() -> None:
    layout = {"preset": "lab-16gpu-singlenode", "decode": {"eplb": {"enabled": True}, "redundantExperts": 32}}
    decode = files_of(plan(layout=layout, workers={"sharedMemory": "800Gi"}))[Role.DECODE]
    assert decode["moe_config"]["load_balancer"] == {"num_slots": 288, "layer_updates_per_iter": 1}


def test_another_file_is_another_config_map_and_the_pods_mount_it_by_name() -> None:
    one, other = plan(), plan(layout={"preset": "lab-16gpu-singlenode", "decode": {"memFractionStatic": 0.7}})
    names = [[each.name for each in of.engine_configs] for of in (one, other)]
    assert names[0][0] == names[1][0]
    assert names[0][1] != names[1][1]
    for of, (prefill, decode) in zip((one, other), names, strict=True):
        manifest = json.dumps(of.graph.manifest())
        assert f'"configMap": {{"name": "{prefill}"}}' in manifest
        assert f'"configMap": {{"name": "{decode}"}}' in manifest
        assert "/engine-config/engine.yaml" in of.roles[Role.DECODE].args


def test_workers_of_a_rack_claim_a_channel_of_one_domain_over_all_nodes() -> None:
    of = rack()
    assert of.compute_domain is not None
    assert (of.compute_domain.nodes, of.compute_domain.name) == (9, "deepseek-r1-fp4-wideep-nvlink-9")
    manifest = json.dumps(of.graph.manifest())
    claim = f'"resourceClaimTemplateName": "{of.compute_domain.name}"'
    assert manifest.count(claim) == manifest.count('"claims": [{"name": "nvlink"}]') == 2
    assert plan().compute_domain is None


def test_a_domain_whose_workers_somebody_else_counts_is_of_any_number_of_nodes() -> None:
    layout = {"preset": "trtllm-36gpu", "prefill": {"replicas": {"managedBy": "planner", "initial": 1}}}
    found = rack(layout=layout).compute_domain
    assert found is not None
    assert found.nodes == 0


def test_before_1_0_the_whole_command_is_one_argument_that_mpirun_gets() -> None:
    old = rack("0.6.0", image={"source": "existing", "reference": "registry.example.com/trtllm:1"})
    container = old.graph.part("decode").manifest["extraPodSpec"]["mainContainer"]
    assert container["command"] == ["/bin/sh", "-c"]
    assert container["args"][0].startswith("python3 -m dynamo.trtllm --model-path ")
    new = rack("1.2.1").graph.part("decode").manifest["extraPodSpec"]["mainContainer"]
    assert (new["command"], new["args"][0]) == (["python3", "-m", "dynamo.trtllm"], "--model-path")


@pytest.mark.parametrize(("slots", "weights"), [(0, 40.1), (32, 41.6)])
def test_weights_of_r1_in_nvfp4_are_28_6_gb_and_1_437_for_each_slot(slots: int, weights: float) -> None:
    """Worked out by hand from the model's shape. A copy of half of kv_b is 1.0 more, CUDA modules 0.1."""
    role = settings(layout={"preset": "trtllm-36gpu", "decode": {"redundantExperts": slots}}).layout.decode
    memory = NEWEST.memory(R1_FP4, GB200, Role.DECODE, role)
    assert memory.weights_gb == pytest.approx(weights + 1.02 + 0.12, abs=0.35)
    assert memory.parts.expert_slots / memory.expert_slots_per_gpu / 1e9 == pytest.approx(1.437, rel=0.002)


def test_the_cache_is_a_share_of_what_weights_and_a_step_leave() -> None:
    role = settings(layout="trtllm-36gpu").layout.decode
    memory = NEWEST.memory(R1_FP4, GB200, Role.DECODE, role)
    outside = NEWEST.headroom(R1_FP4, GB200, Role.DECODE, role)
    left = memory.free_bytes - memory.parts.total - outside.activations - outside.cuda_graphs
    assert memory.kv_cache_bytes == pytest.approx(0.7 * left)
    assert outside.transfer == pytest.approx(2 * 32_768 * 576 * 61)


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--trtllm.max_seq_len", "8192"], "set contextLength"),
        (["--max-num-tokens", "8192"], "set chunkedPrefillSize"),
        (["--trtllm.moe_config.load_balancer.num_slots", "288"], "set redundantExperts"),
        (["--trtllm.kv_cache_config.free_gpu_memory_fractoin", "0.9"], "TensorRT-LLM's YAML has no such key"),
        (["--trtllm.build_config.max_seq_len", "10"], "set contextLength"),
        (["--trtllm.kv_cache_config.enable_block_reuse=false"], "as two arguments"),
        (["--extra-engine-args", "/mine.yaml"], "the engine's YAML, a ConfigMap"),
        (["--trtllm.speculative_config", "x"], "speculative decoding on TensorRT-LLM is not supported"),
    ],
)
def test_a_flag_that_a_key_sets_and_a_key_that_is_none_are_refused(words: list[str], said: str) -> None:
    found = broken({"preset": "lab-16gpu-singlenode", "decode": {"extraArgs": words}}, **TRTLLM)
    assert said in found["layout.decode.extraArgs"]


def test_other_keys_of_the_yaml_are_passed_on_from_1_1_on() -> None:
    words = ["--trtllm.kv_cache_config.enable_block_reuse", "false"]
    layout = {"preset": "lab-16gpu-singlenode", "decode": {"extraArgs": words}}
    assert list(plan(layout=layout).roles[Role.DECODE].args[-2:]) == words
    found = broken(layout, **{**TRTLLM, "platform": {"version": "1.0.2"}})
    assert "1.3.0rc11 is the first that has" in found["layout.decode.extraArgs"]


def test_mpirun_hands_on_no_secrets_and_old_releases_are_warned_of() -> None:
    said = "\n".join(rack("0.7.1", workers={"envFrom": ["tokens"]}).warnings)
    assert "dynamo#4299" in said
    assert "with the variables of env only" in said


def test_the_names_that_people_use_for_it_are_known() -> None:
    message = str(broken_name("tensorrt-llm"))
    assert "set trtllm" in message


def broken_name(word: str) -> list[str]:
    from wideep.settings.reading import read

    return [str(problem) for problem in read(stack(**{**TRTLLM, "backend": word})).problems]


LOG = """\
[TRT-LLM] [I] Using LLM with PyTorch backend
[TRT-LLM] [I] Use 63.32 GB for model weights.
Loading weights:  41%|####      | 330/801 [00:19<00:27, 17.29it/s]
Model init total -- 49.14s
[TRT-LLM] [I] [Autotuner] Autotuning process starts ...
[TRT-LLM] [I] Run generation only CUDA graph warmup for batch size=64, draft_len=0
[TRT-LLM] [I] Setting PyTorch memory fraction to 0.5983721838660735 (71.62367630004883 GiB)
""".splitlines()
"""Lines of a public log of 1.1.0rc3."""


def test_its_log_says_how_far_it_is() -> None:
    told = [loading_progress(LOG[: end + 1], NEWEST.log) for end in range(len(LOG))]
    assert told[1:] == [
        "loading weights",
        "loading weights, 41 %",
        "weights loaded, trying a step",
        "tuning kernels",
        "capturing CUDA graphs",
        "registering",
    ]


def test_its_log_shows_a_prompt_beyond_the_transfer_buffers() -> None:
    line = "[TRT-LLM] [W] num_fitting_reqs=0 and fitting_disagg_gen_init_requests is empty, may not have enough kvCache"
    found = find_symptom(line, Place.ENGINE)
    assert found is not None
    assert found.symptom is Symptom.KV_TRANSFER
