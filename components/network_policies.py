"""NetworkPolicies that say who may connect to the pods."""

from __future__ import annotations

from dataclasses import dataclass

import pulumi
import pulumi_kubernetes as k8s

from components.base import Component
from wideep.plan import NetworkPolicyPlan, PeersPlan, RulePlan

__all__ = ["NetworkPolicies", "NetworkPoliciesArgs"]


@dataclass(frozen=True)
class NetworkPoliciesArgs:
    """The policies of one namespace."""

    namespace: pulumi.Input[str]
    policies: tuple[NetworkPolicyPlan, ...]


class NetworkPolicies(Component):
    """One NetworkPolicy for each kind of pod. The pods that they protect should be created after them and deleted
    before them.

    >>> policies = NetworkPolicies("access", NetworkPoliciesArgs("dynamo-workshop", plan.network_policies))
    """

    def __init__(self, name: str, args: NetworkPoliciesArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__(name, opts)
        for policy in args.policies:
            k8s.networking.v1.NetworkPolicy(
                f"{name}-{policy.role}",
                metadata=self.metadata(policy.name, args.namespace),
                spec=_spec(policy),
                opts=self.api_child(),
            )
        self.register_outputs({})


def _spec(policy: NetworkPolicyPlan) -> k8s.networking.v1.NetworkPolicySpecArgs:
    return k8s.networking.v1.NetworkPolicySpecArgs(
        pod_selector=k8s.meta.v1.LabelSelectorArgs(match_labels=policy.pods),
        policy_types=["Ingress"],
        ingress=[_rule(rule) for rule in policy.rules],
    )


def _rule(rule: RulePlan) -> k8s.networking.v1.NetworkPolicyIngressRuleArgs:
    ports = [k8s.networking.v1.NetworkPolicyPortArgs(port=port, protocol="TCP") for port in rule.ports]
    # An ingress rule with an empty `from` allows everyone, so a rule without peers is never planned.
    return k8s.networking.v1.NetworkPolicyIngressRuleArgs(from_=[_peer(p) for p in rule.peers], ports=ports or None)


def _peer(peers: PeersPlan) -> k8s.networking.v1.NetworkPolicyPeerArgs:
    if peers.cidr is not None:
        return k8s.networking.v1.NetworkPolicyPeerArgs(ip_block=k8s.networking.v1.IPBlockArgs(cidr=peers.cidr))
    return k8s.networking.v1.NetworkPolicyPeerArgs(
        pod_selector=_pods(peers.with_label),
        namespace_selector=None if peers.namespaces is None else _labels(peers.namespaces),
    )


def _pods(label: str | None) -> k8s.meta.v1.LabelSelectorArgs:
    if label is None:
        return k8s.meta.v1.LabelSelectorArgs()
    exists = k8s.meta.v1.LabelSelectorRequirementArgs(key=label, operator="Exists")
    return k8s.meta.v1.LabelSelectorArgs(match_expressions=[exists])


def _labels(labels: dict[str, str]) -> k8s.meta.v1.LabelSelectorArgs:
    return k8s.meta.v1.LabelSelectorArgs(match_labels=labels or None)
