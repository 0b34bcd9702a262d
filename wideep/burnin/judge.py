"""All verdicts of a burn-in: the nodes first, then GPUs, then links."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Final

from wideep.burnin.figures import Done, Failed, Measured, NodeState, StepError
from wideep.burnin.gpus import gpu_verdicts
from wideep.burnin.links import link_verdicts
from wideep.burnin.verdict import Verdict
from wideep.gpus.spec import GpuSpec
from wideep.settings.burnin import Floor
from wideep.text import some_of

__all__ = ["judge", "missing_gpus"]

STEPS: Final = {
    "alone": "memory and products",
    "inside": "links within the node",
    "meet": "the way to the other nodes",
    "between_all": "what the nodes of a worker do at once",
}


def judge(measured: Measured, spec: GpuSpec, floor: Floor, *, rdma: bool) -> tuple[Verdict, ...]:
    """Return every verdict; empty if nothing falls short. ``rdma``: the stack's nodes are connected by RDMA."""
    return (
        *missing_gpus({state.node: (state.gpus, state.wanted) for state in measured.of(NodeState)}, "nvidia-smi shows"),
        *_unfinished(measured),
        *gpu_verdicts(measured, spec, floor),
        *link_verdicts(measured, spec.peaks, floor, rdma=rdma),
    )


def missing_gpus(counts: Mapping[str, tuple[int, int]], who: str) -> Iterator[Verdict]:
    """Yield a verdict for each node with fewer GPUs than it should have: node → (found, wanted)."""
    for node, (there, wanted) in counts.items():
        if there < wanted:
            step = f"Cordon {node}; dmesg there names the GPU that fell off the bus (Xid 79)."
            yield Verdict(node, f"{node}: {who} {there} of {wanted} GPUs. {step}")


def _unfinished(measured: Measured) -> Iterator[Verdict]:
    """Yield verdicts for steps that gave no figures, and for programs that did not finish."""
    messages = {(error.node, error.step): error.message for error in measured.of(StepError)}
    for failed in measured.of(Failed):
        reason = messages.get((failed.node, failed.step), "no answer in time")
        fact = f"no figures of {STEPS.get(failed.step, failed.step)} for GPUs {some_of(failed.gpus, 8)} ({reason})"
        yield Verdict(failed.node, f"{failed.node}: {fact}. Look at dmesg there, and run wideep burnin again.")
    ended = {done.node for done in measured.of(Done)}
    for node in measured.nodes:
        if node not in ended:
            yield Verdict(node, f"{node}: the measuring program did not end. Run wideep burnin --nodes {node} again.")
