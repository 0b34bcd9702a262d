"""What an SGLang worker needs outside its pool, to the byte: the sums of docs, by hand, for shapes that are known."""

from __future__ import annotations

from dataclasses import replace

import pytest

from wideep.catalog import GPUS, MODELS
from wideep.engines.sglang.engine import Sglang
from wideep.engines.sglang.parser import VERSIONS
from wideep.gpus.spec import GIB, GpuSpec
from wideep.memory.headroom import Headroom
from wideep.settings.experts import DeepEpMode, Eplb, MoeA2aBackend
from wideep.settings.hardware import Gpu
from wideep.settings.layout import Role, RoleLayout
from wideep.settings.model import ModelShape
from wideep.settings.speculative import Speculative, SpeculativeAlgorithm

R1, QWEN = MODELS["deepseek-ai/DeepSeek-R1"], MODELS["Qwen/Qwen3-30B-A3B"]
H100, H200, B200 = GPUS[Gpu.H100_80], GPUS[Gpu.H200], GPUS[Gpu.B200]
OLDEST, NEWEST = Sglang(VERSIONS[0]), Sglang(VERSIONS[-1])
MIB = 2**20
DRAFT = Speculative(algorithm=SpeculativeAlgorithm.EAGLE, num_steps=3, eagle_topk=2, num_draft_tokens=5)
HIDDEN, LOGITS = 4 * 2 * 7168, 129_280 * 2 * 2
"""Bytes of a token's hidden values, four times, and of its logits over the vocabulary, twice, of R1 in bf16."""
CONTEXT = {R1.name: 163_840, QWEN.name: 40_960}


