"""Readings of GPUs as a table, and as JSON."""

from __future__ import annotations

import json
from collections.abc import Sequence

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from wideep_cli.gpus.evaluate import Gpu

__all__ = ["gpus_json", "gpus_text"]


def gpus_text(gpus: Sequence[Gpu], wrong: Sequence[str], unread: Sequence[str]) -> RenderableType:
    """Render a line per GPU, then what is wrong, or that nothing is."""
    table = Table(box=None, header_style="dim", padding=(0, 2, 0, 0), pad_edge=False)
    for name in ("pod", "node"):
        table.add_column(name, no_wrap=True)
    for name in ("GPU", "used", "predicted", "of", "busy", "°C", "W"):
        table.add_column(name, justify="right", no_wrap=True)
    table.add_column("")
    last = ""
    for gpu in gpus:
        member, reading = gpu.member, gpu.reading
        first, last = member.place != last, member.place
        table.add_row(
            member.place if first else "",
            member.pod.spec.node_name if first else "",
            str(reading.index),
            f"{gpu.used_gb:.1f} GB",
            f"{gpu.predicted.used:.1f} GB",
            f"{reading.total_bytes / 1e9:.1f} GB",
            "–" if reading.utilization is None else f"{reading.utilization} %",
            "–" if reading.temperature is None else str(reading.temperature),
            "–" if reading.watts is None else f"{reading.watts:.0f}",
            Text(", ".join(gpu.marks), style="red"),
        )
    names = sorted({f"{gpu.reading.name}, driver {gpu.reading.driver}" for gpu in gpus})
    verdict = [Text(f"! {line}") for line in (*wrong, *unread)]
    well = f"All {len(gpus)} GPUs match the plan's prediction." if gpus and not wrong else ""
    return Group(table, Text(), Text("; ".join(names)), *verdict, *([Text(well)] if well else []))


def gpus_json(gpus: Sequence[Gpu], wrong: Sequence[str], unread: Sequence[str]) -> str:
    """Render the same as JSON; GB are decimal."""
    content = {
        "holds": not wrong and not unread,
        "gpus": [_gpu(gpu) for gpu in gpus],
        "findings": list(wrong),
        "not_read": list(unread),
    }
    return json.dumps(content, indent=2, ensure_ascii=False)


def _gpu(gpu: Gpu) -> dict[str, object]:
    reading, predicted = gpu.reading, gpu.predicted
    return {
        "place": gpu.member.place,
        "pod": gpu.member.pod.name,
        "node": gpu.member.pod.spec.node_name,
        "index": reading.index,
        "name": reading.name,
        "driver": reading.driver,
        "total_gb": round(reading.total_bytes / 1e9, 3),
        "used_gb": round(gpu.used_gb, 3),
        "predicted_gb": round(predicted.used, 3),
        "predicted_pool_gb": round(predicted.pool, 3),
        "utilization_percent": reading.utilization,
        "temperature_celsius": reading.temperature,
        "power_watts": reading.watts,
        "marks": list(gpu.marks),
    }
