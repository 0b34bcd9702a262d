"""Cases of people in the field (../shared/cases): what each is told today. Small ones of each kind stand in the modules
of their rules; these are the whole files."""

import pytest

from tests.conftest import REFERENCE
from tests.support.configs import broken, hardware, settings, site
from wideep.catalog.models import MODELS
from wideep.errors import ConfigError
from wideep.gpus.spec import GIB
from wideep.memory import headroom, worker_memory
from wideep.plan import make_plan
from wideep.rules import accept, accept_settings, warnings
from wideep.settings.layout import Role
from wideep.settings.reading import read
from wideep_cli.stack_file import read_stack_file

CASES = REFERENCE / "cases"
REFUSED = {
    "a01-graph-beyond-dispatch": ("layout.decode.cudaGraphBatchSizes", "256"),
    "a01b-graph-beyond-dispatch-extra": ("layout.decode.extraArgs", "set cudaGraphBatchSizes"),
    "e03-pp": ("layout.prefill.extraArgs", "set pp"),
    "e05-quantization": ("layout.decode.extraArgs", "model: {config: PATH}"),
    "e06-maxrunning-wide": ("layout.decode.extraArgs", "set maxRunningRequests"),
    "a13-mtp": ("layout.decode.extraArgs", "set speculative"),
    "e07-efa": ("hardware.rdmaResource", "mlx5"),
    "e08-efa-word": ("hardware.interconnect", "mlx5"),
    "e13-mi300x": ("hardware.gpu", "not supported, because"),
    "e14-l40s": ("layout.decode.gpusPerNode", "L40S"),
    "c02-nvfp4": ("model.weightFormat", "set backend: trtllm"),
    "c03-w4afp8": ("model.weightFormat", "quantization_config.quant_method: w4afp8"),
    "c04-awq": ("model.weightFormat", "quantization_config.quant_method: awq"),
    "a03-r1-8x80": ("layout.decode.gpusPerNode", "use 16 H100-80 a worker"),
    "a05-ep12": ("layout.decode.redundantExperts", "set redundantExperts: 8"),
    "a05b-ep72": ("layout.decode.redundantExperts", "set redundantExperts: 32 or 104"),
    "a07-tp32-blocks": ("layout.decode.tp", "not a multiple of 128"),
    "a09-a100-fp8": ("hardware.gpu", "has no FP8"),
    "a16-long-name": ("name", "27 characters or fewer"),
    "e10-dispatch1024": ("layout.decode.maxDispatchTokensPerRank", "buffers are 17.2 GB and a layer's tensors 9.4"),
    "e16-marginal-h100": ("layout.decode.redundantExperts", "set memFractionStatic: 0.86"),
    "e19-rwo": ("modelCache.accessMode", "set accessMode: ReadWriteMany"),
    "e20-small": ("modelCache.size", "set size: 750Gi or more"),
    "m05-dep16-r32-h100": ("layout.decode.redundantExperts", "or set redundantExperts: 0"),
    "c07-k2t": ("model.weightFormat", "config_groups.group_0.weights: 4 bits, type int"),
}
"""By file: the key that is named, and words of the message."""

shared = pytest.mark.skipif(not CASES.is_dir(), reason="../shared/cases is not beside this checkout")


def text_of(path: str) -> str:
    return (CASES / path).read_text(encoding="utf-8")


@shared
@pytest.mark.parametrize(("name", "key", "words"), [(name, *told) for name, told in REFUSED.items()])
def test_the_case_is_refused_with_its_key(name: str, key: str, words: str) -> None:
    with pytest.raises(ConfigError) as caught:
        accept(read_stack_file(CASES / f"{name}.yaml").config, text_of)
    told = [str(problem) for problem in caught.value.problems if problem.key == key]
    assert any(words in each for each in told), str(caught.value)


@shared
@pytest.mark.parametrize(
    ("name", "gpu"), [("a03b-h20", "H20"), ("e11-h20-3e", "H20-141"), ("e12-h800", "H800"), ("e15-gh200", "GH200")]
)
def test_the_gpu_of_the_case_is_known_by_its_own_memory(name: str, gpu: str) -> None:
    settings = read(read_stack_file(CASES / f"{name}.yaml").config, text_of).settings
    assert settings
    assert str(settings.hardware.gpu) == gpu


