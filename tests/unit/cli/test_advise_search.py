"""The search over all legal layouts, with an estimator that is a formula."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.support import configs
from tests.support.answers import FormulaAnswers
from tests.support.examples import examples
from wideep.catalog.models import MODELS
from wideep.engines import engine
from wideep.plan import make_plan
from wideep.rules import accept_settings, check, warnings
from wideep.rules.role_context import RoleContext
from wideep.settings.backend import Backend
from wideep.settings.hardware import Gpu, Hardware, Interconnect
from wideep.settings.layout import Role, RoleLayout
from wideep.settings.traffic import Traffic
from wideep_cli.advise.candidates import candidates
from wideep_cli.advise.comparison import Unknown, predict_layout
from wideep_cli.advise.operating import as_candidate, as_it_stands
from wideep_cli.advise.prediction import Limit, Pair, Prediction, predict
from wideep_cli.advise.search import Field, best, field_of, frontier
from wideep_cli.advise.workers import Caveat, Series, WorkerQuestion

R1 = "deepseek-ai/DeepSeek-R1"
SMALL = "Qwen/Qwen3-30B-A3B"
TRAFFIC = Traffic(isl=4000, osl=500)


def nodes(count: int, gpu: Gpu = Gpu.H200, per_node: int = 8) -> Hardware:
    """Nodes with InfiniBand."""
    return Hardware(gpu=gpu, nodes=count, gpus_per_node=per_node, interconnect=Interconnect.INFINIBAND)


FOUND: dict[str, Field] = {}


def searched(hardware: Hardware, model: str = R1, traffic: Traffic = TRAFFIC, **formula: int) -> Field:
    """All workers that can run on the hardware, searched once."""
    key = repr((hardware, model, traffic, formula))
    if key not in FOUND:
        shape = MODELS[model]
        answers = FormulaAnswers(shape, traffic, **formula)
        FOUND[key] = field_of(shape, dict.fromkeys(Role, hardware), answers, traffic, lambda role, done: None)
    return FOUND[key]


def leading(hardware: Hardware, model: str = R1, traffic: Traffic = TRAFFIC) -> Prediction | None:
    """The best layout."""
    found = best(searched(hardware, model, traffic), 1)
    return found[0] if found else None


def tokens(found: Prediction | None) -> float:
    """Tokens a second; nothing serves none."""
    return found.tokens_per_second if found else 0.0


def test_the_best_come_first_and_keep_the_limits() -> None:
    found = best(searched(nodes(4)), 5)

    assert len(found) == 5
    assert [round(each.tokens_per_second) for each in found] == sorted(
        (round(each.tokens_per_second) for each in found), reverse=True
    )
    assert all(each.meets and each.ttft_ms <= 2000 and each.itl_ms <= 50 and each.gpus <= 32 for each in found)


@given(
    itl=st.integers(5, 200),
    longer=st.integers(0, 100),
    ttft=st.integers(50, 5000),
    later=st.integers(0, 3000),
)
@examples(15)
def test_a_looser_latency_never_gives_fewer_tokens(itl: int, longer: int, ttft: int, later: int) -> None:
    strict = TRAFFIC.model_copy(update={"itl": f"{itl}ms", "ttft": f"{ttft}ms"})
    loose = TRAFFIC.model_copy(update={"itl": f"{itl + longer}ms", "ttft": f"{ttft + later}ms"})

    assert tokens(leading(nodes(2), traffic=loose)) >= tokens(leading(nodes(2), traffic=strict))


def test_more_gpus_never_give_a_worse_best() -> None:
    found = [tokens(leading(nodes(count))) for count in (1, 2, 3, 4, 6, 8)]

    assert found == sorted(found)
    assert found[0] == 0.0  # R1 takes 8 H200 for each role
    assert found[1] > 0


@pytest.mark.parametrize(
    ("gpu", "count", "per_node"), [("H200", 4, 8), ("B300", 2, 8), ("GB200", 4, 4), ("H100-80", 8, 8)]
)
def test_every_layout_advised_passes_the_plan_without_a_warning_about_memory(
    gpu: str, count: int, per_node: int
) -> None:
    found = best(searched(nodes(count, Gpu(gpu), per_node)), 5)

    assert found
    for each in found:
        layout = {name: role.model_dump(mode="json", by_alias=True) for name, role in each.layout.roles.items()}
        hardware = configs.hardware(gpu=gpu, nodes=count, gpus_per_node=per_node)
        stack = configs.settings(hardware=hardware, layout=layout)
        assert check(stack) == []
        assert make_plan(accept_settings(stack)).gpus == each.gpus
        assert not [problem for problem in warnings(stack) if "memFractionStatic" in problem.key]


def test_what_limits_a_layout_is_the_role_that_serves_less_or_memory() -> None:
    few_tokens_out = leading(nodes(2), traffic=Traffic(isl=8000, osl=10, ttft="20s"))
    many_tokens_out = leading(nodes(2), traffic=Traffic(isl=100, osl=4000, itl="20ms"))
    long_and_slow = leading(nodes(2), traffic=Traffic(isl=30000, osl=8000, ttft="100s", itl="5s"))

    assert few_tokens_out
    assert few_tokens_out.limited_by is Limit.PREFILL
    assert many_tokens_out
    assert many_tokens_out.limited_by is Limit.DECODE
    assert long_and_slow
    assert long_and_slow.limited_by is Limit.MEMORY


def test_the_decode_batch_is_no_larger_than_prefill_can_feed() -> None:
    found = leading(nodes(2), traffic=Traffic(isl=8000, osl=10, ttft="20s"))

    assert found
    assert found.limited_by is Limit.PREFILL
    assert found.itl_ms < 20  # 10 ms and a few requests, of the 50 ms that are allowed


def test_the_ratio_of_workers_follows_the_traffic() -> None:
    reading = leading(nodes(8), traffic=Traffic(isl=16000, osl=50, ttft="10s"))
    writing = leading(nodes(8), traffic=Traffic(isl=200, osl=4000))

    assert reading
    assert writing
    assert reading.layout.prefill.gpus > reading.layout.decode.gpus
    assert writing.layout.decode.gpus > writing.layout.prefill.gpus


def test_a_worker_that_nobody_measured_is_named_and_not_advised() -> None:
    field = searched(nodes(4), unmeasured_ep=16)

    assert "no measurements of decode with EP 16" in field.unknown
    assert all(role.ep != 16 for each in best(field, 5) for role in each.layout.roles.values())


def test_experts_do_not_span_nodes_without_deepep() -> None:
    field = searched(nodes(4))

    several = [worker.site.role for worker in (*field.prefill, *field.decode) if worker.site.role.nodes > 1]
    assert several
    assert all(role.deepep for role in several)


def test_small_workers_share_a_node() -> None:
    found = leading(nodes(1), SMALL)

    assert found
    assert found.gpus <= 8


def test_decode_may_have_gpus_of_another_kind() -> None:
    shape = MODELS[R1]
    hardware = {Role.PREFILL: nodes(2, Gpu.H100_80), Role.DECODE: nodes(1)}
    field = field_of(shape, hardware, FormulaAnswers(shape, TRAFFIC), TRAFFIC, lambda role, done: None)

    found = best(field, 1)[0]
    assert (found.layout.prefill.gpus, found.layout.decode.gpus) == (16, 8)


def test_the_frontier_trades_throughput_for_speed() -> None:
    found = frontier(searched(nodes(4)), [15, 20, 30, 50, 100])

    speeds = [each.tokens_per_second_per_user for each in found]
    assert speeds == sorted(speeds, reverse=True)
    throughput = [each.tokens_per_second for each in found]
    assert throughput == sorted(throughput)


def test_a_layout_as_it_stands_keeps_its_own_memory_settings() -> None:
    """Option A's pool of 0.8 has room for fewer requests than the same worker with all that its GPU allows."""
    answers = FormulaAnswers(MODELS[R1], TRAFFIC)
    site = configs.site("decode", "lab-16gpu-singlenode")
    standing, sized = as_it_stands(site, answers, TRAFFIC), as_candidate(site, answers, TRAFFIC)

    assert not isinstance(standing, str)
    assert not isinstance(sized, str)
    assert standing.steps[-1].batch < sized.steps[-1].batch
    operation = standing.best(1e9)
    assert operation
    assert operation.layout == site.role


