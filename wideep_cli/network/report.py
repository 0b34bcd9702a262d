"""The workers' network as a table and as JSON."""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import asdict

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from wideep_cli.network.examine import Examined

__all__ = ["network_json", "network_text", "unseen"]


def network_text(examined: list[Examined], wrong: tuple[str, ...]) -> RenderableType:
    """Render a line per pod, then what is wrong, or that nothing is, and what could not be seen."""
    table = Table(box=None, header_style="dim", padding=(0, 2, 0, 0), pad_edge=False)
    for name in ("pod", "node", "RDMA ports", "reaches", "NCCL uses"):
        table.add_column(name)
    for each in examined:
        table.add_row(
            each.member.place,
            each.member.pod.spec.node_name,
            _ports(each),
            _reach(each),
            ", ".join(each.transports) or "(not in the log)",
        )
    verdict = [Text(f"! {line}") for line in wrong] or [Text("No problem found.")]
    return Group(table, Text(), *verdict, *(Text(f"? {line}") for line in unseen(examined)))


def unseen(examined: list[Examined]) -> list[str]:
    """Return what could not be read in any pod, each reason once."""
    return list(dict.fromkeys(line for each in examined for line in each.unseen))


def _ports(each: Examined) -> str:
    if isinstance(each.ports, str):
        return each.ports if each.unseen else "none"
    counted = Counter((port.state, port.rate, port.layer) for port in each.ports)
    return ", ".join(f"{count} × {rate} Gbit/s {layer} {state}" for (state, rate, layer), count in counted.items())


def _reach(each: Examined) -> str:
    """Return ``3 of 3 pods``, or why there is no count."""
    if not each.reached:
        return "cannot be seen" if each.unseen else "(no other pod)"
    return f"{sum(reached.holds for reached in each.reached)} of {len(each.reached)} pods"


def network_json(examined: list[Examined], wrong: tuple[str, ...]) -> str:
    """Render the same as JSON."""
    hidden = unseen(examined)
    content = {
        "holds": not wrong and not hidden,
        "pods": [_entry(each) for each in examined],
        "findings": list(wrong),
        "not_seen": hidden,
    }
    return json.dumps(content, indent=2, ensure_ascii=False)


def _entry(each: Examined) -> dict[str, object]:
    seen = not isinstance(each.ports, str)
    return {
        "place": each.member.place,
        "pod": each.member.pod.name,
        "node": each.member.pod.spec.node_name,
        "rdma_ports": [asdict(port) for port in each.ports if not isinstance(port, str)] if seen else [],
        "rdma_error": None if seen else each.ports,
        "reaches": [asdict(reached) for reached in each.reached],
        "nccl_uses": list(each.transports),
        "complaints": list(each.complaints),
    }
