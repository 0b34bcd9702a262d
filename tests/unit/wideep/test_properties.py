"""What holds for any layout and any config, legal or wild.

``HYPOTHESIS_PROFILE=thorough`` runs 10,000 examples of each (tests/support/examples.py).
"""

import json
import random
from collections.abc import Mapping

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.golden.cases import ON_SGLANG
from tests.support.configs import stack
from tests.support.examples import examples
from tests.support.weights import weight_parts
from wideep import load
from wideep.catalog import GPUS, MODELS, PRESETS, layout_of
from wideep.errors import ConfigError
from wideep.memory import worker_memory
from wideep.memory.weights import expert_slot_bytes, model_bytes
from wideep.placement import compute_placement
from wideep.plan import Plan
from wideep.rules import RoleContext, accept, check_role
from wideep.rules.fit import fits
from wideep.rules.larger import resized
from wideep.settings.experts import DeepEpMode, Eplb, MoeA2aBackend
from wideep.settings.hardware import Gpu, Hardware, Interconnect
from wideep.settings.layout import Preset, Role, RoleLayout
from wideep.settings.model import ModelShape

OFTEN = examples(60)

GPU_COUNTS = (1, 2, 4, 8, 16, 24, 32, 40, 64, 72, 128)
MODEL_NAMES = sorted(MODELS)


@st.composite
def sites(draw: st.DrawFn) -> RoleContext:
    """A worker whose sizes divide, with redundant experts that divide too; other rules may be broken."""
    model = MODELS[draw(st.sampled_from(MODEL_NAMES))]
    gpus = draw(st.sampled_from(GPU_COUNTS))
    deepep = draw(st.booleans())
    divisors = [n for n in range(1, gpus + 1) if gpus % n == 0]
    ep = gpus if deepep else draw(st.sampled_from(divisors))
    role = RoleLayout(
        replicas=draw(st.integers(1, 3)),
        nodes=max(1, gpus // 8),
        gpus_per_node=min(gpus, 8),
        tp=gpus,
        dp=draw(st.sampled_from(divisors)),
        ep=ep,
        redundant_experts=-model.experts % ep + ep * draw(st.integers(0, 3)),
        moe_a2a_backend=MoeA2aBackend.DEEPEP if deepep else MoeA2aBackend.NONE,
        deepep_mode=draw(st.sampled_from(DeepEpMode)),
        eplb=Eplb(enabled=draw(st.booleans())),
        moe_dense_tp=draw(st.sampled_from([None, 1])),
        dp_lm_head=draw(st.booleans()),
        mem_fraction_static=draw(st.sampled_from([0.5, 0.75, 0.8, 0.9])),
    )
    hardware = Hardware(
        gpu=draw(st.sampled_from(Gpu)), nodes=64, gpus_per_node=8, interconnect=draw(st.sampled_from(Interconnect))
    )
    return RoleContext(draw(st.sampled_from(Role)), role, model, hardware)


def legal(site: RoleContext) -> bool:
    return not check_role(site)


@OFTEN
@given(sites())
def test_slots_of_all_gpus_are_all_experts_and_the_redundant_ones_once(site: RoleContext) -> None:
    slots = worker_memory(site.model, site.gpu, site.role).expert_slots_per_gpu * site.role.ep
    assert slots == site.model.experts + site.role.redundant_experts


@OFTEN
@given(sites())
def test_all_gpus_of_a_worker_hold_at_least_the_weights_of_the_model(site: RoleContext) -> None:
    everywhere = weight_parts(site.model, site.role).total * site.role.tp
    redundant = expert_slot_bytes(site.model) * site.role.redundant_experts
    assert everywhere >= (model_bytes(site.model) + redundant) * (1 - 1e-9)


def test_r1_is_at_least_673_gb_however_it_is_cut() -> None:
    r1 = MODELS["deepseek-ai/DeepSeek-R1"]
    for preset in Preset:
        for role in PRESETS[preset].values():
            assert weight_parts(r1, role).total * role.tp >= 673e9


@OFTEN
@given(sites(), st.sampled_from([2, 3, 4]))
def test_with_the_same_flags_more_gpus_never_need_more_bytes_each(site: RoleContext, factor: int) -> None:
    """Redundant experts stay what they are where they still divide; the DP groups grow with the GPUs or stay."""
    larger = resized(site, site.role.tp * factor)
    if larger.role.redundant_experts == site.role.redundant_experts and larger.role.tp % larger.role.ep == 0:
        more, fewer = (weight_parts(each.model, each.role).total for each in (larger, site))
        assert more <= fewer * (1 + 1e-9)


@OFTEN
@given(st.sampled_from(sorted(set(ON_SGLANG) - {Preset.LAB_8GPU})), st.randoms())
def test_a_layout_is_accepted_in_any_order_of_its_keys(preset: Preset, shuffle: random.Random) -> None:
    def shuffled(value: object) -> object:
        if not isinstance(value, dict):
            return value
        keys = list(value)
        shuffle.shuffle(keys)
        return {key: shuffled(value[key]) for key in keys}

    config = stack(layout=layout_of(preset).model_dump(mode="json", by_alias=True))
    mixed = shuffled(config)
    assert isinstance(mixed, dict)
    assert accept(mixed) == accept(config)


@OFTEN
@given(st.sampled_from(sorted(set(ON_SGLANG) - {Preset.LAB_8GPU})))
def test_a_plan_is_the_same_after_a_trip_through_json(preset: Preset) -> None:
    plan = load(stack(layout=str(preset)))
    assert Plan.model_validate_json(plan.model_dump_json()) == plan


WILD = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.integers(-(10**400), 10**400)
    | st.floats()
    | st.text(max_size=20)
    | st.sampled_from(["H200", "wide-32gpu", "deepep", "hf_abcdefgh", "8", "{", '{"a": 1}', "\ud800", "\x00", "${x}"]),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=10) | st.integers(), inner, max_size=3)
    ),
    max_leaves=6,
)


