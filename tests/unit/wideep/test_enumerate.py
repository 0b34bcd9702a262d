"""All legal layouts of a number of GPUs."""

import pytest

from tests.support.configs import settings
from wideep.catalog import MODELS
from wideep.enumerate import Enumeration, LayoutOption, layouts
from wideep.rules import check
from wideep.settings import Settings
from wideep.settings.hardware import Hardware
from wideep.settings.layout import Layout, Preset
from wideep.versions import DYNAMO

R1 = MODELS["deepseek-ai/DeepSeek-R1"]


def found(gpus: int, gpu: str = "H200", model: str = R1.name) -> Enumeration:
    return layouts(MODELS[model], nodes(gpu), gpus)


def nodes(gpu: str = "H200") -> Hardware:
    return settings(hardware={"gpu": gpu, "nodes": 64, "gpusPerNode": 8, "interconnect": "infiniband"}).hardware


def stack_of(option: LayoutOption, model: str = R1.name) -> Settings:
    hardware = nodes().model_dump(mode="json", by_alias=True)
    plain = settings(model=model, hardware=hardware, platform={"version": DYNAMO})
    layout = Layout(prefill=option.prefill.role, decode=option.decode.role)
    return plain.model_copy(update={"layout": layout})


@pytest.mark.parametrize(("gpus", "model"), [(16, R1.name), (48, R1.name), (8, "Qwen/Qwen3-30B-A3B")])
def test_every_layout_listed_is_legal_and_uses_all_gpus(gpus: int, model: str) -> None:
    options = found(gpus, model=model).layouts
    assert options
    for option in options:
        assert option.prefill.role.gpus + option.decode.role.gpus == gpus
        assert check(stack_of(option, model)) == []


@pytest.mark.parametrize("preset", [Preset.LAB_16GPU_SINGLENODE, Preset.LAB_32GPU])
def test_the_labs_own_decode_layouts_are_among_them(preset: Preset) -> None:
    decode = settings(layout=str(preset)).layout.decode
    assert decode in [option.decode.role for option in found(decode.gpus * 2).layouts]


def test_the_greatest_kv_capacity_comes_first() -> None:
    tokens = [option.decode.kv_tokens for option in found(48).layouts]
    assert tokens == sorted(tokens, reverse=True)


def test_what_is_left_out_has_its_reason_with_an_example() -> None:
    reasons = {left.rule: left for left in found(8).left_out}
    assert found(8).layouts == ()
    assert reasons["weights fit"].count > 0
    assert "675.3 GB on each GPU" in reasons["weights fit"].example


def test_more_memory_allows_what_less_does_not() -> None:
    small, large = found(16, "H100-80"), found(16, "H200")
    assert len(small.layouts) < len(large.layouts)


def test_one_gpu_cannot_hold_two_roles() -> None:
    assert found(1).layouts == ()
