"""Draws the README's picture of the system, for light and dark mode, with the numbers of the demo's stack."""

from __future__ import annotations

from collections.abc import Iterator
from html import escape
from pathlib import Path

from docs.generate.concepts import stack
from wideep.plan import RolePlan
from wideep.settings.layout import Preset, Role
from wideep_cli.canvas import Box

__all__ = ["pages"]

FIGURE = Path(__file__).parents[1] / "figures" / "architecture.svg"
WIDTH, HEIGHT = 1000, 470
STYLE = """
svg { --page: #ffffff; --text: #0f172a; --soft: #475569; --line: #94a3b8; --card: #f8fafc; --blue: #dbeafe;
  --blue-line: #3b82f6; --green: #d1fae5; --green-line: #059669; --amber: #fef3c7; --amber-line: #d97706; }
@media (prefers-color-scheme: dark) { svg { --page: #0d1117; --text: #e6edf3; --soft: #9da7b3; --line: #6e7681;
  --card: #161b22; --blue: #132d52; --blue-line: #58a6ff; --green: #0f3a2c; --green-line: #3fb98a;
  --amber: #3d2c07; --amber-line: #e3a008; } }
text { font-family: Helvetica, Arial, 'DejaVu Sans', sans-serif; fill: var(--text); font-size: 13px; }
.head { font-size: 16px; font-weight: 600; } .soft { fill: var(--soft); } .middle { text-anchor: middle; }
.card { fill: var(--card); stroke: var(--line); } .blue { fill: var(--blue); stroke: var(--blue-line); }
.green { fill: var(--green); stroke: var(--green-line); } .amber { fill: var(--amber); stroke: var(--amber-line); }
.cluster { fill: none; stroke: var(--line); stroke-dasharray: 6 5; }
.arrow { stroke: var(--soft); stroke-width: 2; fill: none; marker-end: url(#tip); }
#tip path { fill: var(--soft); }
""".strip()


def pages() -> dict[Path, str]:
    """Return the picture."""
    plan = stack(Preset.BEST_64GPU).plan
    lines = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" width="{WIDTH}" height="{HEIGHT}">',
        "<title>What one pulumi up creates, and the way of a request</title>",
        f"<style>{STYLE}</style>",
        '<defs><marker id="tip" viewBox="0 0 10 10" refX="8" refY="5" markerWidth="7" markerHeight="7" orient="auto">'
        '<path d="M0 0 10 5 0 10z"/></marker></defs>',
        f'<rect width="{WIDTH}" height="{HEIGHT}" fill="var(--page)"/>',
        *_outside(),
        '<rect class="cluster" x="196" y="20" width="788" height="434" rx="14"/>',
        _text("Your Kubernetes cluster", 212, 44, "soft"),
        *_platform(),
        *_card("blue", Box(216, 178, 148, 96), "Frontend", ("OpenAI API,", "router over workers")),
        *_workers("green", 416, "Prefill: reads prompts", plan.roles[Role.PREFILL]),
        *_workers("amber", 728, "Decode: writes answers", plan.roles[Role.DECODE]),
        *_storage(),
        _arrow(150, 226, 214, 226),
        _arrow(364, 226, 414, 226),
        _arrow(654, 226, 726, 226),
        _text("KV cache", 690, 206, "middle"),
        _text("RDMA", 690, 246, "soft middle"),
        "</svg>",
    ]
    return {FIGURE: "\n".join(lines) + "\n"}


def _outside() -> Iterator[str]:
    yield from _card("card", Box(16, 60, 134, 76), "pulumi up", ("one stack file", "checked first"))
    yield from _card("card", Box(16, 188, 134, 76), "Client", ("chat completion",))
    yield from _card("card", Box(16, 316, 134, 98), "Hub, registry", ("weights", "engine image"))
    yield _arrow(150, 98, 214, 98)
    yield _arrow(150, 380, 214, 380)


def _platform() -> Iterator[str]:
    says = ("installed with Helm: the operator and Grove make the pods of one DynamoGraphDeployment;",)
    yield from _card("card", Box(216, 58, 748, 78), "Dynamo platform", (*says, "pulumi up returns when they serve"))


def _storage() -> Iterator[str]:
    says = ("one volume for all pods, filled by a Job while platform and image are being made",)
    yield from _card("card", Box(216, 342, 748, 76), "Model cache", says)
    yield _arrow(535, 342, 535, 312)
    yield _arrow(847, 342, 847, 312)


def _workers(colour: str, x: int, head: str, role: RolePlan) -> Iterator[str]:
    """Yield a role's card: what it does, and its workers as rows of GPUs."""
    width = 238
    yield from _card(colour, Box(x, 150, width, 160), head, ())
    name = f"{role.replicas} × {role.pods * role.gpus_per_pod} GPUs, EP{role.ep}"
    yield _text(name, x + width / 2, 194, "soft middle")
    size, gap = 11, 3
    per_row = role.pods * role.gpus_per_pod
    left = x + (width - per_row * (size + gap) + gap) / 2
    for worker in range(role.replicas):
        for gpu in range(per_row):
            at = f'x="{left + gpu * (size + gap):.1f}" y="{210 + worker * (size + 11)}"'
            yield f'<rect {at} width="{size}" height="{size}" rx="2" class="{colour}"/>'


def _card(colour: str, box: Box, head: str, says: tuple[str, ...]) -> Iterator[str]:
    at = f'x="{box.x}" y="{box.y}" width="{box.width}" height="{box.height}"'
    yield f'<rect class="{colour}" {at} rx="10" stroke-width="1.5"/>'
    middle = box.x + box.width / 2
    yield _text(head, middle, box.y + 27, "head middle")
    for number, line in enumerate(says):
        yield _text(line, middle, box.y + 49 + 18 * number, "soft middle")


def _text(text: str, x: float, y: float, style: str) -> str:
    return f'<text x="{x:g}" y="{y:g}" class="{style}">{escape(text)}</text>'


def _arrow(x: int, y: int, to_x: int, to_y: int) -> str:
    return f'<path class="arrow" d="M{x} {y}L{to_x} {to_y}"/>'