def paths(value: object, here: tuple[str, ...] = ()) -> list[tuple[str, ...]]:
    """All keys of a config that are texts, as paths."""
    if not isinstance(value, Mapping):
        return []
    named = {key: inner for key, inner in value.items() if isinstance(key, str)}
    return [path for key, inner in named.items() for path in ((*here, key), *paths(inner, (*here, key)))]


def written_out(preset: Preset) -> dict[str, object]:
    """A legal stack with nothing left to its preset."""
    model = "Qwen/Qwen3-30B-A3B" if preset is Preset.LAB_8GPU else "deepseek-ai/DeepSeek-R1"
    return stack(model=model, layout=layout_of(preset).model_dump(mode="json", by_alias=True))


@pytest.mark.parametrize("preset", ON_SGLANG)
def test_the_stacks_that_are_mutated_are_legal(preset: Preset) -> None:
    assert isinstance(outcome(written_out(preset)), Plan)


def outcome(config: Mapping[str, object]) -> Plan | ConfigError:
    """The Plan, or all mistakes. Any other exception is a failure of the test."""
    try:
        return load(config)
    except ConfigError as error:
        return error


@st.composite
def mutated(draw: st.DrawFn) -> tuple[dict[str, object], set[str]]:
    """A legal stack with one to three keys changed, taken out or added, and the top-level keys that were touched."""
    config: dict[str, object] = json.loads(json.dumps(written_out(draw(st.sampled_from(ON_SGLANG)))))
    touched: set[str] = set()
    for _ in range(draw(st.integers(1, 3))):
        *parents, last = draw(st.sampled_from(paths(config)))
        inner: dict[str, object] = config
        for key in parents:
            child = inner[key]
            assert isinstance(child, dict)
            inner = child
        match draw(st.sampled_from(["change", "remove", "add", "number"])):
            case "change":
                inner[last] = draw(WILD)
            case "remove":
                del inner[last]
            case "add":
                last = draw(st.text("abcXYZ", min_size=1, max_size=12))
                inner[last] = draw(WILD)
            case _:
                inner[last] = draw(st.integers(-2, 300))
        touched.add(parents[0] if parents else last)
    return config, touched


ENTANGLED = {"layout", "hardware", "model"}
"""Keys that rules look at together, and with the size of the cache and the length of names."""


@OFTEN
@given(mutated())
def test_any_mutation_of_a_legal_stack_plans_or_names_the_key_that_broke_it(
    case: tuple[dict[str, object], set[str]],
) -> None:
    config, touched = case
    result = outcome(config)
    if isinstance(result, Plan):
        assert result.gpus >= 2
        return
    assert result.problems
    assert all(problem.key and problem.rule and problem.fix for problem in result.problems)
    assert len(str(result)) < 20_000
    named = {problem.key.split(".")[0] for problem in result.problems}
    if touched & ENTANGLED:
        touched |= ENTANGLED | {"modelCache"}
    assert named <= touched


@OFTEN
@given(st.dictionaries(st.sampled_from([*stack(), "name", "hfTokenSecret", "frontend"]) | st.text(max_size=8), WILD))
def test_any_junk_is_refused(config: dict[str, object]) -> None:
    result = outcome(config)
    assert isinstance(result, ConfigError)
    assert result.problems


@OFTEN
@given(sites())
def test_a_legal_worker_is_placed_with_every_slot_on_one_gpu(site: RoleContext) -> None:
    if not legal(site):
        return
    roles = {"prefill": site.role, "decode": site.role}
    base = accept(stack(layout="lab-16gpu-singlenode"))
    whole = base.model_copy(
        update={
            "model": site.model,
            "hardware": site.hardware.model_copy(update={"nodes": 6 * site.role.nodes}),
            "layout": base.layout.model_copy(update=roles),
        }
    )
    placement = compute_placement(whole)
    gpus = [
        gpu
        for node in placement.nodes
        for pod in node.pods
        if (pod.role, pod.worker) == ("decode", 0)
        for gpu in pod.gpus
    ]
    slots = [expert for gpu in gpus if gpu.expert_shard == 0 for expert in (*gpu.experts, *gpu.redundant)]
    assert len(slots) == site.model.experts + site.role.redundant_experts
    assert set(slots) == set(range(site.model.experts))


@OFTEN
@given(sites(), st.sampled_from(Gpu))
def test_what_fits_a_gpu_fits_one_with_more_memory(site: RoleContext, other: Gpu) -> None:
    small, large = (
        RoleContext(site.name, site.role, site.model, site.hardware.model_copy(update={"gpu": gpu}))
        for gpu in sorted((site.hardware.gpu, other), key=lambda gpu: GPUS[gpu].memory_bytes)
    )
    assert fits(large) or not fits(small)


def test_a_shape_is_all_that_a_model_needs() -> None:
    """An unknown model with the shape of a known one plans the same, name and download aside."""
    known = MODELS["Qwen/Qwen3-30B-A3B"]
    shape: ModelShape = known.model_copy(update={"name": "me/mine"})
    hardware = {"gpu": "H100-80", "nodes": 1, "gpusPerNode": 8, "interconnect": "ethernet"}
    written = load(stack(model=shape.model_dump(mode="json", by_alias=True), layout="lab-8gpu", hardware=hardware))
    named = load(stack(model=known.name, layout="lab-8gpu", hardware=hardware))
    assert [role.memory for role in written.roles.values()] == [role.memory for role in named.roles.values()]
