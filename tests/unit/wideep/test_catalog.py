"""The rows of the catalog, and a shape read from a model's own config.json."""

import json
from collections.abc import Callable

import pytest

from tests.support.configs import settings, stack
from wideep.catalog import GPUS, MODELS, PRESETS, layout_of
from wideep.catalog.families import ARCHITECTURES
from wideep.engines.sglang.families import FAMILIES
from wideep.errors import ConfigError
from wideep.settings import parse
from wideep.settings.hardware import Gpu
from wideep.settings.layout import Preset, Role
from wideep.settings.model import ModelFamily, ModelShape

DEEPSEEK = {
    "architectures": ["DeepseekV3ForCausalLM"],
    "first_k_dense_replace": 3,
    "hidden_size": 7168,
    "intermediate_size": 18432,
    "kv_lora_rank": 512,
    "max_position_embeddings": 163840,
    "moe_intermediate_size": 2048,
    "n_group": 8,
    "n_routed_experts": 256,
    "n_shared_experts": 1,
    "num_nextn_predict_layers": 1,
    "num_attention_heads": 128,
    "num_experts_per_tok": 8,
    "num_hidden_layers": 61,
    "num_key_value_heads": 128,
    "q_lora_rank": 1536,
    "qk_nope_head_dim": 128,
    "qk_rope_head_dim": 64,
    "quantization_config": {"quant_method": "fp8", "weight_block_size": [128, 128]},
    "tie_word_embeddings": False,
    "v_head_dim": 128,
    "vocab_size": 129280,
}
QWEN = {
    "architectures": ["Qwen3MoeForCausalLM"],
    "head_dim": 128,
    "hidden_size": 2048,
    "intermediate_size": 6144,
    "max_position_embeddings": 40960,
    "moe_intermediate_size": 768,
    "num_attention_heads": 32,
    "num_experts": 128,
    "num_experts_per_tok": 8,
    "num_hidden_layers": 48,
    "num_key_value_heads": 4,
    "tie_word_embeddings": False,
    "vocab_size": 151936,
}
MIXTRAL = {
    "architectures": ["MixtralForCausalLM"],
    "hidden_size": 4096,
    "intermediate_size": 14336,
    "max_position_embeddings": 32768,
    "num_attention_heads": 32,
    "num_experts_per_tok": 2,
    "num_hidden_layers": 32,
    "num_key_value_heads": 8,
    "num_local_experts": 8,
    "tie_word_embeddings": False,
    "vocab_size": 32000,
}


def from_config(config: object, **own: object) -> ModelShape:
    """The shape that a stack reads from a config.json, with keys of its own."""
    text = config if isinstance(config, str) else json.dumps(config)
    return parse(stack(model={"config": "model/config.json", "name": "example/read", **own}), only(text)).model


def only(text: str, path: str = "model/config.json") -> Callable[[str], str]:
    """A folder with one file."""

    def read(wanted: str) -> str:
        if wanted != path:
            raise FileNotFoundError(2, "No such file or directory", wanted)
        return text

    return read


def same_shape(read: ModelShape, row: ModelShape) -> bool:
    own = {"name": row.name, "disk_bytes": row.disk_bytes, "revision": row.revision}
    return read.model_copy(update=own) == row


@pytest.mark.parametrize(
    ("config", "name"),
    [
        (DEEPSEEK, "deepseek-ai/DeepSeek-R1"),
        (QWEN, "Qwen/Qwen3-30B-A3B"),
        (MIXTRAL, "mistralai/Mixtral-8x7B-Instruct-v0.1"),
    ],
)
def test_a_models_own_config_gives_the_row_of_the_catalog(config: object, name: str) -> None:
    assert same_shape(from_config(config), MODELS[name])


def test_a_config_is_named_by_the_stack_and_its_keys_can_be_overridden() -> None:
    shape = from_config(QWEN, name="me/fine-tuned", contextLength=8192)
    assert (shape.name, shape.context_length, shape.experts) == ("me/fine-tuned", 8192, 128)


