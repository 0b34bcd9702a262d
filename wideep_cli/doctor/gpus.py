"""Check the GPUs: enough of the right kind, free, and on nodes that the pods may use."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import Final

from wideep.catalog import GPUS, gpu_spec
from wideep.text import some_of
from wideep_cli.doctor.check_context import CheckContext
from wideep_cli.doctor.finding import Finding, Section, fails, holds, unknown
from wideep_cli.doctor.node_capacity import gpu_nodes
from wideep_cli.doctor.placement import placement
from wideep_cluster.gpu_nodes import MEMORY_LABEL, PRODUCT_LABEL, GpuNode, product_matches

__all__ = ["gpu_findings"]

MIN_DRIVER: Final = 525
"""Oldest driver on which CUDA 12 runs (CUDA's release notes, *minor version compatibility*)."""
DRIVER_LABELS: Final = ("nvidia.com/cuda.driver-version.major", "nvidia.com/cuda.driver.major")
MIB: Final = 2**20
TOLERANCE: Final = 0.01
"""Share of the memory by which drivers differ in what they report."""


def gpu_findings(case: CheckContext) -> Iterator[Finding]:
    """Check kind, memory, driver and sharing of the GPUs, and whether all pods find theirs."""
    if case.view.nodes.error:
        advice = "Cannot tell whether the pods fit without reading the nodes (`wideep rbac` prints the Role)."
        yield unknown(Section.GPUS, "gpus", f"{case.view.nodes.error}", advice)
        return
    nodes = gpu_nodes(case, own_count=True)
    if not any(node.node.gpus for node in nodes):
        yield _none(nodes)
        return
    yield from _kind(case, nodes)
    yield from _driver(nodes)
    yield placement(case)


def _none(nodes: list[GpuNode]) -> Finding:
    what = "No node of the cluster offers nvidia.com/gpu."
    if nodes:
        what += f" {some_of(node.node.name for node in nodes)} have the labels of GPU nodes."
    return fails(Section.GPUS, "gpus", what, "Install NVIDIA's GPU operator, or its device plugin, on the GPU nodes.")


def _kind(case: CheckContext, nodes: list[GpuNode]) -> Iterator[Finding]:
    """Compare the product label with ``hardware.gpu``, and the memory with what the plan assumes."""
    gpu = case.settings.hardware.gpu
    usable = [node for node in nodes if not node.barred]
    products = Counter(node.node.labels.get(PRODUCT_LABEL, "") for node in usable)
    if not usable or "" in products:
        bare = [node.node.name for node in usable if PRODUCT_LABEL not in node.node.labels]
        words = f"{some_of(bare)} lack the label {PRODUCT_LABEL}" if bare else "no GPU node matches the stack's pods"
        yield unknown(Section.GPUS, "product", f"Cannot tell whether the GPUs are {gpu}: {words}.")
        return
    wrong = [node for node in usable if product_matches(node.node, gpu) is False]
    right = [node for node in usable if node not in wrong]
    shared = [node.node.name for node in right if node.node.labels[PRODUCT_LABEL].endswith("-SHARED")]
    shown = ", ".join(f"{count} × {product}" for product, count in products.items())
    if shared:
        what = f"The device plugin time-slices the GPUs of {some_of(shared)}; a worker needs whole GPUs."
        yield fails(Section.GPUS, "product", what, "Take timeSlicing out of the device plugin's config there.")
    elif wrong and right:
        product = right[0].node.labels[PRODUCT_LABEL]
        what = f"Eligible nodes have different GPUs ({shown}); the plan is for {gpu}."
        fix = f"hardware.nodeSelector: {{{PRODUCT_LABEL}: {product}}}"
        yield fails(Section.GPUS, "product", what, fix, key="hardware.nodeSelector")
    elif wrong:
        what = f"The nodes have {shown}, and hardware.gpu is {gpu}."
        there = next((each for each in GPUS if product_matches(wrong[0].node, each)), None)
        own = f"{{name: …, product: {wrong[0].node.labels[PRODUCT_LABEL]}, …}} (docs/configuration.md, hardware.gpu)"
        yield fails(Section.GPUS, "product", what, f"hardware.gpu: {there or own}", key="hardware.gpu")
    else:
        yield holds(Section.GPUS, "product", f"Nodes by product: {shown}.")
        yield from _memory(case, right)


def _memory(case: CheckContext, nodes: list[GpuNode]) -> Iterator[Finding]:
    counted = gpu_spec(case.settings.hardware.gpu).memory_bytes
    reported = {node.node.name: int(node.node.labels.get(MEMORY_LABEL, "0")) * MIB for node in nodes}
    less = {name: size for name, size in reported.items() if 0 < size < counted * (1 - TOLERANCE)}
    if less:
        name, size = min(less.items(), key=lambda item: item[1])
        what = f"{name} reports {size / 1e9:.1f} GB per GPU; the plan assumes {counted / 1e9:.1f} GB."
        fix = f"set hardware.nodeSelector to labels that exclude {some_of(less)}"
        yield fails(Section.GPUS, "gpu-memory", what, fix, key="hardware.nodeSelector")
    elif all(reported.values()):
        least = min(reported.values()) / 1e9
        yield holds(Section.GPUS, "gpu-memory", f"{least:.1f} GB per GPU; the plan assumes {counted / 1e9:.1f} GB.")
    else:
        yield unknown(Section.GPUS, "gpu-memory", f"Not every node has the label {MEMORY_LABEL}.")


def _driver(nodes: list[GpuNode]) -> Iterator[Finding]:
    """Check the driver by the labels of GPU feature discovery, in their current or older spelling."""
    majors: dict[str, int] = {}
    for node in nodes:
        found = next((node.node.labels[label] for label in DRIVER_LABELS if label in node.node.labels), "")
        if found.isdigit():
            majors[node.node.name] = int(found)
    old = [name for name, major in majors.items() if major < MIN_DRIVER]
    if old:
        what = f"{some_of(old)} have driver {majors[old[0]]}; the image's CUDA 12 needs {MIN_DRIVER} or newer."
        yield fails(Section.GPUS, "driver", what, "Update the NVIDIA driver on those nodes.")
    elif len(majors) < len(nodes):
        bare = [node.node.name for node in nodes if node.node.name not in majors]
        what = f"The driver of {some_of(bare)} is unknown: no label {DRIVER_LABELS[0]}."
        yield unknown(Section.GPUS, "driver", what)
    else:
        yield holds(Section.GPUS, "driver", f"Driver {some_of(sorted({str(major) for major in majors.values()}))}.")
