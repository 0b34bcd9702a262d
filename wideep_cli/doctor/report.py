"""The findings as text, JSON and Markdown."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Sequence
from itertools import groupby

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from wideep_cli.doctor.check_context import CheckContext
from wideep_cli.doctor.finding import Finding, Verdict
from wideep_cli.doctor.node_capacity import gpu_nodes
from wideep_cli.markdown import code
from wideep_cli.markdown import table as markdown_table
from wideep_cli.options import OutputFormat
from wideep_cluster.gpu_nodes import PRODUCT_LABEL, GpuNode

__all__ = ["doctor_report"]

MARKS = {Verdict.PASSED: ("✓", "green"), Verdict.FAILED: ("✗", "bold red"), Verdict.UNKNOWN: ("?", "yellow")}
COLUMNS = ("node", "product", "GPUs", "free", "barred", "taken by")
SHOWN_NODES = 20


def doctor_report(case: CheckContext, findings: Sequence[Finding], output: OutputFormat) -> RenderableType:
    """Render all findings in the requested format."""
    nodes = gpu_nodes(case, own_count=True)
    match output:
        case OutputFormat.JSON:
            return _json(case, findings, nodes)
        case OutputFormat.MARKDOWN:
            rows = [[MARKS[f.verdict][0], f.section, code(f.what), "<br>".join(map(code, f.fix))] for f in findings]
            return markdown_table(["", "where", "what is there", "next step"], rows) + f"\n\n{_summary(findings)}"
        case OutputFormat.TEXT:
            return _text(case, findings, nodes)


def _text(case: CheckContext, findings: Sequence[Finding], nodes: list[GpuNode]) -> RenderableType:
    head = f"{case.plan.model} · {case.plan.layout} · namespace {case.settings.namespace}"
    blocks: list[RenderableType] = [Text(head, style="bold")]
    for section, group in groupby(findings, key=lambda finding: finding.section):
        blocks += [Text(f"\n{section}", style="bold"), _lines(list(group))]
        if section == "GPU nodes" and nodes:
            blocks.append(_node_table(nodes))
    return Group(*blocks, Text(f"\n{_summary(findings)}", style="bold"))


def _lines(findings: Sequence[Finding]) -> Table:
    grid = Table.grid(padding=(0, 1, 0, 0))
    grid.add_column(no_wrap=True)
    for finding in findings:
        mark, style = MARKS[finding.verdict]
        text = Text(finding.what)
        for fix in finding.fix:
            text.append(f"\n→ {fix}", style="cyan")
        grid.add_row(Text(f"  {mark}", style=style), text)
    return grid


def _node_table(nodes: list[GpuNode]) -> RenderableType:
    table = Table(box=None, header_style="dim", padding=(0, 2, 0, 0), pad_edge=False)
    for column in COLUMNS:
        table.add_column(column, justify="right" if column in ("GPUs", "free") else "left")
    for node in nodes[:SHOWN_NODES]:
        table.add_row(*_cells(node))
    more = [Text(f"and {len(nodes) - SHOWN_NODES} more", style="dim")] if len(nodes) > SHOWN_NODES else []
    from rich.padding import Padding

    return Padding(Group(table, *more), (0, 0, 0, 4))


def _cells(node: GpuNode) -> list[str]:
    product = node.node.labels.get(PRODUCT_LABEL, "–")
    return [node.node.name, product, str(node.node.gpus), str(node.free), node.barred, ", ".join(node.holders)]


def _summary(findings: Sequence[Finding]) -> str:
    counts = Counter(finding.verdict for finding in findings)
    parts = zip(Verdict, ("passed", "failed", "unknown"), strict=True)
    return ", ".join(f"{counts[verdict]} {word}" for verdict, word in parts) + "."


def _json(case: CheckContext, findings: Sequence[Finding], nodes: list[GpuNode]) -> str:
    body = {
        "holds": not any(finding.verdict is Verdict.FAILED for finding in findings),
        "namespace": case.settings.namespace,
        "graph": case.plan.name,
        "findings": [
            {
                "section": finding.section,
                "check": finding.check,
                "verdict": finding.verdict,
                "what": finding.what,
                "key": finding.key,
                "fix": list(finding.fix),
            }
            for finding in findings
        ],
        "nodes": [
            {
                "node": node.node.name,
                "product": node.node.labels.get(PRODUCT_LABEL),
                "gpus": node.node.gpus,
                "free": node.free,
                "barred": node.barred,
                "taken_by": list(node.taken_by),
            }
            for node in nodes
        ],
    }
    return json.dumps(body, indent=2, ensure_ascii=False)
