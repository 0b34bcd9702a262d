"""Check the Dynamo platform: its API, its operator, its Helm release, and what multi-node workers also need."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from wideep import names
from wideep.dynamo import release_of
from wideep.dynamo.upgrades import upgrade
from wideep.errors import Problem
from wideep.text import some_of
from wideep_cli.doctor.check_context import CheckContext
from wideep_cli.doctor.finding import Finding, Section, answered, fails, holds, unknown
from wideep_cluster.dynamo.crds import GRAPH_CRD, crd_conflict, version_conflict
from wideep_cluster.dynamo.multinode import KAI, fabric_problem, multinode_makers, multinode_problem
from wideep_cluster.dynamo.operator import (
    ETCD,
    down_store,
    operator_conflicts,
    operator_of,
    operator_status,
    operator_version,
)
from wideep_cluster.dynamo.pods import STARTING_REASONS
from wideep_cluster.objects import Deployment
from wideep_cluster.prometheus import operator_problem

__all__ = ["platform_findings"]

CRDS_NAMESPACE: Final = "default"
LOST: Final = {
    ETCD: "workers are not found, and the operator cannot delete a graph",
    "-nats": "no request reaches a worker",
}


def platform_findings(case: CheckContext) -> Iterator[Finding]:
    """Check what would prevent the platform's installation or, once it is installed, whether it works."""
    operator = operator_of(case.view.deployments.items, case.settings.namespace)
    yield from _releases(case)
    yield _stored_versions(case) or _crds(case)
    yield from _admission(case, operator)
    yield from _values(case)
    yield from _conflicts(case) or [_operator(case, operator)]
    yield from _several(case, operator)
    if refused := answered(Section.PLATFORM, "monitoring", operator_problem(case.plan.monitoring, case.view.groups)):
        yield refused


def _conflicts(case: CheckContext) -> list[Finding]:
    """Return findings about existing operators beside which the chart refuses to install this stack's."""
    if not case.plan.platform.install:
        return []
    answers = operator_conflicts(
        case.view.deployments, case.settings.namespace, restricted=case.plan.platform.restricted
    )
    return [found for each in answers if (found := answered(Section.PLATFORM, "operator", each))]


def _operator(case: CheckContext, operator: Deployment | None) -> Finding:
    platform = case.plan.platform
    if operator is None:
        return _no_operator(case)
    version, place = operator_version(operator), f"{operator.namespace}/{operator.name}"
    if not platform.install and version and version != platform.version:
        what = f"The operator {place} has version {version}, and the graph is written for {platform.version}."
        return fails(Section.PLATFORM, "operator", what, f"platform.version: {version}", key="platform.version")
    if not operator.ready:
        return _stopped(case, operator)
    shown = f" {version}" if version else ""
    works = holds(Section.PLATFORM, "operator", f"The Dynamo operator{shown} runs ({place}).")
    return _without_store(case, operator) or _far_away(case, version, place) or works


def _far_away(case: CheckContext, version: str | None, place: str) -> Finding | None:
    """Report a platform.version to which Dynamo does not update this operator in one step; None if it does."""
    wanted = case.plan.platform.version
    step = upgrade(version, wanted, several_pods=case.plan.platform.grove) if version else None
    if step is None or step.refused is None:
        return None
    what = f"The operator {place} has version {version}, and platform.version is {wanted}: {step.refused}."
    return fails(Section.PLATFORM, "operator", what, *step.advice.splitlines(), key="platform.version")


def _without_store(case: CheckContext, operator: Deployment) -> Finding | None:
    """Report an etcd or NATS of the operator's release of which no pod is ready; None if there is none."""
    used = [f"-{name}" for name in release_of(case.settings).stores(case.settings)]
    for suffix, lost in LOST.items():
        if suffix not in used:
            continue
        store = down_store(operator, case.view.stateful_sets.items, suffix)
        if store:
            what = f"No pod of StatefulSet {store.name} is ready: {lost}."
            describe = f"kubectl -n {store.namespace} describe pod {store.name}-0"
            scale = f"kubectl -n {store.namespace} scale statefulset {store.name} --replicas 1"
            return fails(Section.PLATFORM, "operator", what, describe if store.spec.replicas else scale)
    return None


