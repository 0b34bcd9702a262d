"""A deployed stack: its Plan, its cluster, and its pods as workers with ranks."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Final

from wideep.dynamo import release
from wideep.plan import Plan, RolePlan
from wideep.settings.layout import Role
from wideep_cli.connection import connect
from wideep_cli.errors import CallError
from wideep_cli.stack_context import StackContext, load, stack_file
from wideep_cluster import Cluster, ClusterError
from wideep_cluster.dynamo.graph_api import served_api
from wideep_cluster.dynamo.operator import operator_of
from wideep_cluster.kinds import DEPLOYMENTS, PODS, Kind, graphs
from wideep_cluster.objects import GRAPH_LABEL, Component, Deployment, Graph, Pod

__all__ = ["DeployedGraph", "GraphPod", "find_live", "find_operator", "members", "role_named"]

GROUP_INDEX: Final = ("grove.io/podcliquescalinggroup-replica-index", "leaderworkerset.sigs.k8s.io/group-index")
"""Labels with the index of the worker that a pod of a multi-pod worker belongs to, on Grove and on LeaderWorkerSet."""
LWS_RANK: Final = "leaderworkerset.sigs.k8s.io/worker-index"
GROVE_RANK: Final = "grove.io/podclique-pod-index"
GROVE_CLIQUE: Final = "grove.io/podclique"
_CLIQUE_NAME: Final = re.compile(r"-(\d+)-(?:prefill|decode)-(ldr|wkr)(?:-(\d+))?")
"""The form of Grove's pod names, SET-0-GROUP-WORKER-CLIQUE-POD, used where a label is missing."""


@dataclass(frozen=True)
class GraphPod:
    """A pod of the graph with the worker (or frontend) that it belongs to and its rank within that worker."""

    component: Component
    worker: int
    rank: int
    pod: Pod

    @property
    def role(self) -> Role | None:
        """The role of the worker; None for the frontend."""
        return None if self.component is Component.FRONTEND else Role(self.component)

    @property
    def place(self) -> str:
        """The short name of the pod: ``decode-0``, or ``decode-0.1`` where a worker has several pods."""
        return f"{self.component}-{self.worker}" + (f".{self.rank}" if self.rank >= 0 else "")


@dataclass(frozen=True)
class DeployedGraph:
    """A stack and the cluster that it is deployed on."""

    loaded: StackContext
    cluster: Cluster

    @property
    def plan(self) -> Plan:
        """The Plan of the stack."""
        return self.loaded.plan

    @property
    def selector(self) -> str:
        """The label selector of the graph's pods."""
        return f"{GRAPH_LABEL}={self.plan.name}"

    @cached_property
    def graphs(self) -> Kind[Graph]:
        """The kind of the graph, in the API version of the stack's release, or in a served one if the cluster lacks it.

        Raises:
            ClusterError: the cluster does not answer.
        """
        api = release(self.plan.platform.version).api
        return graphs(served_api(self.cluster, api) or api)

    def role(self, member: GraphPod) -> RolePlan | None:
        """Return the plan of the pod's role; None for the frontend."""
        return self.plan.roles[member.role] if member.role else None

    def members(self) -> tuple[GraphPod, ...]:
        """Return the graph's current pods, sorted by role, worker and rank, without those that have ended."""
        return members(self.plan, self.cluster.list(PODS, self.plan.namespace, labels=self.selector).items)

    def running_workers(self, role: Role | None = None) -> tuple[GraphPod, ...]:
        """Return the workers' pods whose main container runs, of one role or of both.

        Raises:
            ClusterError: no such pod runs.
        """
        found = [each for each in self.members() if each.role and role in (None, each.role) and _runs(each.pod)]
        if not found:
            raise ClusterError(
                f"No {f'{role} ' if role else ''}worker of {self.plan.name} runs in namespace {self.plan.namespace}.\n"
                "  Run wideep status to see what they wait for."
            )
        return tuple(found)


def find_live(stack: str | None, file: Path | None) -> DeployedGraph:
    """Return the stack that the options name together with its cluster. No request is sent yet.

    Raises:
        ConfigError: the stack breaks a rule.
        CallError: there is no such stack, or its cluster cannot be reached with the kubeconfig at hand.
    """
    source = stack_file(stack, file)
    return DeployedGraph(load(source), connect(source))


def members(plan: Plan, pods: Iterable[Pod]) -> tuple[GraphPod, ...]:
    """Return the pods that have not ended, each with its place in the graph, sorted by role, worker and rank.

    A worker of one pod has no rank (-1); its number is its place among the role's pods by age and name.
    """
    by_component: dict[Component, list[Pod]] = {component: [] for component in Component}
    for pod in pods:
        if pod.component and not pod.ended:
            by_component[pod.component].append(pod)
    found: list[GraphPod] = []
    for component, its in by_component.items():
        several = component is not Component.FRONTEND and plan.roles[Role(component)].pods > 1
        ordered = sorted(its, key=lambda pod: (str(pod.metadata.creation_timestamp), pod.name))
        found += [
            GraphPod(component, *(_place(pod) if several else (number, -1)), pod) for number, pod in enumerate(ordered)
        ]
    order = list(Component)
    return tuple(sorted(found, key=lambda each: (order.index(each.component), each.worker, each.rank, each.pod.name)))


def _place(pod: Pod) -> tuple[int, int]:
    """Return the worker and the rank of a pod of a multi-pod worker: from its labels, else from its name on Grove."""
    labels = pod.labels
    named = _CLIQUE_NAME.search(pod.name)
    group = next((labels[key] for key in GROUP_INDEX if key in labels), named[1] if named else "0")
    if LWS_RANK in labels:
        return int(group), int(labels[LWS_RANK])
    leads = labels.get(GROVE_CLIQUE, pod.name).endswith("-ldr") or (named is not None and named[2] == "ldr")
    index = labels.get(GROVE_RANK) or (named[3] if named else None) or "0"
    return int(group), 0 if leads else int(index) + 1


def find_operator(cluster: Cluster, namespace: str) -> Deployment | None:
    """Return the Dynamo operator's Deployment: the namespace's own, else the cluster's; None if there is none.

    Raises:
        ForbiddenError: the user may not list Deployments.
    """
    own = operator_of(cluster.list(DEPLOYMENTS, namespace).items, namespace)
    return own or operator_of(cluster.list(DEPLOYMENTS).items, namespace)


def role_named(name: str | None) -> Role | None:
    """Return the role that ``--role`` names; None without the option.

    Raises:
        CallError: there is no such role.
    """
    if name is None or name in list(Role):
        return None if name is None else Role(name)
    raise CallError(f"--role {name}: workers are prefill or decode.", "--role prefill, or --role decode")


def _runs(pod: Pod) -> bool:
    status = pod.main_status
    return status is not None and status.state.running is not None
