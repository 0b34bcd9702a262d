"""The record of a burn-in for each node: enough for a roofline, and to notice that a node has changed."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator

from pydantic import BaseModel, ConfigDict

from wideep.burnin.figures import Done, GpuFigure, GpuState, Measured
from wideep.burnin.links import pairs
from wideep.burnin.verdict import Verdict
from wideep.gpus.spec import Peaks

__all__ = ["KeptGpu", "KeptNode", "kept_nodes", "peaks_of"]


class _Kept(BaseModel):
    model_config = ConfigDict(frozen=True, extra="ignore")


class KeptGpu(_Kept):
    """One GPU: its figures in bytes/s or operations/s; None: not measured."""

    gpu: int
    name: str = ""
    uuid: str = ""
    memory: float | None = None
    bf16: float | None = None
    fp8: float | None = None
    expert: float | None = None


class KeptNode(_Kept):
    """One node. ``nvlink`` and ``rdma`` are the rates of its slowest pairs: within the node, and with another one."""

    node: str
    when: str
    """Time of the measurement, UTC, ISO 8601."""
    machine: str = ""
    """The node's ``systemUUID``: another machine may join under the same name."""
    driver: str = ""
    gpus: tuple[KeptGpu, ...] = ()
    nvlink: float | None = None
    rdma: float | None = None
    verdicts: tuple[str, ...] = ()


def kept_nodes(measured: Measured, verdicts: Iterable[Verdict], when: str) -> Iterator[KeptNode]:
    """Yield the record of each node whose program finished."""
    figures: dict[tuple[str, int], dict[str, float]] = defaultdict(dict)
    for figure in measured.of(GpuFigure):
        figures[figure.node, figure.gpu][figure.what] = figure.value
    told: dict[str, list[str]] = defaultdict(list)
    for verdict in verdicts:
        if not verdict.of_network:
            told[verdict.node].append(verdict.text)
    links = _slowest(measured)
    ended = {done.node for done in measured.of(Done)}
    for node in measured.nodes:
        states = [state for state in measured.of(GpuState) if state.node == node]
        if node not in ended:
            continue
        yield KeptNode(
            node=node,
            when=when,
            driver=next((str(state.driver) for state in states if state.driver), ""),
            gpus=tuple(KeptGpu(gpu=s.gpu, name=s.name, uuid=s.uuid, **figures[node, s.gpu]) for s in states),
            nvlink=links.get((node, "nvlink")),
            rdma=links.get((node, "rdma")),
            verdicts=tuple(told[node]),
        )


def _slowest(measured: Measured) -> dict[tuple[str, str], float]:
    """Return the slowest pair of each node and kind; a pair between two nodes counts for both."""
    found: dict[tuple[str, str], float] = {}
    for (one, other), value in pairs(measured).items():
        kind = "nvlink" if one[0] == other[0] else "rdma"
        for node in {one[0], other[0]} if value is not None else ():
            found[node, kind] = min(value or 0.0, found.get((node, kind), float("inf")))
    return found


def peaks_of(nodes: Iterable[KeptNode], sheet: Peaks) -> Peaks:
    """Return the data sheet's peaks, replaced by the rates of the slowest GPU and the slowest link where they were
    measured."""
    nodes = tuple(nodes)
    least: dict[str, float] = {}
    for node in nodes:
        its = [("nvlink", node.nvlink), ("rdma", node.rdma)]
        its += [(what, getattr(gpu, what)) for gpu in node.gpus for what in ("memory", "bf16", "fp8")]
        for what, value in its:
            if value is not None:
                least[what] = min(value, least.get(what, value))
    bf16 = least.get("bf16", sheet.bf16)
    return Peaks(
        hbm=least.get("memory", sheet.hbm),
        bf16=bf16,
        fp8=least.get("fp8", bf16 if sheet.fp8 == sheet.bf16 else sheet.fp8),
        nvlink=least.get("nvlink", sheet.nvlink),
        rdma=least.get("rdma", sheet.rdma),
        source=f"measured on {len(nodes)} nodes",
    )
