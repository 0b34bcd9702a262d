"""Kinds of faults, by where they take effect."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

__all__ = ["Fault", "Halting", "InPlugin", "InPod", "Moment", "OfProcess", "OnCluster"]


class Moment(StrEnum):
    """The moment in a pod's life at which a fault takes effect."""

    PULL = "pull"
    DOWNLOAD = "download"
    LOAD = "load"
    REGISTER = "register"
    SERVE = "serve"


@dataclass(frozen=True)
class InPod:
    """A container that logs these lines and then ends with `exit_code`, or hangs if that is None."""

    moment: Moment
    lines: tuple[str, ...] = ()
    exit_code: int | None = 1


@dataclass(frozen=True)
class InPlugin:
    """An error that a stand-in plugin makes itself."""


@dataclass(frozen=True)
class OnCluster:
    """A change of the cluster: kubectl's arguments that make it, and those that revert it. `{namespace}` and `{name}`
    are those of the object."""

    do: tuple[str, ...]
    undo: tuple[str, ...]
    """Empty: the next `up` reverts it."""
    on: str
    """The object if none is named."""
    manifest: str = ""
    """kubectl's stdin."""


@dataclass(frozen=True)
class OfProcess:
    """A process of the simulation that is killed; clearing the fault restarts it."""

    process: str


@dataclass(frozen=True)
class Halting:
    """A process of the simulation that is alternately paused for `stands` seconds and running for `works` seconds."""

    process: str
    stands: float
    works: float


@dataclass(frozen=True)
class Fault:
    """One fault. `on` says what the values of --on are; `*` stands for all of them."""

    name: str
    says: str
    on: str
    how: InPod | InPlugin | OnCluster | OfProcess | Halting
