"""Links that fall short: NVLink within a node, the network between nodes, and the transports that NCCL chose.

Every link is compared with the median of its kind. Four healthy H100 exchanged 354 to 357 GB/s with each other, 0.79 of
the data sheet, and each pair was within 1 % of the median (docs/burnin.md).
"""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from statistics import median
from typing import Final

from wideep.burnin.figures import Measured, Network, NodeState, Send, Transport
from wideep.burnin.gpus import slow_gpus
from wideep.burnin.units import rate
from wideep.burnin.verdict import Verdict, under
from wideep.gpus.spec import Peaks
from wideep.settings.burnin import Floor
from wideep.text import some_of

__all__ = ["Place", "link_verdicts", "pairs"]

Place = tuple[str, int]
Pair = tuple[Place, Place]

SLOW_INSIDE: Final = 0.1
SLOW_BETWEEN: Final = 0.2
"""Share by which a slow link is below the median of its kind. Between nodes more is allowed, because others share the
network."""
NVLINK_STEP: Final = (
    "Look at the NVLinks of both (nvidia-smi nvlink -s, nvidia-smi nvlink -e) and at the fabric manager's log."
)
NETWORK_STEP: Final = "Look at cable and port of both adapters (ibstat, mlxlink) and at their switch."
_RATE: Final = re.compile(r"(\d+(?:\.\d+)?) Gb/sec")


def link_verdicts(measured: Measured, peaks: Peaks | None, floor: Floor, *, rdma: bool) -> Iterator[Verdict]:
    """Yield a verdict for everything that is wrong with the links. ``rdma``: the stack's nodes are connected by
    RDMA."""
    inside = {pair: value for pair, value in pairs(measured).items() if pair[0][0] == pair[1][0]}
    between = {pair: value for pair, value in pairs(measured).items() if pair not in inside}
    yield from _ports(measured)
    yield from _transports(measured, rdma=rdma)
    yield from _unanswered(between, "the network") if between else ()
    yield from _unanswered(inside, "NVLink")
    slow = slow_gpus(measured)
    inside, between = _without(inside, slow), _without(between, slow)
    yield from _slow(inside, SLOW_INSIDE, NVLINK_STEP)
    least = floor.nvlink * peaks.nvlink if peaks else 0.0
    yield from _low(inside, least, "NVLink", f"{floor.nvlink:g} of the data sheet", NVLINK_STEP)
    yield from _slow(between, SLOW_BETWEEN, NETWORK_STEP)
    if rdma and not _over_tcp(measured):
        least = floor.rdma * _adapter(measured, peaks)
        yield from _low(between, least, "the network", f"{floor.rdma:g} of the adapter's rate", NETWORK_STEP)


def pairs(measured: Measured) -> dict[Pair, float | None]:
    """Return the rate of the slower direction of each pair that was tried; None if a direction got no answer."""
    found: dict[Pair, list[float | None]] = defaultdict(list)
    for send in measured.of(Send):
        first, second = sorted([(send.node, send.gpu), (send.to_node, send.to_gpu)])
        found[first, second].append(send.value)
    return {pair: _least(values) for pair, values in sorted(found.items())}


def _least(values: Sequence[float | None]) -> float | None:
    answered = [value for value in values if value is not None]
    return min(answered) if len(answered) == len(values) else None


def _shown(pair: Pair) -> str:
    (node, gpu), (to_node, to_gpu) = pair
    return f"{node} GPU {gpu} ↔ " + (f"GPU {to_gpu}" if node == to_node else f"{to_node} GPU {to_gpu}")


def _without(links: dict[Pair, float | None], slow: set[Place]) -> dict[Pair, float | None]:
    """Return the links of GPUs that are not slow by themselves: a slow GPU slows its links, which are not reported
    again."""
    return {pair: value for pair, value in links.items() if not slow & set(pair)}


def _slow(links: dict[Pair, float | None], share: float, step: str) -> Iterator[Verdict]:
    """Yield a verdict for each link below the median, or for the GPU if all of its links are."""
    values = {pair: value for pair, value in links.items() if value is not None}
    if not values:
        return
    middle = median(values.values())
    slow = {pair: value for pair, value in values.items() if value < middle * (1 - share)}
    for place in sorted({place for pair in slow for place in pair}):
        own = [pair for pair in values if place in pair]
        if len(own) > 2 and all(pair in slow for pair in own):
            worst = min(slow[pair] for pair in own)
            fact = f"all its {len(own)} links are slow (down to {rate('send', worst)}, the median is"
            text = f"{place[0]} GPU {place[1]}: {fact} {rate('send', middle)}). {step}"
            yield Verdict(place[0], text, place[1])
            slow = {pair: value for pair, value in slow.items() if place not in pair}
    for pair, value in slow.items():
        fact = (
            f"{rate('send', value)}, {under(value, middle)} under the median of {len(values)} ({rate('send', middle)})"
        )
        yield Verdict(pair[0][0], f"{_shown(pair)}: {fact}. {step}", pair[0][1])


