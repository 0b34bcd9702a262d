"""Draws the rooms and the packages of wideep as Mermaid charts of their imports."""

from __future__ import annotations

from collections import defaultdict
from pathlib import Path

import grimp

ROOT = Path(__file__).parents[2]
ROOMS = ("wideep", "wideep_cluster", "components", "wideep_cli", "ci", "sim")
Edges = dict[str, set[str]]


def edges(names: dict[str, str]) -> Edges:
    """Return which node imports which, without imports for type checking; ``names`` maps the packages drawn to
    nodes."""
    graph = grimp.build_graph(*ROOMS, exclude_type_checking_imports=True, cache_dir=None)
    found: Edges = defaultdict(set)
    for module in sorted(graph.modules):
        for imported in graph.find_modules_directly_imported_by(module):
            start, end = _node(module, names), _node(imported, names)
            if start and end and start != end:
                found[start].add(end)
    return found


def _node(module: str, names: dict[str, str]) -> str | None:
    """Return the node of the innermost package that is drawn; None if there is none."""
    inside = (package for package in names if f"{module}.".startswith(f"{package}."))
    best = max(inside, key=len, default=None)
    return names[best] if best else None


def essential(found: Edges) -> list[tuple[str, str]]:
    """Return the arrows without those that others imply: every node still reaches the same nodes."""
    kept = {start: set(ends) for start, ends in found.items()}
    for start in sorted(kept):
        for end in sorted(kept[start]):
            kept[start].discard(end)
            if end not in _reached(start, kept):
                kept[start].add(end)
    return sorted((start, end) for start, ends in kept.items() for end in ends)


def _reached(start: str, found: Edges) -> set[str]:
    seen: set[str] = set()
    todo = [start]
    while todo:
        todo += [end for end in found.get(todo.pop(), ()) if end not in seen and not seen.add(end)]
    return seen


def mermaid(arrows: list[tuple[str, str]], direction: str) -> str:
    """Return a Mermaid flowchart; two nodes that import each other share one arrow with two heads."""
    lines = ["```mermaid", f"flowchart {direction}"]
    for start, end in arrows:
        if (end, start) in arrows:
            lines += [f"    {start} <--> {end}"] if start < end else []
        else:
            lines.append(f"    {start} --> {end}")
    return "\n".join([*lines, "```"])


def pictures() -> str:
    """Return both charts with a sentence each."""
    rooms = {name: name for name in ROOMS}
    packages = {f"wideep.{each.parent.name}": each.parent.name for each in (ROOT / "wideep").glob("*/__init__.py")}
    return "\n\n".join(
        (
            "Which package imports which (an arrow that others imply is left out):",
            mermaid(essential(edges(rooms)), "LR"),
            "The same for the packages of `wideep`:",
            mermaid(essential(edges(packages)), "LR"),
        )
    )
