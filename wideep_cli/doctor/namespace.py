"""Check the stack's namespace: whether it can be used, what its quotas leave, and which traffic its policies allow."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from decimal import Decimal
from typing import Final

from wideep import names
from wideep.dynamo import release_of
from wideep.settings.quantity import quantity_bytes
from wideep.text import some_of
from wideep_cli.doctor.check_context import CheckContext
from wideep_cli.doctor.finding import Finding, Section, fails, holds, unknown
from wideep_cluster.objects import GPU, Quota

__all__ = ["namespace_findings"]

ENFORCERS: Final = ("calico", "cilium", "canal", "antrea", "kube-router", "weave", "ovnkube", "anetd", "azure-npm")
"""Network plugins that enforce NetworkPolicies, by a part of their DaemonSets' names."""
RELEASE_NAME: Final = "meta.helm.sh/release-name"
"""The annotation of objects from a chart: a policy that a chart brings, such as etcd's, fits what the chart runs."""
IGNORERS: Final = ("flannel",)
STORES: Final = {"etcd": "etcd", "nats": "NATS"}
"""Stores through which the pods communicate, if the release has them."""


def namespace_findings(case: CheckContext) -> Iterator[Finding]:
    """Check the namespace's state, quotas and network policies, and the length of the graph's names."""
    yield _state(case)
    yield from _quota(case)
    yield _policies(case)
    yield _names(case)


def _state(case: CheckContext) -> Finding:
    name, seen = case.settings.namespace, case.view.namespace
    if seen.error:
        return unknown(Section.NAMESPACE, "namespace", str(seen.error))
    if not seen.items:
        return holds(Section.NAMESPACE, "namespace", f"{name} does not exist yet: the stack creates it.")
    space = seen.items[0]
    if space.status.phase != "Terminating":
        return holds(Section.NAMESPACE, "namespace", f"{name} is active.")
    held = [c.message for c in space.status.conditions if c.status == "True" and "Remaining" in c.type]
    what = f"{name} is Terminating, so nothing can be created in it. {' '.join(held)}".strip()
    fixes = [
        "Wait until it is deleted, then run `pulumi up --refresh`.",
        f"If it stays: kubectl get dcd -n {name}. Only a running operator removes their finalizers.",
    ]
    return fails(Section.NAMESPACE, "namespace", what, *fixes, key="namespace")


def _quota(case: CheckContext) -> Iterator[Finding]:
    """Compare what is still to be created with what each quota leaves; existing objects are already counted."""
    if case.view.quotas.error:
        yield unknown(Section.NAMESPACE, "quota", str(case.view.quotas.error))
        return
    needed = _needed(case)
    short = [problem for quota in case.view.quotas.items for problem in _short(quota, needed)]
    if short:
        fix = f"Ask for a higher quota in namespace {case.settings.namespace}, or choose a smaller layout."
        yield fails(Section.NAMESPACE, "quota", f"{some_of(short)}.", fix, key="layout")
    elif case.view.quotas.items:
        quotas = some_of(quota.name for quota in case.view.quotas.items)
        yield holds(Section.NAMESPACE, "quota", f"Quota {quotas} is sufficient.")


def _needed(case: CheckContext) -> dict[str, Decimal]:
    """Return the resources still to be created, by the names that quotas use."""
    pods = [pod for pod in case.graph_pods if not pod.ended]
    gpus = Decimal(max(0, case.plan.gpus - sum(pod.gpus for pod in pods)))
    workers = sum(plan.replicas * plan.pods for plan in case.plan.roles.values())
    new_pods = Decimal(max(0, workers + case.settings.frontend.replicas - len(pods)))
    made = case.plan.cache.create and not any(c.name == case.plan.cache.claim for c in case.view.claims.items)
    needed = {f"requests.{GPU}": gpus, f"limits.{GPU}": gpus, "pods": new_pods, "count/pods": new_pods}
    if made:
        needed |= {
            "persistentvolumeclaims": Decimal(1),
            "requests.storage": Decimal(quantity_bytes(case.plan.cache.size)),
        }
    return needed


def _short(quota: Quota, needed: Mapping[str, Decimal]) -> Iterator[str]:
    for resource, wanted in needed.items():
        hard = quota.status.hard.get(resource)
        if hard is None or not wanted:
            continue
        used = quota.status.used.get(resource, "0")
        if _number(hard) - _number(used) < wanted:
            shown = f"{wanted / 10**9:.0f} GB" if resource == "requests.storage" else str(wanted)
            yield f"quota {quota.name} allows {hard} {resource}, {used} are used, and the stack needs {shown} more"


def _number(quantity: str) -> Decimal:
    if quantity.endswith("m"):
        return Decimal(quantity[:-1]) / 1000
    try:
        return Decimal(quantity_bytes(quantity))
    except ValueError:
        return Decimal(quantity)


def _policies(case: CheckContext) -> Finding:
    """Check whether NetworkPolicies are enforced, and whether any but the stack's could keep the pods apart."""
    ours = {policy.name for policy in case.plan.network_policies}
    stores = [STORES[name] for name in release_of(case.settings).stores(case.settings)]
    others = [
        each.name
        for each in case.view.policies.items
        if each.name not in ours and RELEASE_NAME not in each.metadata.annotations
    ]
    sets = case.view.daemon_sets.items
    found = next((name for name in ENFORCERS if any(name in each.name for each in sets)), None)
    ignored = next((name for name in IGNORERS if any(name in each.name for each in sets)), None)
    if ignored and not found and ours:
        what = (
            f"{ignored} does not enforce the stack's NetworkPolicies: {_and('workers', *stores)} are open to every pod."
        )
        fix = "Install a network plugin that does (Calico, Cilium), or set access: {networkPolicies: false}."
        return fails(Section.NAMESPACE, "network-policy", what, fix, key="access.networkPolicies")
    if others and not ignored:
        whom = _and("the pods", *stores)
        what = f"Cannot tell whether policies {some_of(others)} allow traffic between {whom}."
        return unknown(Section.NAMESPACE, "network-policy", what, "`wideep network` tests it.")
    if found or ignored:
        does = "enforces" if found else "does not enforce"
        return holds(Section.NAMESPACE, "network-policy", f"{found or ignored} {does} NetworkPolicies.")
    what = "Cannot tell whether the cluster's network plugin enforces NetworkPolicies."
    return unknown(Section.NAMESPACE, "network-policy", what)


def _names(case: CheckContext) -> Finding:
    """Report how close the names are to their limit; the plan has already refused any that are too long."""
    name = case.plan.name
    longest = max(names.grove_length(name, role, plan.pods) for role, plan in case.plan.roles.items())
    what = f"Graph {name}: {longest} of Grove's {names.GROVE_LIMIT} characters."
    return holds(Section.NAMESPACE, "names", what)


def _and(*words: str) -> str:
    """Return ``a``, ``a and b``, ``a, b and c``."""
    return " and ".join(filter(None, (", ".join(words[:-1]), words[-1])))