def _low(links: dict[Pair, float | None], floor: float, what: str, share: str, step: str) -> Iterator[Verdict]:
    """Yield a verdict if even the median of the faster half of the links is below the floor: no single link stands
    out."""
    values = [value for value in links.values() if value is not None]
    values = [value for value in values if value >= median(values)]
    if values and median(values) < floor:
        fact = f"{rate('send', median(values))} on its faster links, where {rate('send', floor)} is the least ({share})"
        yield Verdict(next(iter(links))[0][0], f"{what}: {fact}. {step}", of_network=what != "NVLink")


def _unanswered(links: dict[Pair, float | None], what: str) -> Iterator[Verdict]:
    """Yield verdicts for pairs without an answer; between nodes these are often all pairs of different rails."""
    lost = [pair for pair, value in links.items() if value is None]
    if not lost:
        return
    same_rail = [pair for pair in links if pair[0][1] == pair[1][1]]
    if what == "the network" and same_rail and len(lost) == len(links) - len(same_rail) and not {*lost} & {*same_rail}:
        fact = f"all {len(same_rail)} pairs of the same rail answer, and none of the {len(lost)} of different rails"
        step = "DeepEP sends between all of them: connect the rails with each other (switches, routes)."
        yield Verdict(
            lost[0][0][0], f"{what}: connects only adapters of the same rail ({fact}). {step}", of_network=True
        )
        return
    shown = some_of((_shown(pair) for pair in lost), 4)
    [(place, times), *_] = Counter(place for pair in lost for place in pair).most_common(1)
    if times == len(lost) > 1:
        own = sum(place in pair for pair in links)
        step = NVLINK_STEP if what == "NVLink" else NETWORK_STEP
        fact = f"{times} of its {own} links over {what} give no answer ({shown}). {step}"
        yield Verdict(place[0], f"{place[0]} GPU {place[1]}: {fact}", place[1])
        return
    [(node, times), *_] = Counter(node for pair in lost for node in {name for name, _ in pair}).most_common(1)
    step = f"Look at dmesg on {node}, which is in {times} of them, and at wideep network."
    yield Verdict(node, f"{what}: {len(lost)} of {len(links)} pairs give no answer ({shown}). {step}")


def _transports(measured: Measured, *, rdma: bool) -> Iterator[Verdict]:
    """Yield verdicts for slower transports, to which NCCL falls back silently."""
    for node in measured.nodes:
        inside = [line for line in measured.of(Transport) if line.node == line.to_node == node]
        around = sorted({way for line in inside for way in line.via if not way.startswith("P2P")})
        if around:
            step = "Look at nvidia-smi topo -m: P2P needs NVLink, or PCIe peer access (ACS off)."
            yield Verdict(node, f"{node}: NCCL takes indirect paths between its own GPUs ({some_of(around)}). {step}")
    nodes = _over_tcp(measured) if rdma else []
    if nodes:
        networks = {line.node: f"{line.plugin} {line.using}" for line in measured.of(Network)}
        evidence = networks.get(nodes[0], "NET/Socket in NCCL's log")
        step = "Check that the pods have RDMA devices (hardware.rdmaResource), and that NCCL_IB_HCA names them."
        yield Verdict(
            nodes[0], f"{some_of(nodes)}: NCCL used TCP instead of RDMA ({evidence}). {step}", of_network=True
        )


def _over_tcp(measured: Measured) -> list[str]:
    """Return the nodes that sent to another node through sockets."""
    lines = [line for line in measured.of(Transport) if line.node != line.to_node]
    return sorted({line.node for line in lines if any(way.startswith("NET/Socket") for way in line.via)})


def _ports(measured: Measured) -> Iterator[Verdict]:
    """Yield verdicts for ports that are down, and for nodes with fewer ports than others."""
    most = max((len(state.ports) for state in measured.of(NodeState)), default=0)
    for state in measured.of(NodeState):
        if 0 < len(state.ports) < most:
            fact = f"{len(state.ports)} RDMA ports, where other nodes have {most}"
            step = f"Look at lspci and dmesg on {state.node}, and at the devices that its RDMA device plugin offers."
            yield Verdict(state.node, f"{state.node}: {fact} ({some_of(port.port for port in state.ports)}). {step}")
        down = [f"{port.port} {port.state}" for port in state.ports if "ACTIVE" not in port.state]
        if down:
            step = "Look at the cable and at the switch's port."
            yield Verdict(state.node, f"{state.node}: {len(down)} RDMA ports are not active ({some_of(down)}). {step}")


def _adapter(measured: Measured, peaks: Peaks | None) -> float:
    """Return the bytes/s that an adapter can send: the rate of the slowest active port, else the data sheet's."""
    active = [port.rate for state in measured.of(NodeState) for port in state.ports if "ACTIVE" in port.state]
    rates = [float(found[1]) * 1e9 / 8 for found in map(_RATE.match, active) if found]
    return min(rates) if rates else (peaks.rdma if peaks else 0.0)
