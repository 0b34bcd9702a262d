"""Writes docs/concepts.md and its figures: the text from concepts.md.in, every number and picture from the program."""

from __future__ import annotations

import textwrap
from pathlib import Path

from docs.generate.concept_figures import Bar, draw_attention, draw_balance
from wideep.catalog.gpus import GPUS
from wideep.catalog.layouts import PRESETS
from wideep.catalog.models import MODELS
from wideep.gpus.spec import GIB
from wideep.memory import expert_slot_bytes
from wideep.plan import Plan, RolePlan, make_plan
from wideep.rules import accept_settings
from wideep.settings import parse
from wideep.settings.hardware import Gpu
from wideep.settings.layout import Preset, Role
from wideep_cli.plan.memory_figure import draw_memory
from wideep_cli.plan.picture import draw_placement
from wideep_cli.stack_context import StackContext

DOCS = Path(__file__).parents[1]
MODEL = MODELS["deepseek-ai/DeepSeek-R1"]
HOT = 4
"""Load of the text's hot expert, as a multiple of its share."""
BLOCK = 128
"""Side of the blocks in which DeepSeek's FP8 weights are quantized (``weight_block_size`` of its config.json)."""
WIDE_EP = 64
"""The wide EP of that example, which divides the experts without redundant ones."""


def stack(preset: Preset) -> StackContext:
    """Return DeepSeek-R1 in a preset, on exactly as many H200 nodes as it takes."""
    roles = PRESETS[preset].values()
    config = {
        "namespace": "concepts",
        "model": MODEL.name,
        "hardware": {
            "gpu": Gpu.H200,
            "nodes": sum(role.replicas * role.nodes for role in roles),
            "gpusPerNode": max(role.gpus_per_node for role in roles),
            "interconnect": "infiniband",
        },
        "layout": preset,
        "image": {"source": "published"},
        "hfTokenSecret": "hf-token",
        "modelCache": {"size": "1Ti"},
    }
    settings = parse(config)
    return StackContext(settings, make_plan(accept_settings(settings)), ())


def busiest(ep: int, copies: int) -> float:
    """Return the load of the GPU with the hot expert, relative to the mean of all GPUs, if all hold equally many
    experts.

    The hot expert gets HOT times its share, the others divide the rest evenly; its load is divided among its copies.
    """
    held = MODEL.experts // ep
    other = (MODEL.experts - HOT) / (MODEL.experts - 1)
    return (HOT / copies + (held - 1) * other) / held


def numbers() -> dict[str, object]:
    """Return the values that concepts.md.in refers to."""
    plans = {
        "a": stack(Preset.LAB_16GPU_SINGLENODE).plan,
        "b": stack(Preset.LAB_16GPU_MULTINODE).plan,
        "w32": stack(Preset.WIDE_32GPU).plan,
        "w104": stack(Preset.WIDE_104GPU).plan,
    }
    roles = {name: Roles(plan) for name, plan in plans.items()}
    hop = MODEL.experts_per_token * MODEL.hidden_size * (1 + 2)
    wide = PRESETS[Preset.WIDE_104GPU]
    return {
        **roles,
        **memory_numbers(roles["a"], roles["w32"], roles["w104"]),
        **balance_numbers(roles["a"]),
        "r1": MODEL,
        "h200": GPUS[Gpu.H200],
        "h200_gib": GPUS[Gpu.H200].memory_gb * 1e9 / GIB,
        "gb200": GPUS[Gpu.GB200],
        "w104_nodes": plans["w104"].nodes,
        "block": BLOCK,
        "most_tp": MODEL.expert_width // BLOCK,
        "prefill_mode": wide[Role.PREFILL].deepep_mode,
        "decode_mode": wide[Role.DECODE].deepep_mode,
        "hop_kb": hop / 1e3,
        "token_mb": hop * MODEL.moe_layers / 1e6,
    }


