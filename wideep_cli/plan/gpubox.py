"""One GPU of the picture: its expert slots as squares above its memory as a bar."""

from __future__ import annotations

import math

from wideep.placement import GpuPlace
from wideep_cli.canvas import Box, Canvas, Edge, Type, ink_on
from wideep_cli.plan.view import RoleView

__all__ = [
    "FREE",
    "HAIRLINE",
    "INK",
    "KV",
    "MUTED",
    "REDUNDANT",
    "TAKEN",
    "WEIGHTS",
    "draw_gpu",
    "expert_colour",
    "gpu_height",
]

INK, MUTED = "#1b1f24", "#57606a"
HAIRLINE, EDGE = Edge("#d0d7de"), Edge("#8c959f")
WEIGHTS, KV, FREE, REDUNDANT = "#57606a", "#2da44e", "#ffffff", "#fb8f24"
TAKEN = "#d0d7de"
"""Colour of the memory that is taken before the engine takes its share."""
BAR = 7
"""Height of the memory bar."""
HEAD = 16
"""Height of the line with the GPU's number."""
SIDE = 18
"""The largest side of a slot."""
MOST_SLOTS = 180.0
"""The greatest height of a GPU's slots; if they need more, they are drawn smaller."""
READABLE = 14
"""The smallest side at which a slot shows its expert's number."""


def expert_colour(expert: int, experts: int) -> str:
    """Return the colour of an expert, from light to dark blue with the expert's number."""
    light, dark = (212, 231, 250), (16, 72, 144)
    part = expert / max(1, experts - 1)
    return "#" + "".join(f"{round(a + (b - a) * part):02x}" for a, b in zip(light, dark, strict=True))


def gpu_height(slots: int, width: float) -> float:
    """Return the height that a GPU of this width needs to show its slots."""
    room = width - 6
    columns = math.ceil(room / SIDE)
    return HEAD + min(math.ceil(slots / columns) * room / columns, MOST_SLOTS) + BAR + 8


def draw_gpu(canvas: Canvas, box: Box, gpu: GpuPlace, view: RoleView) -> None:
    """Draw a GPU in ``box``."""
    canvas.box(box, "#ffffff", EDGE, round_by=4)
    label = f"GPU {gpu.rank}"
    canvas.text(label, (box.x + 4, box.y + 11), Type(10, INK, bold=True))
    if view.plan.dp > 1 and box.width > 90:
        canvas.text(f"DP {gpu.attention_group}", (box.right - 4, box.y + 11), Type(10, MUTED, anchor="end"))
    _slots(canvas, Box(box.x + 3, box.y + HEAD, box.width - 6, box.height - HEAD - BAR - 8), gpu, view.model.experts)
    _memory(canvas, Box(box.x + 4, box.bottom - BAR - 4, box.width - 8, BAR), view)


def _slots(canvas: Canvas, room: Box, gpu: GpuPlace, experts: int) -> None:
    slots = [(expert, False) for expert in gpu.experts] + [(expert, True) for expert in gpu.redundant]
    columns = _columns(len(slots), room)
    rows = -(-len(slots) // columns)
    side = min(room.width / columns, room.height / rows, SIDE)
    left = room.x + (room.width - side * columns) / 2
    for place, (expert, copy) in enumerate(slots):
        row, column = divmod(place, columns)
        cell = Box(left + column * side + 0.5, room.y + row * side + 0.5, side - 1, side - 1)
        hint = f"copy of expert {expert}" if copy else f"expert {expert}"
        fill = REDUNDANT if copy else expert_colour(expert, experts)
        canvas.box(cell, fill, hint=hint)
        if side >= READABLE:
            size = min(9.0, side * 0.48)
            middle = (cell.x + cell.width / 2, cell.y + cell.height / 2 + size * 0.35)
            canvas.text(str(expert), middle, Type(size, ink_on(fill), anchor="middle"))


def _columns(count: int, room: Box) -> int:
    """Return the number of columns that makes the squares largest."""
    return max(range(1, count + 1), key=lambda columns: min(room.width / columns, room.height / -(-count // columns)))


def _memory(canvas: Canvas, room: Box, view: RoleView) -> None:
    total = view.gpu.memory_gb
    x = room.x
    shares = (("weights", view.plan.weights_gb, WEIGHTS), ("KV cache", view.plan.kv_cache_gb, KV))
    canvas.box(room, FREE, EDGE, hint=f"{total:.1f} GB")
    for name, gigabytes, colour in shares:
        width = gigabytes / total * room.width
        canvas.box(Box(x, room.y, width, room.height), colour, hint=f"{name}: {gigabytes:.1f} GB")
        x += width
