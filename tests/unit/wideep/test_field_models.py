"""A config.json as people have it: parts missing, numbers as text, a wrapper around the language model, formats."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Final

import pytest

from tests.support.configs import EXAMPLE, hardware, stack, told
from wideep.catalog.models import MODELS
from wideep.errors import ConfigError
from wideep.rules import accept
from wideep.rules.model import model_problems

R1: Final[Mapping[str, object]] = {
    "architectures": ["DeepseekV3ForCausalLM"],
    "hidden_size": 7168,
    "intermediate_size": 18432,
    "moe_intermediate_size": 2048,
    "num_hidden_layers": 61,
    "first_k_dense_replace": 3,
    "num_attention_heads": 128,
    "n_routed_experts": 256,
    "n_shared_experts": 1,
    "num_experts_per_tok": 8,
    "n_group": 8,
    "moe_layer_freq": 1,
    "q_lora_rank": 1536,
    "kv_lora_rank": 512,
    "qk_nope_head_dim": 128,
    "qk_rope_head_dim": 64,
    "v_head_dim": 128,
    "vocab_size": 129280,
    "max_position_embeddings": 163840,
    "quantization_config": {"quant_method": "fp8", "weight_block_size": [128, 128], "activation_scheme": "dynamic"},
}
GONE: Final = object()


def file_of(changed: Mapping[str, object]) -> Callable[[str], str]:
    """A reader that has this config.json and no other file."""
    config = {key: value for key, value in {**R1, **changed}.items() if value is not GONE}

    def read(path: str) -> str:
        if not path.endswith("config.json") or "hf_quant" in path:
            raise FileNotFoundError(path)
        return json.dumps(config)

    return read


def said(key: str, changed: Mapping[str, object], own: Mapping[str, object] | None = None, gpu: str = "H200") -> str:
    model = {"name": "example/read", "config": "config.json", **(own or {})}
    return told(key, file_of(changed), model=model, hardware=hardware(gpu))


@pytest.mark.parametrize(
    ("changed", "words", "fix"),
    [
        ({"architectures": GONE}, "architectures is missing", "set family: deepseek-v3"),
        ({"architectures": []}, "architectures is missing", "set family: deepseek-v3"),
        ({"architectures": "DeepseekV3ForCausalLM"}, "a text, where engines read a list", "set family: deepseek-v3"),
        (
            {"architectures": ["KimiK25ForConditionalGeneration"], "text_config": {}},
            "a multimodal model",
            "a text-only model",
        ),
        ({"architectures": ["Ernie4_5_MoeForCausalLM"]}, "the plan knows what engines do with", "one of these classes"),
    ],
)
def test_a_class_that_is_not_known_is_told_by_what_the_file_has(
    changed: dict[str, object], words: str, fix: str
) -> None:
    message = said("model.family", changed)
    assert words in message
    assert fix in message


ADAPTER: Final[Mapping[str, object]] = dict.fromkeys(R1, GONE) | {
    "peft_type": "LORA",
    "base_model_name_or_path": "deepseek-ai/DeepSeek-V3",
    "r": 16,
    "target_modules": ["q_proj"],
}
DENSE: Final[Mapping[str, object]] = {
    "architectures": ["Qwen3ForCausalLM"],
    **{key: GONE for key in R1 if "expert" in key},
}


@pytest.mark.parametrize(
    ("changed", "words", "fix"),
    [
        (ADAPTER, "config.json is of an adapter (peft_type: LORA)", "its base model, deepseek-ai/DeepSeek-V3: workers"),
        ({**ADAPTER, "base_model_name_or_path": GONE}, "an adapter", "the config.json of its base model: workers"),
        (DENSE, "of Qwen3ForCausalLM and names no experts, so it is a dense model", "`wideep models` lists those"),
        ({**DENSE, "num_experts": 0, "num_local_experts": None}, "a dense model", "use a mixture of experts"),
        (
            {"architectures": ["DeepseekV32ForCausalLM"]},
            "its sparse attention keeps",
            "model: deepseek-ai/DeepSeek-V3.1",
        ),
        (
            {"architectures": ["GlmMoeDsaForCausalLM"], "index_topk": 2048},
            "is of GlmMoeDsaForCausalLM: not",
            "set model",
        ),
        ({"architectures": ["Qwen3NextForCausalLM"]}, "three of four layers", "set model: Qwen/Qwen3-235B-A22B"),
    ],
)
@pytest.mark.parametrize("own", [{}, {"family": "deepseek-v3", "experts": 256, "expertsPerToken": 8}])
def test_a_file_of_something_else_is_told_once_and_no_key_beside_it_helps(
    changed: dict[str, object], words: str, fix: str, own: dict[str, object]
) -> None:
    model = {"name": "example/read", "config": "config.json", **own}
    with pytest.raises(ConfigError) as caught:
        accept(stack(model=model), file_of(changed))

    (problem,) = (each for each in caught.value.problems if each.key.startswith("model"))
    assert problem.key == "model.config"
    assert words in problem.rule
    assert fix in problem.fix


def test_experts_under_a_name_that_is_not_known_make_no_dense_model() -> None:
    named = {**DENSE, "architectures": ["DbrxForCausalLM"], "ffn_config": {"moe_num_experts": 16}}
    assert said("model.config", named) == ""
    assert "the plan knows what engines do with" in said("model.family", named)


def test_the_family_beside_the_file_is_what_the_message_offers_and_it_plans() -> None:
    assert said("model.family", {"architectures": GONE}, {"family": "deepseek-v3"}) == ""


@pytest.mark.parametrize(
    ("key", "field", "value", "own"),
    [
        ("experts", "n_routed_experts", "256", 256),
        ("layers", "num_hidden_layers", 61.5, 61),
        ("layers", "num_hidden_layers", None, 61),
        ("hiddenSize", "hidden_size", True, 7168),
        ("vocabSize", "vocab_size", [129280], 129280),
        ("contextLength", "max_position_embeddings", "160k", 163840),
    ],
)
def test_a_field_that_is_no_number_is_named_and_can_be_set_beside_the_file(
    key: str, field: str, value: object, own: int
) -> None:
    message = said(f"model.{key}", {field: value})
    assert f"config.json decides ({field})" in message
    assert f"set {key} beside config" in message
    assert said(f"model.{key}", {field: value}, {key: own}) == ""


def test_a_file_without_experts_is_of_a_dense_model() -> None:
    message = said("model.experts", {"n_routed_experts": GONE})
    assert "config.json has no n_routed_experts or num_experts or num_local_experts" in message
    assert "use a mixture of experts" in message


def test_experts_in_every_second_layer_are_not_counted_as_in_all() -> None:
    assert "experts in one of 2 layers only" in said("model.config", {"moe_layer_freq": 2})
    assert said("model.config", {}) == ""


@pytest.mark.parametrize(
    ("changed", "key", "words"),
    [
        ({"first_k_dense_replace": 61}, "model.denseLayers", "61 of 61 layers are dense"),
        ({"first_k_dense_replace": 70}, "model.denseLayers", "none is left with experts"),
        ({"num_experts_per_tok": 257}, "model.expertsPerToken", "set expertsPerToken: 256 or less"),
        ({"n_group": 7}, "model.expertGroups", "not a multiple of 7 groups"),
        ({"intermediate_size": 0}, "model.denseWidth", "how wide"),
    ],
)
def test_numbers_that_no_model_has_are_refused(changed: dict[str, object], key: str, words: str) -> None:
    assert words in said(key, changed)
    assert said(key, {}) == ""


def test_heads_of_an_object_that_do_not_share_are_refused() -> None:
    shape = {**EXAMPLE, "attention": {"kind": "gqa", "heads": 16, "kvHeads": 5, "headDim": 128}}
    assert "16 query heads" in told("model.attention.kvHeads", model=shape)


@pytest.mark.parametrize("name", MODELS)
def test_the_catalog_has_no_such_numbers(name: str) -> None:
    assert list(model_problems(MODELS[name])) == []


@pytest.mark.parametrize(
    ("quantization", "words"),
    [
        ({"quant_method": "modelopt_fp4", "quant_algo": "NVFP4"}, "set backend: trtllm"),
        ({"quant_method": "modelopt_fp4"}, "set backend: trtllm"),
        ({"quant_method": "modelopt_fp8"}, "quantization_config.quant_algo: FP8"),
        ({"quant_method": "modelopt_mixed", "quant_algo": "MIXED_PRECISION"}, "MIXED_PRECISION"),
        ({"quant_method": "gptq_marlin", "bits": 4}, "quantization_config.quant_method: gptq_marlin"),
        ({"quant_method": "fp8", "weight_block_size": [64, 128]}, "blocks other than 128"),
        ({"bits": 4}, "quant_method: missing"),
        (
            {"quant_method": "compressed-tensors", "config_groups": {"a": {"weights": {"num_bits": 4, "type": "int"}}}},
            "config_groups.a.weights: 4 bits, type int",
        ),
    ],
)
def test_a_format_is_told_by_the_field_that_decides(quantization: dict[str, object], words: str) -> None:
    assert words in said("model.weightFormat", {"quantization_config": quantization}, gpu="B200")
