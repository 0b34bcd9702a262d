"""Weight formats: what a config.json says, what is supported under which condition, what is refused by name."""

import json

import pytest

from tests.support.configs import broken, hardware, settings, stack
from wideep.errors import ConfigError
from wideep.memory.weights import model_bytes
from wideep.rules import check
from wideep.settings import Settings, parse
from wideep.settings.model import WeightFormat

INVENTED: dict[str, object] = {
    "architectures": ["Qwen3MoeForCausalLM"],
    "hidden_size": 4096,
    "num_hidden_layers": 24,
    "num_attention_heads": 32,
    "num_key_value_heads": 8,
    "head_dim": 128,
    "num_experts": 64,
    "num_experts_per_tok": 8,
    "moe_intermediate_size": 1536,
    "intermediate_size": 12288,
    "vocab_size": 100000,
    "max_position_embeddings": 65536,
}
INT4 = {"weights": {"num_bits": 4, "type": "int", "group_size": 32}}
CHANNEL = {"weights": {"num_bits": 8, "type": "float", "strategy": "channel"}}
TENSOR = {"weights": {"num_bits": 8, "type": "float", "strategy": "tensor"}}


def compressed(*groups: object) -> dict[str, object]:
    named = {f"group_{number}": group for number, group in enumerate(groups)}
    return {"quant_method": "compressed-tensors", "config_groups": named}


def read(quantization: object, *, beside: object | None = None, gpu: str = "H200", **own: object) -> Settings:
    """A stack whose model is read from files."""
    config = {**INVENTED, "quantization_config": quantization} if quantization else INVENTED
    files = {"m/config.json": config, **({"m/hf_quant_config.json": beside} if beside else {})}

    def text(path: str) -> str:
        if path not in files:
            raise FileNotFoundError(2, "No such file or directory", path)
        return json.dumps(files[path])

    model = {"config": "m/config.json", "name": "example/invented", **own}
    return parse(stack(model=model, hardware=hardware(gpu), layout="lab-16gpu-singlenode"), text)


@pytest.mark.parametrize(
    ("quantization", "stored"),
    [
        (None, "bf16"),
        ({"quant_method": "fp8", "weight_block_size": [128, 128], "activation_scheme": "dynamic"}, "fp8-block"),
        ({"quant_method": "fp8", "activation_scheme": "static"}, "fp8-channel"),
        ({"quant_method": "fp8", "activation_scheme": "dynamic"}, "fp8-channel"),
        (compressed(CHANNEL), "fp8-channel"),
        (compressed(TENSOR), "fp8-channel"),
        ({"quant_method": "mxfp4"}, "mxfp4"),
        ({"quant_method": "modelopt", "quant_algo": "NVFP4", "group_size": 16}, "nvfp4"),
    ],
)
def test_supported_formats_are_told_apart(quantization: object, stored: str) -> None:
    assert read(quantization).model.weight_format == stored


REFUSED = {
    "awq": ({"quant_method": "awq", "bits": 4}, "quantization_config.quant_method: awq", "AWQ"),
    "gptq": ({"quant_method": "gptq", "bits": 4}, "quantization_config.quant_method: gptq", "GPTQ"),
    "w4afp8": ({"quant_method": "w4afp8"}, "quantization_config.quant_method: w4afp8", "compute capability 9.0"),
    "modelopt fp8": ({"quant_method": "modelopt", "quant_algo": "FP8"}, "quant_algo: FP8", "ModelOpt"),
    "int4": (compressed(INT4), "config_groups.group_0.weights: 4 bits, type int", "neither FP8"),
    "mixed": (compressed(CHANNEL, INT4), "config_groups.group_1.weights: 4 bits", "neither FP8"),
    "no groups": (compressed(), "config_groups: missing", "nothing says how"),
    "other blocks": (
        {"quant_method": "fp8", "weight_block_size": [64, 64]},
        "quantization_config.weight_block_size: [64, 64]",
        "128 × 128",
    ),
    "static blocks": (
        {"quant_method": "fp8", "weight_block_size": [128, 128], "activation_scheme": "static"},
        "quantization_config.activation_scheme: static",
        "dynamic activation scales only",
    ),
    "bitsandbytes": ({"quant_method": "bitsandbytes"}, "quant_method: bitsandbytes", "bitsandbytes"),
    "unheard of": ({"quant_method": "float3"}, "quant_method: float3", "an unknown format"),
    "no method": ({"bits": 4}, "quant_method: missing", "an unknown format"),
}


