"""What lies on a GPU: against published figures, and against what a model weighs on disk."""

import pytest

from tests.support.configs import settings
from tests.support.weights import weight_parts
from wideep.catalog import GPUS, MODELS
from wideep.memory import (
    deepep_buffer_bytes,
    kv_bytes_per_token,
    low_latency_tensor_bytes,
    worker_memory,
)
from wideep.memory.deepep import low_latency_buffer_bytes
from wideep.memory.weights import expert_slot_bytes, model_bytes
from wideep.settings.experts import DeepEpMode, MoeA2aBackend
from wideep.settings.hardware import Gpu
from wideep.settings.layout import KvCacheDtype, RoleLayout
from wideep.settings.model import ModelShape, WeightFormat

R1 = MODELS["deepseek-ai/DeepSeek-R1"]
QWEN_30B = MODELS["Qwen/Qwen3-30B-A3B"]
GPT_OSS = MODELS["openai/gpt-oss-120b"]
GB = 1e9


def worker(gpus: int, *, dp: bool = False, deepep: bool = False, redundant: int = 0) -> RoleLayout:
    """EP over all GPUs. With DeepEP, as wide layouts have it: full dense layers and lm_head on each GPU."""
    return RoleLayout(
        replicas=1,
        nodes=max(1, gpus // 8),
        gpus_per_node=min(gpus, 8),
        tp=gpus,
        dp=gpus if dp else 1,
        ep=gpus,
        redundant_experts=redundant,
        moe_a2a_backend=MoeA2aBackend.DEEPEP if deepep else MoeA2aBackend.NONE,
        deepep_mode=DeepEpMode.LOW_LATENCY,
        moe_dense_tp=1 if deepep else None,
        dp_lm_head=deepep,
    )


def wide(gpus: int) -> RoleLayout:
    return worker(gpus, dp=True, deepep=True, redundant=32)


@pytest.mark.parametrize(
    ("role", "published_gb"),
    [
        pytest.param(worker(8), 85.4, id="TP8 EP8"),
        pytest.param(worker(8, dp=True), 98.0, id="DEP8"),
        pytest.param(wide(8), 113.1, id="DEP8 DeepEP R32"),
        pytest.param(worker(16), 43.3, id="TP16 EP16"),
        pytest.param(worker(16, dp=True), 56.8, id="DEP16"),
        pytest.param(wide(16), 67.1, id="DEP16 DeepEP R32"),
        pytest.param(wide(32), 44.1, id="DEP32 DeepEP R32"),
        pytest.param(wide(72), 31.3, id="DEP72 DeepEP R32"),
        pytest.param(worker(4), 169.7, id="TP4 EP4"),
    ],
)
def test_r1_takes_the_published_gb_on_each_gpu(role: RoleLayout, published_gb: float) -> None:
    assert weight_parts(R1, role).total / GB == pytest.approx(published_gb, rel=0.01)


@pytest.mark.parametrize(
    ("role", "left_gb"),
    [
        pytest.param(worker(8), 32.4, id="TP8 EP8"),
        pytest.param(worker(8, dp=True), 19.8, id="DEP8"),
        pytest.param(wide(8), 4.7, id="DEP8 DeepEP R32"),
        pytest.param(wide(16), 50.7, id="DEP16 DeepEP R32"),
    ],
)
def test_on_h200_80_percent_of_the_free_memory_leaves_so_much_kv_cache(role: RoleLayout, left_gb: float) -> None:
    """0.8 × 137.29 GiB, less the published weights."""
    assert worker_memory(R1, GPUS[Gpu.H200], role).kv_cache_gb == pytest.approx(left_gb, abs=0.5)


@pytest.mark.parametrize(
    ("part", "published_gb"),
    [
        ("attention", 11.41 - 0.924 + 2.05),
        ("attention_replicated", 0.924),
        ("embedding", 1.853),
        ("lm_head", 1.853),
        ("shared_expert", 2.555),
        ("dense_layers", 1.189),
        ("router", 0.21),
    ],
)
def test_each_part_of_r1_that_every_gpu_holds_has_its_published_size(part: str, published_gb: float) -> None:
    assert getattr(weight_parts(R1, wide(32)), part) / GB == pytest.approx(published_gb, rel=0.02)


def test_one_expert_slot_of_r1_over_all_layers_is_2_6_gb() -> None:
    assert expert_slot_bytes(R1) / GB == pytest.approx(2.555, rel=0.001)


@pytest.mark.parametrize("model", [m for m in MODELS.values() if m.disk_bytes], ids=lambda model: model.name)
def test_the_bytes_of_a_shape_are_those_of_the_repository(model: ModelShape) -> None:
    """Repositories also hold multi-token-prediction layers, NVFP4's in bf16; loaded are bf16 copies of R1's kv_b."""
    assert model.disk_bytes is not None
    drafts = model.draft_layers * 3 * model.hidden_size * model.expert_width * (model.experts + 1) * 2
    more = drafts if model.weight_format is WeightFormat.NVFP4 else 0
    assert model_bytes(model) + more == pytest.approx(model.disk_bytes, rel=0.025)


def test_the_bytes_of_a_model_are_its_weights_alone_without_the_engines_modules() -> None:
    """All of Qwen3-30B-A3B in bf16, but for norms of half a MB: attention, router and 128 experts of each layer."""
    layer = 2 * 2048 * 128 * (32 + 4) + 128 * 2048 + 128 * 3 * 2048 * 768
    assert model_bytes(QWEN_30B) == pytest.approx(2 * (48 * layer + 2 * 151936 * 2048), rel=1e-6)


def test_one_token_of_r1_caches_70_kb_on_every_gpu_of_an_attention_group() -> None:
    assert kv_bytes_per_token(R1, worker(8)) == kv_bytes_per_token(R1, worker(8, dp=True)) == 576 * 2 * 61


def test_kv_heads_are_shared_until_each_gpu_has_one() -> None:
    whole = kv_bytes_per_token(QWEN_30B, worker(1))
    assert whole == 2 * 4 * 128 * 2 * 48
    assert [whole / kv_bytes_per_token(QWEN_30B, worker(tp)) for tp in (2, 4, 8)] == [2, 4, 4]


def test_mxfp4_experts_take_4_and_a_quarter_bits_a_weight_and_the_rest_is_bf16() -> None:
    assert expert_slot_bytes(GPT_OSS) == 3 * 2880 * 2880 * 36 * 4.25 / 8
    assert weight_parts(GPT_OSS, worker(1)).embedding == 201088 * 2880 * 2


def test_a_model_without_dense_layers_and_shared_experts_has_no_such_bytes() -> None:
    parts = weight_parts(QWEN_30B, worker(4))
    assert (parts.dense_layers, parts.shared_expert) == (0, 0)


def test_tied_embeddings_are_counted_once() -> None:
    tied = QWEN_30B.model_copy(update={"tied_embeddings": True})
    assert model_bytes(QWEN_30B) - model_bytes(tied) == 151936 * 2048 * 2


def test_what_is_taken_first_pool_and_headroom_are_all_of_the_gpu() -> None:
    memory = worker_memory(R1, GPUS[Gpu.H200], wide(16))
    assert memory.taken_gb + memory.pool_bytes / 1e9 + memory.headroom_gb == pytest.approx(150.11, abs=0.01)
    assert memory.weights_gb + memory.kv_cache_gb == pytest.approx(memory.pool_bytes / 1e9)


def test_weights_that_do_not_fit_leave_a_negative_cache_without_tokens() -> None:
    memory = worker_memory(R1, GPUS[Gpu.H100_80], worker(4))
    assert memory.kv_cache_gb == pytest.approx(0.8 * 82.7 - 169.8, abs=0.1)
    assert memory.kv_cache_tokens == 0


@pytest.mark.parametrize(("tokens", "buffers_mb"), [(128, 2147), (256, 4294), (1024, 17176)])
def test_deepeps_low_latency_buffers_grow_with_the_tokens_a_rank_may_dispatch(tokens: int, buffers_mb: float) -> None:
    """2147 MB is what DeepEP's users print for 128 tokens, 288 slots and 7168 values (deepseek-ai/DeepEP#128)."""
    role = wide(16).model_copy(update={"max_dispatch_tokens_per_rank": tokens})
    assert deepep_buffer_bytes(R1, role) / 1e6 == pytest.approx(buffers_mb, abs=1)


def test_without_deepep_there_are_no_buffers_of_it() -> None:
    assert deepep_buffer_bytes(R1, worker(16)) == 0


@pytest.mark.parametrize(
    ("gpus", "normal_bytes"),
    [
        pytest.param(4, 10 * 4 * 256 * 16_392, id="four GPUs of a node"),
        pytest.param(8, 10 * 8 * 256 * 16_392, id="a node"),
        pytest.param(16, 10 * 8 * 288 * 16_392 + 10 * 2 * 140 * 16_408 * 2, id="two nodes"),
        pytest.param(144, 10 * 8 * 720 * 16_392 + 10 * 18 * 132 * 16_408 * 2, id="18 nodes"),
    ],
)
def test_deepeps_normal_buffers_are_its_channels_to_each_gpu_of_the_node_and_to_each_node(
    gpus: int, normal_bytes: int
) -> None:
    """10 channels; R1's token has 14,336 bytes of values, 2,048 of routes to at most 128 experts and 8 of origin."""
    role = wide(gpus).model_copy(update={"deepep_mode": DeepEpMode.NORMAL})
    assert deepep_buffer_bytes(R1, role) == normal_bytes
    assert low_latency_tensor_bytes(R1, role) == 0


def test_low_latency_buffers_alone_are_messages_of_bf16_values_and_whole_scales() -> None:
    """gpt-oss has 2880 values a token: 22 whole groups of 128 have a scale."""
    role = wide(16)
    assert deepep_buffer_bytes(R1, role) == 4 * (256 + 32) * 128 * (2 * 7168 + 4 * 56)
    assert low_latency_buffer_bytes(GPT_OSS, role) == 4 * (128 + 32) * 128 * (2 * 2880 + 4 * 22)


def test_experts_of_bf16_hold_each_dispatched_token_in_bf16() -> None:
    hidden, width = 2048, 768
    row = 2 * hidden + 2 * 2 * width + 2 * width + 2 * hidden
    assert low_latency_tensor_bytes(QWEN_30B, wide(16)) == (128 + 32) * 128 * row


def test_a_model_has_its_shared_experts_and_dense_layers_once() -> None:
    scales = 1 + 4 / (128 * 128)
    shared = R1.model_copy(update={"shared_experts": 0})
    assert model_bytes(R1) - model_bytes(shared) == pytest.approx(58 * 3 * 7168 * 2048 * scales)
    narrow = R1.model_copy(update={"dense_width": 0})
    assert model_bytes(R1) - model_bytes(narrow) == pytest.approx(3 * 3 * 7168 * 18432 * scales)


def test_a_worker_of_both_modes_has_the_larger_of_their_buffers_over_rdma_and_the_normal_one_over_nvlink() -> None:
    both = wide(16).model_copy(update={"deepep_mode": DeepEpMode.AUTO})
    assert deepep_buffer_bytes(R1, both) / 1e6 == pytest.approx(2147 + 10 * 8 * 288 * 16_392 / 1e6, abs=1)
    few = both.model_copy(update={"max_dispatch_tokens_per_rank": 1})
    normal = both.model_copy(update={"deepep_mode": DeepEpMode.NORMAL})
    assert deepep_buffer_bytes(R1, few) == deepep_buffer_bytes(R1, normal)


def test_for_72_gpus_deepep_has_no_normal_kernels_and_no_buffers_of_theirs() -> None:
    low_latency = wide(72)
    both = low_latency.model_copy(update={"deepep_mode": DeepEpMode.AUTO})
    assert deepep_buffer_bytes(R1, both) == deepep_buffer_bytes(R1, low_latency) > 0


@pytest.mark.parametrize("model", [R1, QWEN_30B], ids=["MLA", "GQA"])
@pytest.mark.parametrize(("dtype", "share"), [(None, 1), ("auto", 1), ("fp8_e4m3", 0.5), ("fp8_e5m2", 0.5)])
def test_a_cache_in_fp8_takes_half_of_bf16(model: ModelShape, dtype: str | None, share: float) -> None:
    role = worker(4).model_copy(update={"kv_cache_dtype": KvCacheDtype(dtype) if dtype else None})
    assert kv_bytes_per_token(model, role) == kv_bytes_per_token(model, worker(4)) * share


def test_a_stacks_memory_fraction_is_the_share_of_the_pool() -> None:
    layout = settings(layout={"preset": "wide-32gpu", "decode": {"memFractionStatic": 0.5}}).layout
    memory = worker_memory(R1, GPUS[Gpu.H200], layout.decode)
    assert memory.pool_bytes / 1e9 == pytest.approx(147.41 / 2, abs=0.01)
