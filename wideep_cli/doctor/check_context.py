"""A stack and its cluster: the input of every check."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from datetime import UTC, datetime

from wideep.plan import Plan
from wideep.rules import RoleContext
from wideep.rules.registry import sites
from wideep.settings import Settings
from wideep.settings.layout import Role
from wideep_cli.doctor.cluster_snapshot import ClusterSnapshot
from wideep_cluster.objects import Component, Graph, Pod

__all__ = ["CheckContext", "age_seconds"]


@dataclass(frozen=True)
class CheckContext:
    """The stack's settings and plan, and a snapshot of the cluster."""

    settings: Settings
    plan: Plan
    view: ClusterSnapshot
    now: datetime = field(default_factory=lambda: datetime.now(UTC))

    @property
    def graph(self) -> Graph | None:
        """The stack's graph; None if it does not exist."""
        return next((graph for graph in self.view.graphs.items if graph.name == self.plan.name), None)

    @property
    def graph_pods(self) -> list[Pod]:
        """All pods of the stack's graph."""
        return [pod for pod in self.view.own_pods.items if pod.graph == self.plan.name]

    @property
    def deployed(self) -> bool:
        """Whether the graph, or any pod of it, exists."""
        return self.graph is not None or bool(self.graph_pods)

    def lacking(self, *, ready: bool) -> list[str]:
        """Return ``0 of 1 decode pods`` for each component that has fewer pods than the layout.

        ``ready``: count only pods that are ready. Empty if the pods cannot be listed.
        """
        if self.view.own_pods.error:
            return []
        ours = {role: plan for role, plan in self.plan.roles.items() if not plan.replicas_managed_by}
        want = {Component(role): plan.replicas * plan.pods for role, plan in ours.items()}
        want[Component.FRONTEND] = self.settings.frontend.replicas
        alive = (pod for pod in self.graph_pods if not pod.ended and (pod.ready or not ready))
        have = Counter(pod.component for pod in alive)
        return [f"{have[name]} of {count} {name} pods" for name, count in want.items() if have[name] < count]

    def site(self, role: Role) -> RoleContext:
        """Return a role's layout with its model and hardware."""
        return next(site for site in sites(self.settings) if site.name is role)

    def seconds_since(self, moment: datetime | None) -> float:
        """Return the seconds since ``moment``; 0 if it is unknown."""
        return age_seconds(moment, self.now)


def age_seconds(moment: datetime | None, now: datetime) -> float:
    """Return the seconds from ``moment`` to ``now``; 0 if ``moment`` is unknown."""
    return max(0.0, (now - moment).total_seconds()) if moment else 0.0
