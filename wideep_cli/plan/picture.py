"""The placement as a picture: nodes, GPUs, the experts and redundant slots of each GPU, and its memory."""

from __future__ import annotations

from dataclasses import dataclass

from wideep.placement import GpuPlace, Placement, PodPlace, compute_placement
from wideep.settings.hardware import Interconnect
from wideep_cli.canvas import Box, Canvas, Type
from wideep_cli.plan.gpubox import (
    FREE,
    HAIRLINE,
    INK,
    KV,
    MUTED,
    REDUNDANT,
    WEIGHTS,
    draw_gpu,
    expert_colour,
    gpu_height,
)
from wideep_cli.plan.view import RoleView, all_to_all, headline, role_views
from wideep_cli.stack_context import StackContext

__all__ = ["PANEL_FILL", "PER_LINE", "Line", "draw_placement", "lines_of", "sizes_of"]

WIDTH = 1600
MARGIN = 40
GAP = 72
"""The gap between the two panels, where the arrow of the KV cache goes."""
PANEL = (WIDTH - 2 * MARGIN - GAP) / 2
PANEL_TOP, LINES_TOP = 112, 182
LABEL = 74
"""Width of a pod's name, left of its GPUs."""
PER_LINE = 8
"""The most GPUs side by side; a pod with more takes several lines."""
MOST_HEIGHT = 820
"""The greatest height of a panel's lines, so that the picture fits a slide; the other pods are alike and only
counted."""
SPACE = 6
NAMES = {
    Interconnect.INFINIBAND: "InfiniBand",
    Interconnect.ROCE: "RoCE",
    Interconnect.NVLINK: "NVLink",
    Interconnect.ETHERNET: "Ethernet",
}
PANEL_FILL, POD_FILL = "#f6f8fa", "#ffffff"


@dataclass(frozen=True)
class Line:
    """A pod on its node, or the part of the pod that fits on one line."""

    node: int
    pod: PodPlace
    gpus: tuple[GpuPlace, ...]


@dataclass(frozen=True)
class Panel:
    """One role's half of the picture."""

    view: RoleView
    lines: list[Line]
    x: float

    @property
    def gpu_width(self) -> float:
        """The width of a GPU, equal for all GPUs of the panel."""
        widest = max(len(line.gpus) for line in self.lines)
        return (PANEL - 2 * 12 - LABEL - SPACE * widest) / widest

    @property
    def pitch(self) -> float:
        """The distance from one line to the next: a GPU's height and the space around it."""
        return gpu_height(self.view.plan.expert_slots_per_gpu, self.gpu_width) + 2 * SPACE + 8

    @property
    def shown(self) -> int:
        """The number of lines that are drawn."""
        return min(len(self.lines), max(1, int(MOST_HEIGHT / self.pitch)))

    @property
    def box(self) -> Box:
        """The rectangle of the panel, as high as its lines."""
        rest = 28 if len(self.lines) > self.shown else 0
        return Box(self.x, PANEL_TOP, PANEL, LINES_TOP - PANEL_TOP + self.shown * self.pitch + rest + 4)


def draw_placement(loaded: StackContext) -> str:
    """Return the picture as SVG. The same plan gives the same text."""
    placement = compute_placement(loaded.settings)
    panels = [
        Panel(view, lines_of(placement, view), MARGIN + index * (PANEL + GAP))
        for index, view in enumerate(role_views(loaded))
    ]
    bottom = max(panel.box.bottom for panel in panels)
    title = headline(loaded)
    canvas = Canvas(WIDTH, bottom + 96, f"Placement of {title}")
    canvas.text(loaded.plan.model, (MARGIN, 58), Type(34, bold=True))
    canvas.text(title.split(" · ", 1)[1], (MARGIN, 90), Type(19, MUTED))
    for panel in panels:
        _panel(canvas, panel, loaded.settings.hardware.interconnect)
    _crossing(canvas, MARGIN + PANEL, (PANEL_TOP + min(panel.box.bottom for panel in panels)) / 2)
    _legend(canvas, bottom + 42, [panel.view for panel in panels])
    return canvas.svg()


def lines_of(placement: Placement, view: RoleView) -> list[Line]:
    """Return the lines of a role's pods, worker by worker."""
    on = [(node.node, pod) for node in placement.nodes for pod in node.pods if pod.role is view.role]
    on.sort(key=lambda place: (place[1].worker, place[1].pod))
    return [
        Line(node, pod, pod.gpus[first : first + PER_LINE])
        for node, pod in on
        for first in range(0, len(pod.gpus), PER_LINE)
    ]


