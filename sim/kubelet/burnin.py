"""Stands for the measuring program of `wideep burnin`, of which only the lines are simulated: no GPU is here.

A healthy node has the shares of the catalog's peaks that real H200 reached (docs/burnin.md). Annotations of the node:
`sim.dynamo-wideep/slow-gpu: "3"` halves what that GPU reaches, `sim.dynamo-wideep/ecc-gpu: "3"` gives it ECC
errors, and with `sim.dynamo-wideep/no-rdma: "true"` NCCL takes TCP from there to other nodes.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from itertools import pairwise

from sim.operator.contract import Manifest
from wideep.catalog import GPUS
from wideep.gpus import Peaks

CONTAINER = "burnin"
SLOW = "sim.dynamo-wideep/slow-gpu"
ECC = "sim.dynamo-wideep/ecc-gpu"
NO_RDMA = "sim.dynamo-wideep/no-rdma"
MEMORY, BF16, FP8, NVLINK, RDMA = 0.89, 0.67, 0.65, 0.79, 0.9
"""Of the peaks; RDMA's is made up."""
Line = dict[str, object]


def is_burnin(container: Manifest) -> bool:
    return container["name"] == CONTAINER


def lines(container: Manifest, node: Manifest) -> list[str]:
    """What the program would print of this container's GPUs."""
    words: list[str] = container["args"]
    asked = dict(pairwise(words))
    name = asked["--node"]
    told = _lines(name, asked["--nodes"].split(","), int(asked["--gpus"]), node)
    return [json.dumps({"node": name, **line}) for line in told]


def _lines(name: str, nodes: list[str], gpus: int, node: Manifest) -> Iterator[Line]:
    meta = node["metadata"]
    product = (meta.get("labels") or {}).get("nvidia.com/gpu.product", "")
    faults = meta.get("annotations") or {}
    network = "NET/Socket/0" if NO_RDMA in faults else "NET/IB/0/GDRDMA"
    peaks = next((row.peaks for row in GPUS.values() if row.product == product), None)
    yield {"what": "node", "gpus": gpus, "wanted": gpus}
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
            yield from _links(name, gpu, [(to_node, each) for to_node in nodes for each in range(gpus)], peaks, network)
    yield {"what": "done", "seconds": 1.0}


def _links(name: str, gpu: int, places: list[tuple[str, int]], peaks: Peaks, network: str) -> Iterator[Line]:
    """From one GPU to each other one."""
    for to_node, to_gpu in places:
        if (to_node, to_gpu) == (name, gpu):
            continue
        inside = to_node == name
        way = {"gpu": gpu, "to_node": to_node, "to_gpu": to_gpu}
        yield {"what": "send", **way, "value": NVLINK * peaks.nvlink if inside else RDMA * peaks.rdma}
        yield {"what": "transport", **way, "via": ["P2P/CUMEM" if inside else network]}
