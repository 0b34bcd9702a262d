"""The containers whose logs are read: those of a role's pods, each under its place."""

from __future__ import annotations

from dataclasses import dataclass

from wideep_cli.deployment import DeployedGraph, find_operator
from wideep_cli.logs.roles import LogRole
from wideep_cluster import ClusterError
from wideep_cluster.kinds import PODS
from wideep_cluster.objects import Pod

__all__ = ["Source", "sources"]


@dataclass(frozen=True)
class Source:
    """One container's log. ``place`` begins each of its lines: ``decode-0.1``, ``operator``."""

    place: str
    pod: Pod
    container: str


def sources(live: DeployedGraph, role: LogRole | None) -> tuple[Source, ...]:
    """Return the containers of a role or, if ``role`` is None, of all pods of the graph.

    Raises:
        ClusterError: there is no such pod.
    """
    if role is LogRole.OPERATOR:
        found = _operator(live)
    elif role is LogRole.DOWNLOAD:
        found = _download(live)
    else:
        kept = [each for each in live.members() if role is None or each.component == role]
        found = [Source(each.place, each.pod, each.pod.main.name) for each in kept]
    if not found:
        what = f"{role} pod" if role else "pod"
        raise ClusterError(
            f"There is no {what} of {live.plan.name} in namespace {live.plan.namespace}.\n"
            "  Run wideep status to see what exists."
        )
    return tuple(found)


def _operator(live: DeployedGraph) -> list[Source]:
    operator = find_operator(live.cluster, live.plan.namespace)
    if operator is None:
        raise ClusterError("There is no Dynamo operator on the cluster.\n  `pulumi up` installs it (platform.install).")
    pods = live.cluster.list(PODS, operator.namespace).items
    own = [pod for pod in pods if pod.name.startswith(f"{operator.name}-") and not pod.ended]
    return [Source("operator", pod, _container(pod, "manager")) for pod in own]


def _container(pod: Pod, name: str) -> str:
    """Return ``name`` if the pod has a container of that name, or else the name of its main container."""
    return next((each.name for each in pod.spec.containers if each.name == name), pod.main.name)


def _download(live: DeployedGraph) -> list[Source]:
    download = live.plan.download
    if download is None:
        raise ClusterError("This stack has no download (modelCache.download is false).")
    pods = live.cluster.list(PODS, live.plan.namespace, labels=f"job-name={download.job}").items
    ordered = sorted(pods, key=lambda pod: str(pod.metadata.creation_timestamp))
    return [Source(f"download-{number}", pod, pod.main.name) for number, pod in enumerate(ordered)]
