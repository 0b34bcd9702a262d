"""A figure of one GPU's memory in several layouts, one bar below the other."""

from __future__ import annotations

from collections.abc import Sequence

from wideep.settings.layout import Role
from wideep_cli.canvas import Box, Canvas, Edge, Type, ink_on
from wideep_cli.plan.gpubox import EDGE, FREE, KV, MUTED, TAKEN, WEIGHTS, expert_colour
from wideep_cli.plan.view import MemoryShare, RoleView, memory_shares, role_views
from wideep_cli.stack_context import StackContext

__all__ = ["draw_memory"]

WIDTH, MARGIN, LABEL = 1200, 40, 250
BAR, PITCH, TOP = 40, 62, 84
PARTS = {
    "experts": (expert_colour(3, 4), "experts"),
    "other weights": (WEIGHTS, "other weights"),
    "KV cache": (KV, "KV cache"),
    "outside the pool": (FREE, "activations, CUDA graphs, buffers"),
    "CUDA and NCCL": (TAKEN, "CUDA and NCCL"),
}
"""Colour and legend of each segment of a bar."""
NARROW = 40
"""Width in pixels below which a segment gets no number."""


def draw_memory(stacks: Sequence[StackContext], role: Role = Role.DECODE) -> str:
    """Return the figure as SVG, with one bar for each stack that shows the whole memory of a GPU of that role."""
    views = [next(view for view in role_views(loaded) if view.role is role) for loaded in stacks]
    height = TOP + len(views) * PITCH + 50
    gpus = " and ".join(dict.fromkeys(f"{view.site.hardware.gpu} ({view.gpu.memory_gb:.1f} GB)" for view in views))
    canvas = Canvas(WIDTH, height, f"Memory of a {role} GPU by layout")
    caches = [view.memory.kv_cache_gb for view in views]
    point = f"{min(caches):.0f} to {max(caches):.0f} GB of KV cache on each {role} GPU, by how wide experts are spread"
    canvas.text(point, (MARGIN, 34), Type(20, bold=True))
    canvas.text(f"{stacks[0].plan.model}, GB on {gpus}", (MARGIN, 60), Type(15, MUTED))
    for row, (loaded, view) in enumerate(zip(stacks, views, strict=True)):
        y = TOP + row * PITCH
        canvas.text(loaded.plan.layout, (MARGIN, y + 18), Type(16, bold=True))
        canvas.text(_sizes(view), (MARGIN, y + 36), Type(13, MUTED))
        _bar(canvas, Box(MARGIN + LABEL, y, WIDTH - 2 * MARGIN - LABEL, BAR), memory_shares(view.memory))
    _legend(canvas, height - 24)
    return canvas.svg()


def _sizes(view: RoleView) -> str:
    plan = view.plan
    return f"EP{plan.ep} DP{plan.dp}: {plan.expert_slots_per_gpu} slots per GPU"


def _bar(canvas: Canvas, room: Box, shares: Sequence[MemoryShare]) -> None:
    total = sum(share.gigabytes for share in shares)
    x = room.x
    for share in shares:
        fill, _ = PARTS[share.name]
        box = Box(x, room.y, share.gigabytes / total * room.width, room.height)
        canvas.box(box, fill, EDGE, hint=f"{share.name}: {share.gigabytes:.1f} GB")
        if box.width >= NARROW:
            middle = (box.x + box.width / 2, box.y + box.height / 2 + 5)
            canvas.text(f"{share.gigabytes:.1f}", middle, Type(15, ink_on(fill), bold=True, anchor="middle"))
        x = box.right


def _legend(canvas: Canvas, y: float) -> None:
    x = MARGIN + LABEL
    for fill, name in PARTS.values():
        canvas.box(Box(x, y - 13, 15, 15), fill, Edge("#8c959f"))
        canvas.text(name, (x + 23, y), Type(15))
        x += 40 + 8 * len(name)
