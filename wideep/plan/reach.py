"""The Plan's types of who reaches what. ``wideep.plan.access`` fills them in."""

from __future__ import annotations

from wideep.plan.base import PlanModel
from wideep.settings.serving import ServiceType

__all__ = ["FrontendPlan", "IngressPlan", "NetworkPolicyPlan", "PeersPlan", "PublicServicePlan", "RulePlan"]


class PublicServicePlan(PlanModel):
    """A Service of the frontend that is reached from outside the cluster."""

    name: str
    type: ServiceType
    port: int
    target_port: int
    selector: dict[str, str]
    """Labels of the frontend's pods."""
    source_ranges: tuple[str, ...]
    """Address ranges that the load balancer lets through; empty: all."""
    external_traffic_policy: str | None
    """``Local`` keeps the caller's address, by which NetworkPolicies judge; None: as Kubernetes does it."""
    annotations: dict[str, str]


class IngressPlan(PlanModel):
    """An Ingress before the operator's Service of the frontend."""

    name: str
    host: str
    class_name: str
    tls_secret: str | None
    service: str
    port: int
    annotations: dict[str, str]


class FrontendPlan(PlanModel):
    """Where the OpenAI-compatible API is reached."""

    service: str
    """The operator's Service, inside the cluster."""
    port: int
    public: PublicServicePlan | None
    ingress: IngressPlan | None


class PeersPlan(PlanModel):
    """Who may connect: pods of some namespaces, or an address range. With nothing set, all pods of the policy's own
    namespace."""

    with_label: str | None = None
    """Only pods that have this label, whatever its value. None: all pods."""
    namespaces: dict[str, str] | None = None
    """Labels of the namespaces; empty: all of them. None: the policy's own."""
    cidr: str | None = None
    """An address range, in place of pods."""


class RulePlan(PlanModel):
    """Who may connect to which ports."""

    peers: tuple[PeersPlan, ...]
    ports: tuple[int, ...]
    """TCP ports; empty: all."""


class NetworkPolicyPlan(PlanModel):
    """A NetworkPolicy: what it selects takes no connections but those of ``rules``."""

    role: str
    """Whom it protects: another graph's policy has another name and the same role."""
    name: str
    pods: dict[str, str]
    """Labels of the pods that it protects."""
    rules: tuple[RulePlan, ...]