def _no_operator(case: CheckContext) -> Finding:
    platform, namespace = case.plan.platform, case.settings.namespace
    if case.view.deployments.error:
        return unknown(Section.PLATFORM, "operator", str(case.view.deployments.error))
    if not case.view.deployments.everywhere:
        what = "No Dynamo operator in this namespace; cannot tell whether another namespace has one."
        return unknown(Section.PLATFORM, "operator", what, "`wideep rbac` prints the Role.")
    if not platform.install:
        absent = operator_status(case.view.deployments.items, (), namespace).message
        what = f"platform.install is false, and {absent}."
        return fails(Section.PLATFORM, "operator", what, "platform: {install: true}", key="platform.install")
    if case.deployed:
        what = "The graph exists but the Dynamo operator does not: the graph can be neither changed nor deleted."
        return fails(Section.PLATFORM, "operator", what, "Run `pulumi up --refresh` to reinstall it.")
    return holds(Section.PLATFORM, "operator", f"Not installed yet: the stack installs Dynamo {platform.version}.")


def _stopped(case: CheckContext, operator: Deployment) -> Finding:
    """Report a stopped operator, with the cause if it shows: scaled to 0, a missing image, a failing container."""
    place = f"{operator.namespace}/{operator.name}"
    if not operator.spec.replicas:
        what = f"The Dynamo operator {place} is scaled to 0: the graph can be neither changed nor deleted."
        fix = f"kubectl -n {operator.namespace} scale deployment {operator.name} --replicas 1"
        return fails(Section.PLATFORM, "operator", what, fix)
    pods = [pod for pod in case.view.own_pods.items if pod.name.startswith(f"{operator.name}-")]
    images = release_of(case.settings).gone_images
    for status in (status for pod in pods for status in pod.status.container_statuses):
        waiting = status.state.waiting
        gone = next((value for image, value in images.items() if status.image.startswith(image)), None)
        if waiting and gone:
            what = f"The operator's image {status.image} no longer exists in its registry."
            fix = f"platform.values.{gone}: set a registry that has it"
            return fails(Section.PLATFORM, "operator", what, fix, key=f"platform.values.{gone}")
        if waiting and waiting.reason not in STARTING_REASONS:
            what = f"The operator {place} does not run: {waiting.reason} of container {status.name}. {waiting.message}"
            fix = f"kubectl -n {operator.namespace} logs deployment/{operator.name} -c {status.name} --previous"
            return fails(Section.PLATFORM, "operator", what.strip(), fix)
    what = f"The Dynamo operator {place} does not run: none of its pods is ready."
    fix = f"kubectl -n {operator.namespace} describe deployment {operator.name}"
    return fails(Section.PLATFORM, "operator", what, fix)


def _releases(case: CheckContext) -> Iterator[Finding]:
    """Check for a release that an interrupted helm left behind, which blocks the next one."""
    newest: dict[str, dict[str, str]] = {}
    for record in case.view.releases.items:
        name, version = record.labels.get("name", ""), int(record.labels.get("version", "0"))
        if version >= int(newest.get(name, {}).get("version", "0")):
            newest[name] = record.labels
    state = newest.get(names.PLATFORM_RELEASE, {}).get("status", "")
    if state.startswith("pending") or state == "failed":
        what = f"Helm's record of release {names.PLATFORM_RELEASE} is {state}: an install was interrupted."
        fix = f"helm -n {case.settings.namespace} uninstall {names.PLATFORM_RELEASE}, then `pulumi up --refresh`"
        yield fails(Section.PLATFORM, "release", what, fix)
    elif state:
        yield holds(Section.PLATFORM, "release", f"Release {names.PLATFORM_RELEASE} is {state}.")
    elif case.view.releases.error and case.plan.platform.install:
        what = f"Helm keeps its records in Secrets: {case.view.releases.error}"
        yield unknown(Section.PLATFORM, "release", what)


def _admission(case: CheckContext, operator: Deployment | None) -> Iterator[Finding]:
    """Check the webhooks that admit each graph: the API server refuses graphs while they do not respond."""
    if not release_of(case.settings).webhooks or operator is None or not operator.ready:
        return
    found = case.view.admission
    if found.error:
        yield unknown(Section.PLATFORM, "admission", str(found.error))
    elif found.items:
        restart = f"kubectl -n {operator.namespace} rollout restart deployment {operator.name}"
        what = f"The API server would refuse a graph: {some_of(found.items, 4)}."
        yield fails(Section.PLATFORM, "admission", what, restart)
    else:
        yield holds(Section.PLATFORM, "admission", "The webhooks that admit a graph have pods that are ready.")


