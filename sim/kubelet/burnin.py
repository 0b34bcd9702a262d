"""Stand-in for the measuring program of `wideep burnin`. Only its output is simulated: there is no GPU here.

A healthy node reaches the shares of the catalog's peaks that real H200 reached (docs/burnin.md), and has an RDMA
adapter per GPU. Annotations of the node, each `sim.dynamo-wideep/NAME`, break it:

| name | value | what is broken |
|---|---|---|
| `slow-gpu` | a GPU | the GPU reaches half of what it should |
| `ecc-gpu` | a GPU | the GPU has two uncorrected ECC errors |
| `no-rdma` | any | NCCL uses TCP to other nodes |
| `slow-adapter` | a GPU | a third of the rate to other nodes |
| `lost-adapter` | a GPU | its adapter is missing, and nothing sent through it arrives |
| `rail-only` | any | only adapters of the same rail reach each other |
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from itertools import pairwise

from sim.operator.contract import Manifest
from wideep.catalog import GPUS
from wideep.gpus import Peaks

CONTAINER = "burnin"
SLOW = "sim.dynamo-wideep/slow-gpu"
ECC = "sim.dynamo-wideep/ecc-gpu"
NO_RDMA = "sim.dynamo-wideep/no-rdma"
SLOW_ADAPTER = "sim.dynamo-wideep/slow-adapter"
LOST_ADAPTER = "sim.dynamo-wideep/lost-adapter"
RAIL_ONLY = "sim.dynamo-wideep/rail-only"
MEMORY, BF16, FP8, NVLINK, RDMA = 0.89, 0.67, 0.65, 0.79, 0.9
"""Shares of the peaks; RDMA's is made up."""
Line = dict[str, object]


def is_burnin(container: Manifest) -> bool:
    return container["name"] == CONTAINER


def lines(container: Manifest, node: Manifest) -> list[str]:
    """Return the lines that the program would print for this container's GPUs."""
    words: list[str] = container["args"]
    asked = dict(pairwise(words))
    name = asked["--node"]
    told = _lines(name, asked["--nodes"].split(","), int(asked["--gpus"]), node)
    return [json.dumps({"node": name, **line}) for line in told]


def _lines(name: str, nodes: list[str], gpus: int, node: Manifest) -> Iterator[Line]:
    meta = node["metadata"]
    product = (meta.get("labels") or {}).get("nvidia.com/gpu.product", "")
    faults = meta.get("annotations") or {}
    peaks = next((row.peaks for row in GPUS.values() if row.product == product), None)
    there = [gpu for gpu in range(gpus) if str(gpu) != faults.get(LOST_ADAPTER)]
    ports = [{"port": f"mlx5_{gpu}/1", "state": "4: ACTIVE", "rate": "400 Gb/sec (4X NDR)"} for gpu in there]
    yield {"what": "node", "gpus": gpus, "wanted": gpus, "ports": ports}
    for gpu in range(gpus):
        yield {"what": "gpu", "gpu": gpu, "name": product.replace("-", " "), "watts_limit": 700.0}
        share = 0.5 if str(gpu) == faults.get(SLOW) else 1.0
        found = {"memory": MEMORY * peaks.hbm, "bf16": BF16 * peaks.bf16, "fp8": FP8 * peaks.fp8} if peaks else {}
        for what, value in found.items():
            yield {"what": what, "gpu": gpu, **dict.fromkeys(("value", "least", "most"), share * value)}
        ecc = 2 if str(gpu) == faults.get(ECC) else 0
        load = {"temperature": 60.0, "watts": 700.0, "sm_mhz": 1480.0, "reasons": 4, "ecc_uncorrected": ecc}
        yield {"what": "load", "gpu": gpu, **load}
        if peaks:
            places = [(to, each) for to in nodes for each in range(gpus) if (to, each) != (name, gpu)]
            yield from _links(name, gpu, places, peaks, faults)
    yield {"what": "done", "seconds": 1.0}


def _links(name: str, gpu: int, to: list[tuple[str, int]], peaks: Peaks, faults: Mapping[str, str]) -> Iterator[Line]:
    """Yield the results of sending from one GPU to each of the others."""
    network = "NET/Socket/0" if NO_RDMA in faults else "NET/IB/0/GDRDMA"
    for to_node, to_gpu in to:
        inside = to_node == name
        way = {"gpu": gpu, "to_node": to_node, "to_gpu": to_gpu}
        value = NVLINK * peaks.nvlink if inside else _through_adapter(gpu, to_gpu, RDMA * peaks.rdma, faults)
        yield {"what": "send", **way, "value": value}
        yield {"what": "transport", **way, "via": ["P2P/CUMEM" if inside else network]}


def _through_adapter(gpu: int, to_gpu: int, healthy: float, faults: Mapping[str, str]) -> float | None:
    """Return the bytes per second to a GPU of another node; None if nothing arrives."""
    if str(gpu) == faults.get(LOST_ADAPTER) or (RAIL_ONLY in faults and gpu != to_gpu):
        return None
    return healthy / 3 if str(gpu) == faults.get(SLOW_ADAPTER) else healthy