def _panel(canvas: Canvas, panel: Panel, interconnect: Interconnect) -> None:
    box = panel.box
    canvas.box(box, PANEL_FILL, HAIRLINE, round_by=10)
    canvas.text(panel.view.role.capitalize(), (box.x + 16, box.y + 32), Type(22, bold=True))
    canvas.text(sizes_of(panel.view), (box.right - 16, box.y + 32), Type(17, anchor="end"))
    canvas.text(_exchange(panel.view, interconnect), (box.x + 16, box.y + 56), Type(14, MUTED))
    for row, line in enumerate(panel.lines[: panel.shown]):
        room = Box(box.x + 12, LINES_TOP + row * panel.pitch, box.width - 24, panel.pitch - 8)
        _line(canvas, room, panel, line)
    if len(panel.lines) > panel.shown:
        rest = f"and {len(panel.lines) - panel.shown} more lines alike"
        canvas.text(rest, (box.x + box.width / 2, box.bottom - 12), Type(15, MUTED, anchor="middle"))


def sizes_of(view: RoleView) -> str:
    """Return a role's workers and their parallelism as one line of text."""
    plan = view.plan
    workers = "1 worker" if plan.replicas == 1 else f"{plan.replicas} workers"
    pods = f"{plan.gpus_per_pod} GPUs" if plan.pods == 1 else f"{plan.pods} pods × {plan.gpus_per_pod} GPUs"
    dp = f" DP{plan.dp}" if plan.dp > 1 else ""
    return f"{workers} of {pods} · TP{plan.tp}{dp} EP{plan.ep}"


def _exchange(view: RoleView, interconnect: Interconnect) -> str:
    """Return the number of experts and how tokens reach those on other GPUs."""
    copies = f" + {view.plan.redundant_experts} redundant" if view.plan.redundant_experts else ""
    path = f"NVLink and {NAMES[interconnect]}" if view.site.crosses_nvlink else "NVLink"
    how = all_to_all(view.layout) if view.layout.deepep else view.site.engine.exchange(view.layout)
    return f"{view.model.experts} experts{copies} · {view.plan.expert_slots_per_gpu} slots per GPU · {how} over {path}"


def _line(canvas: Canvas, box: Box, panel: Panel, line: Line) -> None:
    canvas.box(box, POD_FILL, HAIRLINE, round_by=6)
    middle = box.y + box.height / 2
    canvas.text(f"node {line.node}", (box.x + 8, middle - 4), Type(13, bold=True))
    canvas.text(_pod(line.pod, panel.view), (box.x + 8, middle + 12), Type(11, MUTED))
    width = panel.gpu_width
    for column, gpu in enumerate(line.gpus):
        x = box.x + LABEL + column * (width + SPACE)
        draw_gpu(canvas, Box(x, box.y + SPACE, width, box.height - 2 * SPACE), gpu, panel.view)


def _pod(pod: PodPlace, view: RoleView) -> str:
    """Return the shortest name of a pod that is unique in its role."""
    if view.plan.replicas == 1:
        return f"pod {pod.pod}"
    return f"worker {pod.worker}" if view.plan.pods == 1 else f"w {pod.worker}, pod {pod.pod}"


def _crossing(canvas: Canvas, x: float, y: float) -> None:
    style = Type(14, bold=True, anchor="middle")
    canvas.arrow((x + 8, y), GAP - 16, INK)
    canvas.text("KV", (x + GAP / 2 - 4, y - 26), style)
    canvas.text("cache", (x + GAP / 2 - 4, y - 11), style)


def _legend(canvas: Canvas, y: float, views: list[RoleView]) -> None:
    model, gpu = views[0].model, views[0].gpu
    x = MARGIN
    for index in range(10):
        colour = expert_colour(round(index / 9 * (model.experts - 1)), model.experts)
        canvas.box(Box(x + index * 12, y - 13, 12, 15), colour)
    slots = f"a slot with expert 0 to {model.experts - 1}, the same in each of {model.moe_layers} MoE layers"
    canvas.text(slots, (x + 130, y), Type(15))
    if any(view.plan.redundant_experts for view in views):
        canvas.box(Box(x + 660, y - 13, 15, 15), REDUNDANT)
        canvas.text("redundant slot: a copy, which EPLB gives to a hot expert", (x + 683, y), Type(15))
    y += 26
    for colour, name in ((WEIGHTS, "weights"), (KV, "KV cache"), (FREE, "outside the pool")):
        canvas.box(Box(x, y - 13, 15, 15), colour, HAIRLINE)
        canvas.text(name, (x + 23, y), Type(15))
        x += 60 + 8 * len(name)
    sizes = "; ".join(f"{view.role} {_gigabytes(view)}" for view in views)
    canvas.text(f"of {gpu.memory_gb:.1f} GB on each {views[0].site.hardware.gpu}: {sizes}", (x, y), Type(15, MUTED))


def _gigabytes(view: RoleView) -> str:
    return f"{view.plan.weights_gb:.1f} + {view.plan.kv_cache_gb:.1f} + {view.memory.headroom_gb:.1f}"