@pytest.mark.parametrize(
    ("config", "key"),
    [
        ("not json", "model.config"),
        ("[1]", "model.config"),
        ("{}", "model.family"),
        ({**QWEN, "architectures": ["LlamaForCausalLM"]}, "model.family"),
        ({**QWEN, "hidden_size": "wide"}, "model.hiddenSize"),
        ({**QWEN, "num_experts": 0}, "model.experts"),
    ],
)
def test_a_config_that_is_no_mixture_of_experts_is_refused_by_key(config: object, key: str) -> None:
    with pytest.raises(ConfigError) as error:
        from_config(config)
    assert key in {problem.key for problem in error.value.problems}


def test_a_config_that_cannot_be_read_is_named() -> None:
    def missing(path: str) -> str:
        raise FileNotFoundError(2, "No such file or directory", path)

    with pytest.raises(ConfigError, match=r"model\.config: nowhere\.json\n.*No such file"):
        parse(stack(model={"config": "nowhere.json"}), missing)


def test_every_gpu_says_where_its_memory_is_from_and_only_what_was_read_is_called_measured() -> None:
    assert set(GPUS) == set(Gpu)
    assert all(gpu.source for gpu in GPUS.values())
    assert {kind for kind, gpu in GPUS.items() if gpu.measured} == {Gpu.H100_80, Gpu.H200}


@pytest.mark.parametrize(("kind", "gib"), [("A100-80", 79.1), ("H100-80", 79.1), ("H200", 139.8), ("B200", 178)])
def test_memory_is_what_the_driver_reports(kind: str, gib: float) -> None:
    assert GPUS[Gpu(kind)].memory_bytes / 2**30 == pytest.approx(gib, abs=0.1)


def test_every_model_is_pinned_to_a_commit() -> None:
    assert [name for name, model in MODELS.items() if model.revision is None] == []


def test_every_model_class_of_sglang_has_its_features() -> None:
    assert set(FAMILIES) == set(ARCHITECTURES) == set(ModelFamily)


@pytest.mark.parametrize(
    ("preset", "gpus"),
    [
        (Preset.LAB_8GPU, 8),
        (Preset.LAB_16GPU_SINGLENODE, 16),
        (Preset.LAB_16GPU_MULTINODE, 16),
        (Preset.LAB_32GPU, 32),
        (Preset.WIDE_32GPU, 32),
        (Preset.WIDE_64GPU, 64),
        (Preset.WIDE_104GPU, 104),
        (Preset.BEST_16GPU, 16),
        (Preset.BEST_32GPU, 32),
        (Preset.BEST_64GPU, 64),
        (Preset.BEST_104GPU, 104),
    ],
)
def test_a_preset_uses_the_gpus_of_its_name(preset: Preset, gpus: int) -> None:
    assert sum(role.gpus for role in PRESETS[preset].values()) == gpus


def test_every_preset_is_in_the_catalog() -> None:
    assert set(PRESETS) == set(Preset)


def test_a_presets_name_and_an_object_that_names_it_are_the_same() -> None:
    named, written = settings(layout="wide-64gpu"), settings(layout={"preset": "wide-64gpu"})
    assert named.layout == written.layout == layout_of(Preset.WIDE_64GPU)


def test_a_stack_changes_of_a_preset_what_it_names_and_nothing_else() -> None:
    layout = settings(layout={"preset": "wide-32gpu", "decode": {"eplb": {"rebalanceIterations": 500}}}).layout
    plain = layout_of(Preset.WIDE_32GPU)
    assert layout.prefill == plain.prefill
    assert layout.decode.eplb.enabled
    assert layout.decode.eplb.rebalance_iterations == 500
    assert layout.decode.model_copy(update={"eplb": plain.decode.eplb}) == plain.decode


def test_decode_has_dp_attention_and_prefill_of_the_lab_has_not() -> None:
    lab = PRESETS[Preset.LAB_16GPU_SINGLENODE]
    assert (lab[Role.PREFILL].dp, lab[Role.DECODE].dp) == (1, 8)