def test_a_layout_that_misses_a_limit_is_still_predicted_and_says_so() -> None:
    answers = FormulaAnswers(MODELS[R1], TRAFFIC)
    strict = TRAFFIC.model_copy(update={"itl": "1ms"})
    sites: list[RoleContext] = [configs.site(role, "lab-16gpu-singlenode") for role in ("prefill", "decode")]
    prefill, decode = (as_it_stands(site, answers, strict) for site in sites)
    assert not isinstance(prefill, str)
    assert not isinstance(decode, str)

    found = predict(Pair(prefill, decode, (1, 1)), strict)

    assert not found.meets
    assert found.tokens_per_second > 0
    assert found.itl_ms == min(step.milliseconds for step in decode.steps)


def test_the_bound_is_asked_at_the_same_batches() -> None:
    found = leading(nodes(2))

    assert found
    assert found.bound.decode.requests_per_second > 0
    assert found.bound.tokens_per_second > 0


@pytest.mark.parametrize(
    ("changed", "what"),
    [
        ({"prefill": {"pp": 2, "tp": 8, "ep": 8}}, "pipeline stages"),
        ({role: {"speculative": {"algorithm": "NGRAM"}} for role in ("prefill", "decode")}, "speculative decoding"),
    ],
)
def test_what_is_not_asked_of_the_estimator_gets_no_figure_and_says_why(changed: dict[str, object], what: str) -> None:
    stack = configs.settings(layout={"preset": "lab-32gpu", **changed})
    answers = FormulaAnswers(stack.model, TRAFFIC)

    found = predict_layout(stack.model, stack.hardware, stack.layout.roles, answers, TRAFFIC)

    assert found == Unknown(f"the estimator does not support {what}", runs=True)


