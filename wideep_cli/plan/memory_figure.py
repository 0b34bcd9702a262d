"""One GPU's memory in several layouts, as bars side by side."""

from __future__ import annotations

from collections.abc import Sequence

from wideep.settings.layout import Role
from wideep_cli.canvas import Box, Canvas, Edge, Type
from wideep_cli.plan.gpubox import EDGE, FREE, INK, KV, MUTED, TAKEN, WEIGHTS, expert_colour
from wideep_cli.plan.view import MemoryShare, RoleView, memory_shares, role_views
from wideep_cli.stack_context import StackContext

__all__ = ["draw_memory"]

WIDTH, MARGIN, LABEL = 1200, 40, 250
BAR, PITCH, TOP = 40, 62, 84
PARTS = {
    "experts": (expert_colour(3, 4), "#ffffff"),
    "other weights": (WEIGHTS, "#ffffff"),
    "KV cache": (KV, "#ffffff"),
    "outside the pool": (FREE, INK),
    "CUDA and NCCL": (TAKEN, INK),
}
"""Colour of each stretch, and of the number in it."""
NARROW = 40
"""A stretch that is less wide than this, in pixels, gets no number."""


def draw_memory(stacks: Sequence[StackContext], role: Role = Role.DECODE) -> str:
    """The picture as SVG: one bar for each stack, its GPU's memory from end to end."""
    views = [next(view for view in role_views(loaded) if view.role is role) for loaded in stacks]
    height = TOP + len(views) * PITCH + 50
    gpus = " and ".join(dict.fromkeys(f"{view.site.hardware.gpu} ({view.gpu.memory_gb:.1f} GB)" for view in views))
    canvas = Canvas(WIDTH, height, f"Memory of a {role} GPU by layout")
    canvas.text(f"{stacks[0].plan.model}: GB on one {role} GPU, {gpus}", (MARGIN, 46), Type(20, bold=True))
    for row, (loaded, view) in enumerate(zip(stacks, views, strict=True)):
        y = TOP + row * PITCH
        canvas.text(loaded.plan.layout, (MARGIN, y + 18), Type(16, bold=True))
        canvas.text(_sizes(view), (MARGIN, y + 36), Type(13, MUTED))
        _bar(canvas, Box(MARGIN + LABEL, y, WIDTH - 2 * MARGIN - LABEL, BAR), memory_shares(view.memory))
    _legend(canvas, height - 24)
    return canvas.svg()


def _sizes(view: RoleView) -> str:
    plan = view.plan
    return f"EP{plan.ep} DP{plan.dp}: {plan.expert_slots_per_gpu} slots a GPU"


def _bar(canvas: Canvas, room: Box, shares: Sequence[MemoryShare]) -> None:
    total = sum(share.gigabytes for share in shares)
    x = room.x
    for share in shares:
        fill, ink = PARTS[share.name]
        box = Box(x, room.y, share.gigabytes / total * room.width, room.height)
        canvas.box(box, fill, EDGE, hint=f"{share.name}: {share.gigabytes:.1f} GB")
        if box.width >= NARROW:
            middle = (box.x + box.width / 2, box.y + box.height / 2 + 5)
            canvas.text(f"{share.gigabytes:.1f}", middle, Type(15, ink, bold=True, anchor="middle"))
        x = box.right


def _legend(canvas: Canvas, y: float) -> None:
    x = MARGIN + LABEL
    for name, (fill, _) in PARTS.items():
        canvas.box(Box(x, y - 13, 15, 15), fill, Edge("#8c959f"))
        canvas.text(name, (x + 23, y), Type(15))
        x += 60 + 8 * len(name)