def role(gpus: int = 8, **changes: object) -> RoleLayout:
    """One attention group, and experts whole on each GPU, without DeepEP."""
    one = RoleLayout(replicas=1, nodes=max(1, gpus // 8), gpus_per_node=min(gpus, 8), tp=gpus, dp=1, ep=gpus)
    return one.model_copy(update=changes)


def deepep(gpus: int = 16, mode: DeepEpMode = DeepEpMode.LOW_LATENCY, **changes: object) -> RoleLayout:
    """Each GPU an attention group with dense layers and lm_head of its own."""
    own = {"dp": gpus, "moe_dense_tp": 1, "dp_lm_head": True}
    return role(gpus, moe_a2a_backend=MoeA2aBackend.DEEPEP, deepep_mode=mode, **{**own, **changes})


def needs(
    layout: RoleLayout, name: Role = Role.DECODE, model: ModelShape = R1, engine: Sglang = OLDEST, gpu: GpuSpec = H200
) -> Headroom:
    return engine.headroom(model, gpu, name, layout)


def test_sglang_reserves_half_a_gib_for_its_kernels() -> None:
    assert needs(role()).runtime == 512 * MIB


@pytest.mark.parametrize(
    ("layout", "of_one", "attention", "experts"),
    [
        pytest.param(role(), 8192, 128 * 640 / 8 * 2, 8192 * 8 * (3 * 2048 + 7168) * 2, id="one group"),
        pytest.param(role(ep=4), 8192, 128 * 640 / 8 * 2, 8192 * 8 * (3 * 2048 / 2 + 7168) * 2, id="cut experts"),
        pytest.param(
            role(dp=2, chunked_prefill_size=8191), 4095, 128 * 640 / 4 * 2, 8191 * 8 * (3 * 2048 + 7168) * 2, id="odd"
        ),
        pytest.param(role(dp=8), 1024, 128 * 640 * 2, 8192 * 8 * (3 * 2048 + 7168) * 2, id="eight groups gather"),
        pytest.param(
            deepep(8, DeepEpMode.NORMAL, chunked_prefill_size=65_536),
            8192,
            163_840,
            8192 * 8 * 32_032,
            id="DeepEP sends",
        ),
    ],
)
def test_a_prefill_chunk_holds_hidden_values_and_the_larger_of_attention_and_experts(
    layout: RoleLayout, of_one: int, attention: float, experts: float
) -> None:
    """R1: 4 copies of 7168 values in bf16; 640 values a head (queries, keys and values, 128 + 64 and 128, twice)."""
    hidden = of_one * 4 * 2 * 7168
    assert experts > of_one * attention
    assert needs(layout, Role.PREFILL).activations == 1.5 * (hidden + experts)


def test_attention_is_the_larger_where_a_token_goes_to_few_narrow_experts() -> None:
    """Qwen3-30B-A3B on one GPU, of one expert a token: 2 × (32 + 4) heads of 128."""
    narrow = QWEN.model_copy(update={"experts_per_token": 1})
    attention, experts = 2 * 36 * 128 * 2, (3 * 768 + 2048) * 2
    assert attention > experts
    assert needs(role(1), Role.PREFILL, narrow).activations == 1.5 * 8192 * (4 * 2 * 2048 + attention)


def test_a_chunk_has_twice_the_tokens_from_160_gib_on_unless_the_layout_says_how_many() -> None:
    exact = replace(H200, memory_bytes=160 * GIB)
    fewer = replace(H200, memory_bytes=160 * GIB - 1)
    assert [OLDEST.prefill_chunk(gpu) for gpu in (H200, fewer, exact, B200)] == [8192, 8192, 16_384, 16_384]
    assert OLDEST.prefill_chunk(B200, role()) == 16_384
    assert OLDEST.prefill_chunk(B200, role(chunked_prefill_size=4096)) == 4096


@pytest.mark.parametrize(
    ("layout", "gpu", "requests"),
    [
        (role(), H200, 512),
        (role(4), H200, 512),
        (role(2), H200, 256),
        (role(2), replace(H200, memory_bytes=160 * GIB), 512),
        (role(2), replace(H200, memory_bytes=160 * GIB - 1), 256),
        (role(cuda_graph_batch_sizes=(1, 24, 8)), H200, 24),
        (role(cuda_graph_batch_sizes=()), H200, 0),
        (deepep(), H200, 128),
        (deepep(max_dispatch_tokens_per_rank=256), H200, 256),
        (deepep(cuda_graph_batch_sizes=(1, 4)), H200, 4),
        (deepep(mode=DeepEpMode.NORMAL), H200, 0),
    ],
)
def test_the_largest_captured_batch_takes_2_mib_a_request(layout: RoleLayout, gpu: GpuSpec, requests: int) -> None:
    assert OLDEST.graph_batch(gpu, Role.DECODE, layout) == requests
    assert needs(layout, gpu=gpu).cuda_graphs == requests * 2 * MIB


def test_a_batch_has_fewer_requests_where_each_has_drafts() -> None:
    assert OLDEST.graph_batch(H200, Role.DECODE, deepep(speculative=DRAFT)) == 25
    assert needs(deepep(speculative=DRAFT)).activations == 2 * 25 * 5 * (LOGITS + HIDDEN)


@pytest.mark.parametrize("engine", [OLDEST, NEWEST], ids=["oldest", "newest"])
def test_prefills_cuda_graphs_of_mla_take_what_newer_versions_reserve(engine: Sglang) -> None:
    kept = 1.5 * GIB if engine is NEWEST else 0
    assert needs(role(), Role.PREFILL, engine=engine).cuda_graphs == kept
    assert needs(deepep(), Role.PREFILL, engine=engine).cuda_graphs == kept
    assert needs(deepep(mode=DeepEpMode.NORMAL), Role.PREFILL, engine=engine).cuda_graphs == 0
    assert needs(role(4), Role.PREFILL, QWEN, engine).cuda_graphs == 0


@pytest.mark.parametrize(
    ("layout", "engine", "logit_rows", "hidden_rows", "routed"),
    [
        pytest.param(role(), OLDEST, 512, 512, 512, id="one group"),
        pytest.param(role(dp=2), OLDEST, 512 * 2, 512 * 2, 512 * 2, id="two groups"),
        pytest.param(role(dp=8), OLDEST, 512 * 8, 512 * 8, 512 * 8, id="groups gather all"),
        pytest.param(role(dp=8, dp_lm_head=True), OLDEST, 512, 512 * 8, 512 * 8, id="lm_head of its own"),
        pytest.param(role(dp=4), NEWEST, 512 * 4, 512 * 4, 512 * 4, id="groups of two"),
        pytest.param(role(dp=8), NEWEST, 512 * 2, 512 * 8, 512 * 8, id="all-to-all"),
        pytest.param(deepep(), OLDEST, 128, 128, 0, id="DeepEP alone"),
        pytest.param(deepep(moe_dense_tp=None), OLDEST, 128, 128 * 16, 0, id="shared dense layers"),
        pytest.param(deepep(cuda_graph_batch_sizes=(8,)), OLDEST, 8, 8, 0, id="a small graph"),
    ],
)
def test_a_decode_batch_holds_logits_experts_and_hidden_values_twice(
    layout: RoleLayout, engine: Sglang, logit_rows: int, hidden_rows: int, routed: int
) -> None:
    experts = routed * 8 * (3 * 2048 + 7168) * 2
    assert needs(layout, engine=engine).activations == 2 * (logit_rows * LOGITS + experts + hidden_rows * HIDDEN)


def test_a_model_without_dense_layers_gathers_none_with_deepep() -> None:
    layout = deepep(moe_dense_tp=None)
    assert needs(layout, model=QWEN).activations == 2 * 128 * (151_936 * 2 * 2 + 4 * 2 * 2048)


def test_without_a_captured_graph_the_batch_is_of_the_requests_that_may_run_and_of_512_at_most() -> None:
    def rows(**changes: object) -> float:
        held = needs(role(cuda_graph_batch_sizes=(), **changes)).activations
        return held / (2 * (LOGITS + 8 * (3 * 2048 + 7168) * 2 + HIDDEN))

    assert (rows(), rows(max_running_requests=32), rows(max_running_requests=4000)) == (512, 32, 512)


@pytest.mark.parametrize(
    ("layout", "name", "model", "requests"),
    [
        pytest.param(role(max_running_requests=100), Role.DECODE, R1, 100, id="said"),
        pytest.param(role(dp=8, max_running_requests=100), Role.PREFILL, R1, 12, id="said, for eight groups"),
        pytest.param(role(dp=8, max_running_requests=4), Role.DECODE, R1, 1, id="never less than one"),
        pytest.param(deepep(max_dispatch_tokens_per_rank=96), Role.DECODE, R1, 96, id="what DeepEP's buffers hold"),
        pytest.param(deepep(speculative=DRAFT), Role.DECODE, R1, 25, id="of five tokens each"),
        pytest.param(deepep(speculative=DRAFT, max_dispatch_tokens_per_rank=4), Role.DECODE, R1, 1, id="one at least"),
        pytest.param(deepep(mode=DeepEpMode.NORMAL), Role.DECODE, R1, 2048, id="normal mode has no such limit"),
        pytest.param(deepep(), Role.PREFILL, R1, 2048, id="nor has prefill"),
        pytest.param(role(4), Role.DECODE, QWEN, 4096, id="4096 at most"),
        pytest.param(role(4, context_length=800_000), Role.DECODE, QWEN, 2048, id="a long context, 2048 at least"),
    ],
)
def test_each_request_has_4_bytes_for_each_token_of_the_longest_context(
    layout: RoleLayout, name: Role, model: ModelShape, requests: int
) -> None:
    longest = layout.context_length or CONTEXT[model.name]
    assert needs(layout, name, model, gpu=H100).requests == requests * longest * 4


def test_between_2048_and_4096_requests_go_by_the_tokens_of_the_cache() -> None:
    layout = role(4, context_length=262_144)
    tokens = OLDEST.memory(QWEN, H100, Role.DECODE, layout).kv_cache_tokens
    requests = tokens * 512 // 262_144
    assert 2048 < requests < 4096
    assert needs(layout, model=QWEN, gpu=H100).requests == requests * 262_144 * 4


def test_a_balanced_worker_moves_one_layers_slots_through_a_buffer() -> None:
    slots = (256 + 32) // 16
    expert = 3 * 7168 * 2048 * (1 + 4 / (128 * 128))
    balanced = deepep(redundant_experts=32, eplb=Eplb(enabled=True))
    assert needs(balanced).eplb == pytest.approx(slots * expert)
    assert needs(balanced.model_copy(update={"ep": 8})).eplb == pytest.approx((256 + 32) // 8 * expert / 2)
    assert needs(deepep(redundant_experts=32)).eplb == 0


def test_decode_with_deepep_is_kept_12_gib_of_which_context_and_communicators_are_part() -> None:
    taken = H200.memory_bytes - 137.29 * GIB
    assert needs(deepep()).least == pytest.approx(12 * GIB - taken)
    assert needs(deepep(), gpu=replace(H200, memory_bytes=160 * GIB)).least == 0
    assert (needs(deepep(), Role.PREFILL).least, needs(role()).least) == (0, 0)
    assert needs(deepep()).dispatched > 0 == needs(deepep(), Role.PREFILL).dispatched


EACH = 3 * 2 + 5
PLACE = 576 * 2
"""A token's latent vector of R1 in one layer."""


def draft(layout: RoleLayout) -> tuple[float, float]:
    """Bytes of its weights, and of its places in the cache."""
    found = needs(layout)
    return found.draft_weights, found.draft_cache


def test_a_draft_model_of_its_own_weighs_what_is_said_and_takes_places_of_the_cache() -> None:
    said = DRAFT.model_copy(update={"draft_model": "/model-cache/draft", "draft_gb": 2.5})
    ngram = Speculative(algorithm=SpeculativeAlgorithm.NGRAM, num_draft_tokens=8)
    assert draft(role(speculative=said)) == (2.5e9, 48 * EACH * PLACE * 61)
    assert draft(role(speculative=said, dp=8)) == (2.5e9, 6 * EACH * PLACE * 61)
    assert (draft(role(speculative=ngram)), draft(role())) == ((0, 0), (0, 0))


def test_a_layer_of_the_models_own_drafts_with_its_experts_and_caches_every_token_once_more() -> None:
    layout = role(speculative=DRAFT)
    scales = 1 + 4 / (128 * 128)
    tokens = OLDEST.memory(R1, H200, Role.DECODE, layout).kv_cache_tokens
    experts = 256 / 8 * 3 * 7168 * 2048 * scales + 3 * 7168 * 2048 * scales / 8 + 256 * 7168 * 2
    attention = ((1536 * 128 * 192 + 512 * 128 * 256 + 128 * 128 * 7168) * scales + 512 * 128 * 256 * 2) / 8 + 7168 * (
        1536 + 512 + 64
    ) * scales
    cached = (tokens + 48 * EACH) * PLACE + 48 * EACH * PLACE * 61
    assert draft(layout) == pytest.approx((experts + attention + 2 * 7168**2 * 2, cached), rel=1e-9)


def test_speculation_runs_48_requests_in_all_and_one_of_each_group_at_least() -> None:
    layouts = [role(gpus, speculative=DRAFT, dp=dp) for gpus, dp in ((8, 1), (8, 8), (5, 5), (64, 64))]
    kept = [needs(layout, Role.PREFILL).requests / 4 / 163_840 for layout in layouts]
    assert kept == [48, 6, 9, 1]
    ngram = Speculative(algorithm=SpeculativeAlgorithm.NGRAM, num_draft_tokens=8)
    assert needs(role(speculative=ngram), Role.PREFILL).requests == 2048 * 163_840 * 4


def test_a_pool_is_said_as_its_sum_and_of_what_it_is_a_share() -> None:
    memory = OLDEST.memory(R1, H200, Role.DECODE, role(page_size=64))
    assert memory.pool_sum == "0.8 × 147.4 = 117.9 GB"
    assert memory.pool_of == "150.1 GB, of which CUDA and NCCL take 2.7 first"
    assert (memory.page_size, memory.expert_slots_per_gpu) == (64, 32)
    assert memory.kv_cache_tokens % 64 == 0 < memory.kv_cache_tokens


def test_of_several_stages_the_one_with_the_fewest_tokens_counts() -> None:
    """R1 in two stages: the second has one layer more, and no dense ones, so that it has room for fewer tokens."""
    two = role(8, nodes=2, pp=2)
    memory = OLDEST.memory(R1, H200, Role.PREFILL, two)
    assert memory.kv_bytes_per_token == 31 * PLACE
    assert memory.parts.dense_layers == 0
    assert memory.parts.embedding == 0 < memory.parts.lm_head