class Fp8Answers(FormulaAnswers):
    """An estimator that takes the KV cache for FP8."""

    def series(self, question: WorkerQuestion) -> Series:
        return super().series(question).model_copy(update={"caveats": (Caveat.KV_FP8,)})


@pytest.mark.parametrize(
    ("changed", "caveats"),
    [({}, (Caveat.KV_FP8,)), ({"kvCacheDtype": "fp8_e4m3"}, ()), ({"kvCacheDtype": "auto"}, (Caveat.KV_FP8,))],
)
def test_a_cache_in_fp8_is_no_caveat_where_the_layout_has_it_so(
    changed: dict[str, object], caveats: tuple[Caveat, ...]
) -> None:
    decode = configs.site(preset="lab-16gpu-singlenode", **changed)

    worker = as_it_stands(decode, Fp8Answers(decode.model, TRAFFIC), TRAFFIC)

    assert not isinstance(worker, str)
    assert worker.caveats == caveats


def test_candidates_are_those_of_the_engine_that_the_stack_runs() -> None:
    """SGLang takes DeepEP with bf16 experts from 0.5.21 on, TensorRT-LLM has attention groups of one GPU or of all."""

    def found(backend: Backend, version: str) -> list[RoleLayout]:
        asked = candidates(Role.DECODE, MODELS[SMALL], nodes(1), 8, TRAFFIC, engine(backend, version))
        return [site.role for site in asked.sites]

    assert not any(role.deepep for role in found(Backend.SGLANG, "0.5.3.post2"))
    assert any(role.deepep for role in found(Backend.SGLANG, "0.5.21"))
    assert {role.dp in (1, role.tp) for role in found(Backend.TRTLLM, "1.3.0rc29")} == {True}


@pytest.mark.parametrize(("overlap", "said"), [(True, (Caveat.OVERLAP,)), (False, ())])
def test_what_two_batch_overlap_hides_is_said_to_be_left_out(overlap: bool, said: tuple[Caveat, ...]) -> None:
    stack = configs.settings(layout={"preset": "wide-32gpu", "prefill": {"twoBatchOverlap": overlap}})

    found = predict_layout(
        stack.model, stack.hardware, stack.layout.roles, FormulaAnswers(stack.model, TRAFFIC), TRAFFIC
    )

    assert isinstance(found, Prediction)
    assert tuple(each for each in found.caveats if each is Caveat.OVERLAP) == said
