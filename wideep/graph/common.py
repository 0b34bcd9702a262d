"""What frontend and workers have in common: names, ports, probes, Secrets."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from wideep.dynamo import release_of
from wideep.dynamo.base import Release
from wideep.dynamo.telemetry import telemetry_env
from wideep.graph.dgd import ResourceList
from wideep.graph.pod import (
    EnvFromSource,
    HttpGet,
    LabelSelector,
    LocalObjectReference,
    Probe,
    TopologySpreadConstraint,
)
from wideep.graph.refs import pull_secret
from wideep.graph.startup import PERIOD_SECONDS
from wideep.settings import Settings
from wideep.settings.serving import PodResources

__all__ = [
    "HOSTNAME",
    "OFFLINE",
    "Stack",
    "health",
    "limits",
    "pull_secrets",
    "secret_env",
    "spread",
]

OFFLINE: Final = {"HF_HUB_OFFLINE": "1"}
"""Makes Hugging Face's library send no request to the Hub: everything that is read is on the volume."""
HOSTNAME: Final = "kubernetes.io/hostname"


@dataclass(frozen=True)
class Stack:
    """The input from which all services are made."""

    settings: Settings
    name: str
    """The graph's name."""
    image: str
    startup_seconds: int
    """Seconds that a worker may take from its start until it serves."""

    @property
    def release(self) -> Release:
        """The release of Dynamo that runs the graph."""
        return release_of(self.settings)

    def telemetry_env(self, component: str) -> dict[str, str]:
        """Return the variables that configure one component's logs and traces."""
        return telemetry_env(self.release.row, self.settings.telemetry, self.name, component)


def health(port: int, failures: int) -> Probe:
    """Return a probe of /health that fails after ``failures`` periods without an answer."""
    return Probe(
        http_get=HttpGet(path="/health", port=port),
        period_seconds=PERIOD_SECONDS,
        timeout_seconds=PERIOD_SECONDS,
        failure_threshold=failures,
    )


def secret_env(names: Iterable[str]) -> tuple[EnvFromSource, ...] | None:
    """Return references that turn all keys of these Secrets into environment variables; None if there are none.

    The Hugging Face token is not among them: the weights are on a volume, and only the download needs the token.
    """
    return tuple(EnvFromSource(secret_ref=LocalObjectReference(name=name)) for name in names) or None


def pull_secrets(settings: Settings) -> tuple[LocalObjectReference, ...] | None:
    """Return the Secrets with which the image is pulled; None if it needs none."""
    secret = pull_secret(settings.image)
    return (LocalObjectReference(name=secret),) if secret else None


def limits(given: PodResources, gpu: str | None = None, custom: dict[str, str] | None = None) -> ResourceList:
    """Return the limits of one pod. Requests are left out: Kubernetes takes them from the limits, which makes the pod's
    quality of service Guaranteed if CPU and memory are given."""
    return ResourceList(cpu=given.cpu, memory=given.memory, gpu=gpu, custom=custom)


def spread(topology_key: str, labels: dict[str, str]) -> TopologySpreadConstraint:
    """Return a soft constraint that spreads the pods with these labels over the values of a node label."""
    return TopologySpreadConstraint(
        max_skew=1,
        topology_key=topology_key,
        when_unsatisfiable="ScheduleAnyway",
        label_selector=LabelSelector(match_labels=labels),
    )
