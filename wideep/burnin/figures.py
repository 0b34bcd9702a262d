"""The lines that the measuring program (``wideep/burnin/measure.py``) prints."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Annotated, Literal, TypeVar

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError

__all__ = [
    "Collective",
    "Done",
    "Failed",
    "GpuFigure",
    "GpuState",
    "Load",
    "Measured",
    "Network",
    "NodeState",
    "Port",
    "Send",
    "StepError",
    "Transport",
    "read_lines",
]


class _Line(BaseModel):
    """The base of all lines: each names its node."""

    model_config = ConfigDict(frozen=True, extra="ignore")
    node: str


class Port(BaseModel):
    """A port of an RDMA device, as the kernel shows it: state ``4: ACTIVE``, rate ``400 Gb/sec (4X NDR)``."""

    model_config = ConfigDict(frozen=True, extra="ignore")
    port: str
    state: str = ""
    rate: str = ""


class NodeState(_Line):
    """A node: its GPUs, the number that it should have, and the software of the image."""

    what: Literal["node"]
    gpus: int
    wanted: int
    ports: tuple[Port, ...] = ()
    torch: str = ""
    nccl: str = ""


class GpuState(_Line):
    """A GPU before it is measured. None: nvidia-smi does not report the value."""

    what: Literal["gpu"]
    gpu: int
    name: str = ""
    uuid: str = ""
    driver: float | str | None = None
    ecc_uncorrected: float | None = None
    watts_limit: float | None = None
    nvlinks: int = 0
    nvlinks_in_all: int = 0


class GpuFigure(_Line):
    """A figure of one GPU by itself: bytes/s or operations/s, the median of its repeats."""

    what: Literal["memory", "bf16", "fp8", "expert"]
    gpu: int
    value: float
    least: float
    most: float
    digest: int | None = None
    """Sum of the product's bits, which is the same on identical GPUs. None: not computed."""
    stable: bool = True
    """Whether the first and the last product are identical, bit by bit."""


class Load(_Line):
    """A GPU while it was measured: the worst values that nvidia-smi reported. ``reasons`` are bits
    (``NVML_CLOCKS_EVENT_*``)."""

    what: Literal["load"]
    gpu: int
    ecc_uncorrected: float | None = None
    temperature: float = 0
    watts: float = 0
    sm_mhz: float | None = None
    reasons: int = 0


class Send(_Line):
    """Bytes/s from one GPU to another, while as many come back. None: no answer."""

    what: Literal["send"]
    gpu: int
    to_node: str
    to_gpu: int
    value: float | None


class Collective(_Line):
    """A collective of all GPUs of a group. ``value``: bytes/s that each GPU sent; for all-reduce, bus bandwidth."""

    what: Literal["all-to-all", "all-reduce"]
    of: str
    ranks: int
    bytes: int
    seconds: float
    value: float


class Transport(_Line):
    """How NCCL reached a GPU, according to its log: ``P2P/CUMEM``, ``NET/IB/0/GDRDMA``, ``NET/Socket/0``."""

    what: Literal["transport"]
    gpu: int
    to_node: str
    to_gpu: int
    via: tuple[str, ...]


class Network(_Line):
    """The network that NCCL found: ``NET/IB`` or ``NET/Socket``, and its devices."""

    what: Literal["network"]
    plugin: str
    using: str


class StepError(_Line):
    """The error that ended a process of a step."""

    what: Literal["error"]
    step: str
    gpu: int | None
    message: str


class Failed(_Line):
    """GPUs for which a step gave no figures."""

    what: Literal["failed"]
    step: str
    gpus: tuple[int, ...]


class Done(_Line):
    """The program's last line."""

    what: Literal["done"]
    seconds: float


Line = NodeState | GpuState | GpuFigure | Load | Send | Collective | Transport | Network | StepError | Failed | Done
L = TypeVar("L", bound=Line)
_LINE: TypeAdapter[Line] = TypeAdapter(Annotated[Line, Field(discriminator="what")])


@dataclass(frozen=True)
class Measured:
    """All lines of all nodes."""

    lines: tuple[Line, ...]

    def of(self, kind: type[L]) -> tuple[L, ...]:
        """Return the lines of one kind."""
        return tuple(line for line in self.lines if isinstance(line, kind))

    @property
    def nodes(self) -> tuple[str, ...]:
        """Names of the nodes, in the order in which they answered."""
        return tuple(dict.fromkeys(line.node for line in self.lines))


def read_lines(texts: Iterable[str]) -> Measured:
    """Return the lines in the program's logs. Lines of other origin (a library's warning) are ignored."""
    found: list[Line] = []
    for text in texts:
        if text.startswith("{"):
            try:
                found.append(_LINE.validate_json(text))
            except ValidationError:
                continue
    return Measured(tuple(found))