@pytest.mark.parametrize(("quantization", "field", "why"), REFUSED.values(), ids=REFUSED.keys())
def test_any_other_is_refused_with_the_file_the_field_and_what_to_do(
    quantization: object, field: str, why: str
) -> None:
    with pytest.raises(ConfigError) as caught:
        read(quantization)
    (problem,) = caught.value.problems
    assert problem.key == "model.weightFormat"
    assert problem.value
    assert problem.value in field or field.split(": ")[1] in problem.value
    assert "m/config.json decides (" in problem.rule
    assert field in problem.rule
    assert why in problem.rule
    assert "FP8 blocks of 128 × 128" in problem.fix
    assert problem.fix not in problem.rule


def test_modelopts_own_file_decides_where_config_json_says_nothing() -> None:
    assert read(None, beside={"quantization": {"quant_algo": "NVFP4"}}).model.weight_format == "nvfp4"
    with pytest.raises(ConfigError, match=r"hf_quant_config\.json: quantization\.quant_algo: FP8"):
        read(None, beside={"quantization": {"quant_algo": "FP8"}})
    with pytest.raises(ConfigError, match=r"hf_quant_config\.json\.quant_method: w4afp8"):
        read(None, beside={"quant_method": "w4afp8"})


def test_a_format_that_is_written_does_not_hide_what_the_file_says() -> None:
    with pytest.raises(ConfigError, match="quant_method: awq"):
        read({"quant_method": "awq"}, weightFormat="bf16")


def test_fp8_by_channel_is_half_of_bf16_and_has_the_engines_conditions() -> None:
    fp8, bf16 = read(compressed(CHANNEL)), read(None)
    embeddings = 2 * 2 * bf16.model.vocab_size * bf16.model.hidden_size
    router = 2 * bf16.model.experts * bf16.model.hidden_size * bf16.model.layers
    halved = (model_bytes(bf16.model) - embeddings - router) / 2
    assert model_bytes(fp8.model) - embeddings - router == pytest.approx(halved, rel=0.01)
    assert check(fp8) == []
    assert "compute capability 8.0" in str(check(read(compressed(CHANNEL), gpu="A100-80"))[0])
    shape = fp8.model.model_dump(mode="json", by_alias=True)
    assert "FP8 blocks" in broken("wide-32gpu", model=shape)["layout.decode.moeA2aBackend"]
    narrow = {**shape, "expertWidth": 1544}
    cut = {"preset": "lab-16gpu-singlenode", "decode": {"ep": 1}, "prefill": {"ep": 1}}
    assert "193 each, not a multiple of 16" in broken(cut, model=narrow)["layout.decode.tp"]


@pytest.mark.parametrize("own", [None, "/data/fine-tuned"])
@pytest.mark.parametrize("path", ["ft/config.json", "/data/my models/ft/config.json"])
def test_a_config_without_a_name_says_how_to_give_one(own: str | None, path: str) -> None:
    text = json.dumps({**INVENTED, **({"_name_or_path": own} if own else {})})
    with pytest.raises(ConfigError) as caught:
        parse(stack(model={"config": path}), lambda _: text)
    (problem,) = caught.value.problems
    assert problem.key == "model.name"
    assert "set model: {config: PATH, name: ORGANIZATION/MODEL}" in problem.fix


def test_an_architecture_that_the_plan_does_not_know_is_named_with_its_field() -> None:
    text = json.dumps({**INVENTED, "architectures": ["LlamaForCausalLM"]})
    with pytest.raises(ConfigError) as caught:
        parse(stack(model={"config": "m/config.json", "name": "example/llama"}), lambda _: text)
    problem = next(each for each in caught.value.problems if each.key == "model.family")
    assert (problem.value, "architectures" in problem.rule) == ("LlamaForCausalLM", True)


def test_a_written_shape_may_have_the_format_too() -> None:
    shape = settings().model.model_dump(mode="json", by_alias=True)
    assert settings(model={**shape, "weightFormat": "fp8-channel"}).model.weight_format is WeightFormat.FP8_CHANNEL