class Roles:
    """Both roles of a plan as attributes, as the text refers to them."""

    def __init__(self, plan: Plan) -> None:
        self.prefill = plan.roles[Role.PREFILL]
        self.decode = plan.roles[Role.DECODE]


def memory_numbers(a: Roles, w32: Roles, w104: Roles) -> dict[str, float]:
    """Return sizes of parts of the weights in GB and of the KV cache in kB per token, and a count of tokens."""
    slot = expert_slot_bytes(MODEL) / 1e9
    return {
        "experts_gb": slot * MODEL.experts,
        "slot_gb": slot,
        "w32_redundant_gb": slot * w32.decode.redundant_experts / w32.decode.ep,
        "w104_redundant_gb": slot * w104.decode.redundant_experts / w104.decode.ep,
        "w104_other_gb": w104.decode.weights_gb - w104.decode.memory.weights["expert_slots"],
        "attention_gb": attention_gb(a.decode),
        "attention_tp_gb": attention_gb(a.prefill),
        "kv_kb": a.decode.memory.kv_bytes_per_token / 1e3,
        "a_decode_tokens": a.decode.dp * a.decode.kv_cache_tokens,
    }


def attention_gb(role: RolePlan) -> float:
    """Return the GB of all attention weights on one GPU."""
    return role.memory.weights["attention"] + role.memory.weights["attention_replicated"]


def balance_numbers(a: Roles) -> dict[str, float]:
    """Return the values of the hot expert's example."""
    return {
        "hot": HOT,
        "a_neighbours": MODEL.experts // a.decode.ep - 1,
        "wide_ep": WIDE_EP,
        "wide_neighbours": MODEL.experts // WIDE_EP - 1,
        "hot_narrow": busiest(a.decode.ep, 1),
        "hot_wide": busiest(WIDE_EP, 1),
        "hot_copied": busiest(WIDE_EP, 2),
    }


def balance_bars(a: Roles) -> list[Bar]:
    """Return the bars of the same example's figure."""
    load = balance_numbers(a)
    return [
        Bar(f"EP {a.decode.ep}, {MODEL.experts // a.decode.ep} experts per GPU", load["hot_narrow"]),
        Bar(f"EP {WIDE_EP}, {MODEL.experts // WIDE_EP} experts per GPU", load["hot_wide"]),
        Bar(f"EP {WIDE_EP}, and a copy on another GPU", load["hot_copied"]),
    ]


def wrapped(paragraph: str) -> str:
    """Return a paragraph of prose in lines of at most 120 characters; headings and figures unchanged."""
    if paragraph.startswith(("#", "![")):
        return paragraph
    return textwrap.fill(" ".join(paragraph.split()), 120, break_long_words=False, break_on_hyphens=False)


def pages() -> dict[Path, str]:
    """Return each file with its content."""
    text = (DOCS / "concepts.md.in").read_text(encoding="utf-8").format(**numbers())
    text = "\n\n".join(wrapped(paragraph) for paragraph in text.split("\n\n"))
    memory = [stack(preset) for preset in (Preset.LAB_16GPU_SINGLENODE, Preset.WIDE_32GPU, Preset.WIDE_104GPU)]
    a = Roles(memory[0].plan)
    note = "<!-- Written by python -m docs.generate from concepts.md.in. Change that, not this. -->\n\n"
    return {
        DOCS / "concepts.md": note + text.rstrip() + "\n",
        DOCS / "figures" / "memory.svg": draw_memory(memory),
        DOCS / "figures" / "attention.svg": draw_attention(
            a.prefill.kv_cache_tokens, a.decode.kv_cache_tokens, a.decode.dp
        ),
        DOCS / "figures" / "balance.svg": draw_balance(balance_bars(a), HOT),
        **{
            DOCS / "figures" / f"{preset}.svg": draw_placement(stack(preset))
            for preset in (Preset.LAB_16GPU_SINGLENODE, Preset.WIDE_104GPU)
        },
    }