@shared
@pytest.mark.parametrize(
    ("name", "warned"),
    [
        ("a04-dep16-f09", {"layout.decode.memFractionStatic", "layout.prefill.contextLength"}),
        ("f01-advised-h100", {"layout.decode.memFractionStatic", "layout.prefill.contextLength"}),
        *((name, set[str]()) for name in ("a06-96h100", "a11-recipe32", "c09-glmfp8", "e17-tbo-bs", "e21-dp2")),
        *((name, set[str]()) for name in ("g01-second-graph-on-shared-platform", "g02-namespace-that-exists")),
    ],
)
def test_the_case_is_accepted_with_the_warnings_of_memory_that_are_due(name: str, warned: set[str]) -> None:
    """FP8 by channel, layouts that their authors published, and two that ran out of memory outside the pool."""
    found = accept(read_stack_file(CASES / f"{name}.yaml").config, text_of)
    of_memory = ("memFractionStatic", "contextLength", "redundantExperts", "maxDispatchTokensPerRank")
    assert {each.key for each in warnings(found) if each.key.endswith(of_memory)} == warned


@shared
@pytest.mark.parametrize(
    ("name", "gib", "tokens"),
    [("m01-dep8-r32", 105.59, 161_488), ("m02-qwen235fp8-tp4", None, 367_404), ("a15-gptoss", 65.2, None)],
)
def test_the_case_plans_what_an_engine_measured(name: str, gib: float | None, tokens: int | None) -> None:
    decode = make_plan(accept(read_stack_file(CASES / f"{name}.yaml").config, text_of)).roles[Role.DECODE]
    if gib:
        assert sum(decode.memory.weights.values()) * 1e9 / GIB == pytest.approx(gib, rel=0.0125)
    if tokens:
        assert decode.kv_cache_tokens == pytest.approx(tokens, rel=0.02)


TWO_STAGES = {"preset": "lab-32gpu", "prefill": {"pp": 2}}
"""What e03-pp meant, by its key."""
DRAFTING = {"algorithm": "EAGLE", "numSteps": 1, "eagleTopk": 1, "numDraftTokens": 2}
"""What a13-mtp meant, by its key: with the model's own layer, in both roles."""


def test_two_stages_of_the_same_width_need_twice_the_gpus() -> None:
    assert "tp: 8" in broken(TWO_STAGES)["layout.prefill.tp"]
    doubled = {"preset": "lab-32gpu", "prefill": {"pp": 2, "nodes": 4}}
    assert "hardware.nodes" in broken(doubled, hardware=hardware(nodes=4))

    one, two = (
        make_plan(accept_settings(settings(layout=layout, hardware=hardware(nodes=6))))
        for layout in ("lab-32gpu", doubled)
    )

    assert (one.gpus, two.gpus) == (32, 48)
    weights = [sum(plan.roles[Role.PREFILL].memory.weights.values()) for plan in (one, two)]
    assert weights[1] == pytest.approx(weights[0] / 2, rel=0.1)
    assert two.roles[Role.PREFILL].args[two.roles[Role.PREFILL].args.index("--pp-size") + 1] == "2"


def test_a_draft_layer_of_r1_counts_with_its_weights_and_cache_outside_the_pool() -> None:
    """A layer of R1 on each of 16 GPUs: 18 experts of 44.05 MB, attention 220.6, a shared expert 44.05, a router 3.67,
    and the projection of two hidden states to one 205.5. 64 requests per rank have 3 places each for drafts."""
    decode = site(speculative=DRAFTING)

    tokens = worker_memory(decode.model, decode.gpu, decode.role).kv_cache_tokens
    needed = headroom(decode.model, decode.gpu, decode.name, decode.role)

    weights = (18 * 44.05 + 220.6 + 44.05 + 3.67 + 205.5) * 1e6
    places = 64 * 3
    assert needed.draft_weights == pytest.approx(weights, rel=0.005)
    assert needed.draft_cache == pytest.approx((tokens + places) * 1152 + places * 1152 * 61, rel=0.005)
    plain = site()
    without = headroom(plain.model, plain.gpu, plain.name, plain.role)
    assert without.draft_weights == without.draft_cache == 0


def test_the_command_drafts_as_the_key_says() -> None:
    both = {"preset": "wide-32gpu", "prefill": {"speculative": DRAFTING}, "decode": {"speculative": DRAFTING}}
    for role in make_plan(accept_settings(settings(layout=both))).roles.values():
        words = " ".join(role.args)
        assert "--speculative-algorithm EAGLE" in words
        assert "--speculative-num-steps 1 --speculative-eagle-topk 1 --speculative-num-draft-tokens 2" in words


def test_gpt_oss_takes_what_users_saw_loaded_on_one_h100() -> None:
    alone = {"replicas": 1, "nodes": 1, "gpusPerNode": 1, "tp": 1, "dp": 1, "ep": 1, "memFractionStatic": 0.9}
    stack = settings(
        model="openai/gpt-oss-120b", layout={"prefill": alone, "decode": alone}, hardware=hardware("H100-80", 1)
    )
    assert stack.model == MODELS["openai/gpt-oss-120b"]
    for role in make_plan(accept_settings(stack)).roles.values():
        assert 64.4 <= sum(role.memory.weights.values()) * 1e9 / GIB <= 66.0