def _stored_versions(case: CheckContext) -> Finding | None:
    """Report CRDs of a newer release, which the stack's release cannot replace; None if there are none."""
    platform = case.plan.platform
    answer = version_conflict(case.view.unknown_versions, platform.version) if platform.install else None
    return answered(Section.PLATFORM, "api", answer) if isinstance(answer, Problem) else None


def _crds(case: CheckContext) -> Finding:
    install, definitions, api = case.plan.platform.install, case.view.definitions, release_of(case.settings).api
    if not case.view.serves_graphs:
        if install and not case.deployed:
            what = f"{api.api_version} is not installed yet: the stack installs the CRDs."
            return holds(Section.PLATFORM, "api", what)
        what = f"The cluster does not serve {GRAPH_CRD} in {api.version}."
        fix = "`pulumi up --refresh`" if install else "platform: {install: true}"
        return fails(Section.PLATFORM, "api", what, fix, key="platform.install")
    if any(each.name == GRAPH_CRD and each.metadata.deletion_timestamp for each in definitions.items):
        what = f"{GRAPH_CRD} is Terminating, and waits for graphs whose finalizers no operator removes."
        return fails(Section.PLATFORM, "api", what, "kubectl get dcd,dgd -A; start an operator, or find the owners")
    by_chart = install and case.plan.platform.crds_chart is not None
    conflict = crd_conflict(definitions, CRDS_NAMESPACE, names.CRDS_RELEASE) if by_chart else None
    served = holds(Section.PLATFORM, "api", f"{GRAPH_CRD} is served in {api.version}.")
    return answered(Section.PLATFORM, "api", conflict) or served


def _values(case: CheckContext) -> Iterator[Finding]:
    """Report values that request images which no longer exist."""
    if not case.plan.platform.install:
        return
    text = str(case.plan.platform.values)
    for image, value in release_of(case.settings).gone_images.items():
        if image in text:
            what = f"platform.values requests {image}, which no longer exists in its registry."
            yield fails(Section.PLATFORM, "images", what, f"Take platform.values.{value} out.", key="platform.values")
    if "'sshKeygen': {'enabled': True" in text:
        what = "platform.values turns the chart's sshKeygen hook on, whose images no longer exist (dynamo#4157)."
        key = "platform.values.dynamo-operator.dynamo.mpiRun.sshKeygen.enabled"
        yield fails(Section.PLATFORM, "images", what, "Remove it: the stack creates that Secret itself.", key=key)


def _several(case: CheckContext, operator: Deployment | None) -> Iterator[Finding]:
    """Check for what workers of several pods need: Grove, or LeaderWorkerSet with Volcano."""
    platform, groups = case.plan.platform, case.view.groups
    if not platform.grove:
        return
    makers, wide = multinode_makers(groups), some_of(role for role, plan in case.plan.roles.items() if plan.pods > 1)
    refused = answered(Section.PLATFORM, "multi-node", multinode_problem(case.plan, groups))
    if refused:
        yield refused
    elif makers:
        what = f"{makers} {'are' if ' and ' in makers else 'is'} there for workers of several pods ({wide})."
        if makers == "Grove" and KAI not in groups.items:
            what += " KAI is not: pods of a worker are scheduled one by one."
        yield holds(Section.PLATFORM, "multi-node", what)
    elif operator is None:
        what = f"Grove and KAI come with the platform, for workers of several pods ({wide})."
        yield holds(Section.PLATFORM, "multi-node", what)
    else:
        what = f"Workers of several pods ({wide}) need Grove, which comes with the platform: the cluster has none."
        single = "layout: one with nodes: 1, such as lab-16gpu-singlenode"
        yield fails(Section.PLATFORM, "multi-node", what, "`pulumi up --refresh`", single, key="layout")
    fabric = answered(Section.PLATFORM, "multi-node", fabric_problem(case.plan, groups))
    if fabric:
        yield fabric
