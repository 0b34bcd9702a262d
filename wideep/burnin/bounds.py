"""Upper bounds on a stack's workers by the roofline, with the data sheet's peaks and with the measured rates."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Final

from wideep.burnin.kept import KeptNode, peaks_of
from wideep.catalog.gpus import gpu_spec
from wideep.roofline import StepBound, decode_bound, prefill_bound
from wideep.settings import Settings
from wideep.settings.layout import Role
from wideep.settings.traffic import Traffic

__all__ = ["USUAL", "Reach", "reach"]

USUAL: Final = Traffic(isl=4000, osl=500)
"""The traffic that is assumed if the stack does not set any."""


@dataclass(frozen=True)
class Reach:
    """Tokens/s per GPU of a role that no software can exceed."""

    role: Role
    sheet: float
    measured: float
    bound_by: str
    """The measured resource that sets the bound."""

    def __str__(self) -> str:
        return (
            f"{self.role}: at most {self.measured:,.0f} tokens/s per GPU at what the slowest GPU and link reached, "
            f"{self.measured / self.sheet:.2f} of the data sheet's {self.sheet:,.0f} (bound by {self.bound_by})."
        )


def reach(settings: Settings, nodes: Iterable[KeptNode]) -> Iterator[Reach]:
    """Yield the bound of each role; nothing if the GPU's peaks are not published, or no GPU was measured."""
    hardware, model, nodes = settings.hardware, settings.model, tuple(nodes)
    sheet = gpu_spec(hardware.gpu).peaks
    if sheet is None or not any(gpu.memory or gpu.bf16 for node in nodes for gpu in node.gpus):
        return
    found, traffic = peaks_of(nodes, sheet), settings.traffic or USUAL
    for role, layout in settings.layout.roles.items():
        bound = prefill_bound if role is Role.PREFILL else decode_bound
        batch, tokens = (1, traffic.isl) if role is Role.PREFILL else (layout.max_dispatch_tokens_per_rank, traffic.osl)
        ideal = bound(model, hardware.gpu, layout, batch, traffic)
        real = bound(model, hardware.gpu, layout, batch, traffic, measured=found)

        def each(step: StepBound, tokens: int = tokens, gpus: int = layout.gpus_per_worker) -> float:
            return step.requests_per_second * tokens / gpus

        yield Reach(role, each(ideal), each(real), str(real.bound_by))
