"""The picture of a placement, whatever the layout: every expert is in it, and nothing leaves the page."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from typing import Any
from xml.etree import ElementTree

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.golden.cases import ON_SGLANG, config, on_its_engine
from wideep.catalog.layouts import PRESETS
from wideep.plan import make_plan
from wideep.rules import accept_settings
from wideep.settings import parse
from wideep.settings.layout import Preset
from wideep_cli.canvas import contrast, ink_on
from wideep_cli.plan.memory_figure import draw_memory
from wideep_cli.plan.picture import draw_placement
from wideep_cli.plan.slide import SMALLEST, draw_slide
from wideep_cli.stack_context import StackContext

SVG = "{http://www.w3.org/2000/svg}"
QWEN, R1 = "Qwen/Qwen3-30B-A3B", "deepseek-ai/DeepSeek-R1"


def loaded(layout: object, model: str = R1, nodes: int = 64, per_node: int = 8, gpu: str = "H200") -> StackContext:
    return planned(
        {
            "namespace": "lab",
            "model": model,
            "hardware": {"gpu": gpu, "nodes": nodes, "gpusPerNode": per_node, "interconnect": "infiniband"},
            "layout": layout,
            "image": {"source": "existing", "reference": "registry.example.com/wideep:0.6.0"},
            "hfTokenSecret": "hf-token",
            "modelCache": {"size": "1Ti"},
        }
    )


def planned(stack: dict[str, Any]) -> StackContext:
    settings = parse(stack)
    return StackContext(settings, make_plan(accept_settings(settings)), ())


def role(**sizes: object) -> dict[str, object]:
    return {"replicas": 1, "nodes": 1, "gpusPerNode": 8, "tp": 8, "dp": 1, "ep": 8, **sizes}


CASES: dict[str, Any] = {
    **{str(preset): lambda preset=preset: loaded(preset) for preset in ON_SGLANG if preset is not Preset.LAB_8GPU},
    "trtllm-36gpu": lambda: planned(config(Preset.TRTLLM_36GPU, **on_its_engine(Preset.TRTLLM_36GPU))),
    "lab-8gpu": lambda: loaded("lab-8gpu", QWEN),
    "many workers": lambda: loaded({"prefill": role(replicas=3), "decode": role(replicas=30)}, QWEN),
    "one GPU": lambda: loaded(
        {"prefill": role(gpusPerNode=1, tp=1, ep=1), "decode": role(gpusPerNode=1, tp=1, ep=1)}, QWEN
    ),
    "a worker without EP": lambda: loaded({"prefill": role(ep=1), "decode": role(ep=2)}),
    "a node of 72 GPUs": lambda: loaded(
        {"prefill": role(), "decode": role(gpusPerNode=16, tp=16, dp=16, ep=16)}, nodes=2, per_node=72, gpu="GB200"
    ),
}


def drawn(case: str, draw: Callable[[StackContext], str] = draw_placement) -> ElementTree.Element:
    return ElementTree.fromstring(draw(CASES[case]()))  # noqa: S314 - our own text


@pytest.mark.parametrize("draw", [draw_placement, draw_slide])
@pytest.mark.parametrize("case", CASES)
def test_nothing_leaves_the_page(case: str, draw: Callable[[StackContext], str]) -> None:
    page = drawn(case, draw)
    width, height = float(page.attrib["width"]), float(page.attrib["height"])
    for rect in page.iter(f"{SVG}rect"):
        x, y, w, h = (float(rect.attrib[name]) for name in ("x", "y", "width", "height"))
        assert w > 0
        assert h > 0
        assert min(x, y, width - x - w, height - y - h) >= -0.1
    for text in page.iter(f"{SVG}text"):
        length = 0.55 * float(text.attrib["font-size"]) * len(text.text or "")
        x = float(text.attrib["x"]) - {"middle": length / 2, "end": length}.get(text.attrib.get("text-anchor", ""), 0)
        assert min(x, width - x - length) >= 0, text.text


NOT_WHOLE = (Preset.LAB_8GPU, Preset.BEST_104GPU)
"""A preset that R1 does not fit, and one with more workers than a page holds."""


@pytest.mark.parametrize("preset", [preset for preset in PRESETS if preset not in NOT_WHOLE])
def test_each_worker_holds_each_expert_once_and_its_redundant_copies(preset: Preset) -> None:
    layouts = PRESETS[preset].values()
    hints = Counter(title.text or "" for title in drawn(preset).iter(f"{SVG}title"))
    assert {hints[f"expert {expert}"] for expert in range(256)} == {sum(layout.replicas for layout in layouts)}
    copies = sum(count for hint, count in hints.items() if hint.startswith("copy of expert "))
    assert copies == sum(layout.replicas * layout.redundant_experts for layout in layouts)


@pytest.mark.parametrize("case", CASES)
def test_a_slide_has_no_letters_that_a_room_cannot_read(case: str) -> None:
    sizes = [float(text.attrib["font-size"]) for text in drawn(case, draw_slide).iter(f"{SVG}text")]
    assert min(sizes) >= SMALLEST


def test_a_slide_counts_the_experts_of_each_gpu_and_its_copies() -> None:
    counts = [text.text or "" for text in drawn("wide-32gpu", draw_slide).iter(f"{SVG}text")]
    assert counts.count("18") == 2 * 14
    assert [count for count in counts if " + " in count] == ["4 + 14", "0 + 18"] * 2


def test_what_is_more_than_a_page_holds_is_counted() -> None:
    texts = [text.text or "" for text in drawn("many workers").iter(f"{SVG}text")]
    rest = sum(int(text.split()[1]) for text in texts if text.endswith(" more lines alike"))
    assert rest > 0
    assert sum(text.startswith("node ") for text in texts) + rest == 33


def test_a_rack_that_is_one_nvlink_domain_needs_no_other_path() -> None:
    wide = role(nodes=4, gpusPerNode=4, tp=16, dp=16, ep=16)
    rack = loaded({"prefill": wide, "decode": wide}, nodes=8, per_node=4, gpu="GB200")
    assert "over NVLink<" in draw_placement(rack)
    assert "over NVLink and InfiniBand<" in draw_placement(loaded("wide-32gpu"))


def test_the_same_plan_gives_the_same_file() -> None:
    assert draw_placement(loaded("wide-32gpu")) == draw_placement(loaded("wide-32gpu"))


def test_bars_of_memory_add_up_to_the_gpu() -> None:
    page = ElementTree.fromstring(draw_memory([loaded("wide-32gpu"), loaded("wide-104gpu")]))  # noqa: S314
    shares = [title.text or "" for rect in page.iter(f"{SVG}rect") for title in rect.iter(f"{SVG}title")]
    assert len(shares) == 10
    gigabytes = [float(share.split(": ")[1].removesuffix(" GB")) for share in shares]
    assert sum(gigabytes[:5]) == pytest.approx(150.1, abs=0.2)
    assert sum(gigabytes[5:]) == pytest.approx(150.1, abs=0.2)


@given(st.integers(0, 0xFFFFFF).map("#{:06x}".format))
def test_a_number_can_be_read_on_any_colour(fill: str) -> None:
    assert contrast(ink_on(fill), fill) >= 4.5


def test_contrast_is_that_of_the_standard() -> None:
    assert contrast("#000000", "#ffffff") == pytest.approx(21)
    assert contrast("#777777", "#ffffff") == pytest.approx(4.48, abs=0.01)


@pytest.mark.parametrize(
    ("case", "said"),
    [
        ("trtllm-36gpu", "8 slots per GPU · all-to-all over NVLink<"),
        ("lab-16gpu-singlenode", "32 slots per GPU · all-gather and all-reduce over NVLink<"),
        ("many workers", "16 slots per GPU · all-reduce over NVLink<"),
    ],
)
def test_what_moves_tokens_without_deepep_is_the_engines_own(case: str, said: str) -> None:
    assert said in draw_placement(CASES[case]())
