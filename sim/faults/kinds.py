"""Sorts of faults: where each takes hold."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

__all__ = ["Fault", "Halting", "InPlugin", "InPod", "Moment", "OfProcess", "OnCluster"]


class Moment(StrEnum):
    """When in a pod's life a fault takes hold."""

    PULL = "pull"
    DOWNLOAD = "download"
    LOAD = "load"
    REGISTER = "register"
    SERVE = "serve"


@dataclass(frozen=True)
class InPod:
    """A container that logs these lines and then ends with `exit_code`, or (None) goes no further."""

    moment: Moment
    lines: tuple[str, ...] = ()
    exit_code: int | None = 1


@dataclass(frozen=True)
class InPlugin:
    """Something that a stand-in plugin does wrong by itself."""


@dataclass(frozen=True)
class OnCluster:
    """What is done to the cluster: arguments of kubectl, and those that undo it. `{on}` is the object."""

    do: tuple[str, ...]
    undo: tuple[str, ...]
    """Empty: the next `up` undoes it."""
    on: str
    """The object where none is named."""
    manifest: str = ""
    """For kubectl's stdin."""


@dataclass(frozen=True)
class OfProcess:
    """A process of the simulation that is killed; clearing the fault starts it again."""

    process: str


@dataclass(frozen=True)
class Halting:
    """A process of the simulation that stands still for some seconds, works for some, and so on."""

    process: str
    stands: float
    works: float


@dataclass(frozen=True)
class Fault:
    """One thing that goes wrong. `on` says what --on means, with `*` for any of them."""

    name: str
    says: str
    on: str
    how: InPod | InPlugin | OnCluster | OfProcess | Halting
