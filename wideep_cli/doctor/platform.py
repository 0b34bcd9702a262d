"""The Dynamo platform: its API, its operator, Helm's record of it, and what multi-node workers need besides."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from wideep import names
from wideep.dynamo import release_of
from wideep.dynamo.api import V1ALPHA1
from wideep.settings.platform import Grove
from wideep.text import some_of
from wideep_cli.doctor.check_context import Case
from wideep_cli.doctor.finding import Finding, Section, fails, holds, unknown
from wideep_cluster.kube import ETCD, OPERATOR
from wideep_cluster.objects import Deployment

__all__ = ["operator_of", "platform_findings"]

CRD: Final = V1ALPHA1.crd
CRDS_NAMESPACE: Final = "default"
RELEASE_NAME: Final = "meta.helm.sh/release-name"
RELEASE_NAMESPACE: Final = "meta.helm.sh/release-namespace"
LOST: Final = {
    ETCD: "workers are not found, and the operator cannot delete a graph",
    "-nats": "no request reaches a worker",
}


def platform_findings(case: Case) -> Iterator[Finding]:
    """Before the platform is there: what would stop it. After: whether it works."""
    operator = operator_of(case)
    yield from _releases(case)
    yield from _crds(case, operator)
    yield from _values(case)
    yield _operator(case, operator)
    yield from _several(case, operator)


def operator_of(case: Case) -> Deployment | None:
    """The operator that looks after the stack's namespace: its own, or else the cluster's."""
    found = [each for each in case.view.deployments.items if each.name.endswith(OPERATOR)]
    return next((each for each in found if each.namespace == case.settings.namespace), next(iter(found), None))


def _operator(case: Case, operator: Deployment | None) -> Finding:
    platform = case.plan.platform
    if operator is None:
        return _no_operator(case)
    version, place = _version(operator), f"{operator.namespace}/{operator.name}"
    if platform.install and operator.namespace != case.settings.namespace:
        what = f"Another Dynamo operator looks after the whole cluster: {place}. The chart refuses a second one."
        return fails(Section.PLATFORM, "operator", what, "platform: {install: false}", key="platform.install")
    if not platform.install and version and version != platform.version:
        what = f"The operator {place} has version {version}, and the graph is written for {platform.version}."
        return fails(Section.PLATFORM, "operator", what, f"platform.version: {version}", key="platform.version")
    if not operator.ready:
        return _stopped(case, operator)
    shown = f" {version}" if version else ""
    works = holds(Section.PLATFORM, "operator", f"The Dynamo operator{shown} runs ({place}).")
    return _without_store(case, operator) or works


def _without_store(case: Case, operator: Deployment) -> Finding | None:
    """The etcd or NATS that came with the operator, where one does not run."""
    release = operator.name.removesuffix(OPERATOR)
    for suffix, lost in LOST.items():
        store = release + suffix
        for each in case.view.stateful_sets.items:
            if each.name == store and each.namespace == operator.namespace and not each.ready:
                what = f"No pod of StatefulSet {store} is ready: {lost}."
                describe = f"kubectl -n {each.namespace} describe pod {store}-0"
                scale = f"kubectl -n {each.namespace} scale statefulset {store} --replicas 1"
                return fails(Section.PLATFORM, "operator", what, describe if each.spec.replicas else scale)
    return None


def _no_operator(case: Case) -> Finding:
    platform = case.plan.platform
    if case.view.deployments.error:
        return unknown(Section.PLATFORM, "operator", str(case.view.deployments.error))
    if not case.view.deployments.everywhere:
        what = "No Dynamo operator in this namespace; whether the cluster has one elsewhere cannot be seen."
        return unknown(Section.PLATFORM, "operator", what, "`wideep rbac` prints the Role.")
    if not platform.install:
        what = f"platform.install is false, and the cluster has no Dynamo operator (no Deployment *{OPERATOR})."
        return fails(Section.PLATFORM, "operator", what, "platform: {install: true}", key="platform.install")
    if case.deployed:
        what = "The graph is there, and the Dynamo operator is gone: nothing of the graph moves, or can be deleted."
        return fails(Section.PLATFORM, "operator", what, "`pulumi up --refresh` installs it again.")
    return holds(Section.PLATFORM, "operator", f"Not there yet: the stack installs Dynamo {platform.version}.")


def _stopped(case: Case, operator: Deployment) -> Finding:
    """The cause where it shows: scaled to nothing, an image that is gone, a container that crashes."""
    place = f"{operator.namespace}/{operator.name}"
    if not operator.spec.replicas:
        what = f"The Dynamo operator {place} is scaled to 0: nothing of the graph moves, or can be deleted."
        fix = f"kubectl -n {operator.namespace} scale deployment {operator.name} --replicas 1"
        return fails(Section.PLATFORM, "operator", what, fix)
    pods = [pod for pod in case.view.own_pods.items if pod.name.startswith(f"{operator.name}-")]
    images = release_of(case.settings).gone_images
    for status in (status for pod in pods for status in pod.status.container_statuses):
        waiting = status.state.waiting
        gone = next((value for image, value in images.items() if status.image.startswith(image)), None)
        if waiting and gone:
            what = f"The operator's image {status.image} is gone from its registry."
            fix = f"platform.values.{gone}: a registry that has it"
            return fails(Section.PLATFORM, "operator", what, fix, key=f"platform.values.{gone}")
        if waiting and waiting.reason not in ("ContainerCreating", "PodInitializing"):
            what = f"The operator {place} does not run: {waiting.reason} of container {status.name}. {waiting.message}"
            fix = f"kubectl -n {operator.namespace} logs deployment/{operator.name} -c {status.name} --previous"
            return fails(Section.PLATFORM, "operator", what.strip(), fix)
    what = f"The Dynamo operator {place} does not run: none of its pods is ready."
    fix = f"kubectl -n {operator.namespace} describe deployment {operator.name}"
    return fails(Section.PLATFORM, "operator", what, fix)


def _version(operator: Deployment) -> str | None:
    """By the tag of the operator's own image, as `platform.install: false` is checked when it is deployed."""
    images = [container.image for container in operator.spec.template.spec.containers if "operator" in container.image]
    tag = images[0].split("@")[0].rpartition(":")[2] if images else ""
    return tag if tag[:1].isdigit() else None


def _releases(case: Case) -> Iterator[Finding]:
    """A release that an interrupted helm left behind blocks the next one."""
    newest: dict[str, dict[str, str]] = {}
    for record in case.view.releases.items:
        name, version = record.labels.get("name", ""), int(record.labels.get("version", "0"))
        if version >= int(newest.get(name, {}).get("version", "0")):
            newest[name] = record.labels
    state = newest.get(names.PLATFORM_RELEASE, {}).get("status", "")
    if state.startswith("pending") or state == "failed":
        what = f"Helm's record of release {names.PLATFORM_RELEASE} says {state}: an install did not end."
        fix = f"helm -n {case.settings.namespace} uninstall {names.PLATFORM_RELEASE}, then `pulumi up --refresh`"
        yield fails(Section.PLATFORM, "release", what, fix)
    elif state:
        yield holds(Section.PLATFORM, "release", f"Release {names.PLATFORM_RELEASE} is {state}.")
    elif case.view.releases.error and case.plan.platform.install:
        what = f"Helm keeps its records in Secrets: {case.view.releases.error}"
        yield unknown(Section.PLATFORM, "release", what)


def _crds(case: Case, operator: Deployment | None) -> Iterator[Finding]:
    served = V1ALPHA1.plural in case.view.apis.get("dynamo", frozenset())
    if not served:
        if case.plan.platform.install and not case.deployed:
            yield holds(
                Section.PLATFORM, "api", f"{V1ALPHA1.api_version} is not served yet: the stack installs the CRDs."
            )
            return
        what = f"The cluster does not serve {CRD} in {V1ALPHA1.version}."
        fix = "platform: {install: true}" if not case.plan.platform.install else "`pulumi up --refresh`"
        yield fails(Section.PLATFORM, "api", what, fix, key="platform.install")
        return
    crd = next((each for each in case.view.definitions.items if each.name == CRD), None)
    owner = crd.metadata.annotations if crd else {}
    by = f"{owner.get(RELEASE_NAMESPACE, '')}/{owner.get(RELEASE_NAME, '')}"
    ours = by == f"{CRDS_NAMESPACE}/{names.CRDS_RELEASE}"
    if crd and crd.metadata.deletion_timestamp:
        what = f"{CRD} is being deleted, and waits for graphs that no operator takes away."
        yield fails(Section.PLATFORM, "api", what, "kubectl get dcd,dgd -A; start an operator, or ask whose they are")
    elif crd and case.plan.platform.install and not ours:
        whose = f"Helm release {by}" if RELEASE_NAME in owner else "no Helm release"
        what = f"{CRD} is there, and belongs to {whose}: Helm refuses to install dynamo-crds over it."
        fixes = (
            f"kubectl annotate crd --overwrite {CRD} {RELEASE_NAME}={names.CRDS_RELEASE} "
            f"{RELEASE_NAMESPACE}={CRDS_NAMESPACE}, and the same for {V1ALPHA1.component_crd}",
            "platform: {install: false}, if a platform is there",
        )
        yield fails(Section.PLATFORM, "api", what, *fixes, key="platform.install")
    else:
        yield holds(Section.PLATFORM, "api", f"{CRD} is served in {V1ALPHA1.version}.")


def _values(case: Case) -> Iterator[Finding]:
    """Images of the chart's defaults that no longer exist."""
    if not case.plan.platform.install:
        return
    text = str(case.plan.platform.values)
    for image, value in release_of(case.settings).gone_images.items():
        if image in text:
            what = f"platform.values asks for {image}, which is gone from its registry."
            yield fails(Section.PLATFORM, "images", what, f"Take platform.values.{value} out.", key="platform.values")
    if "'sshKeygen': {'enabled': True" in text:
        what = "platform.values turns the chart's sshKeygen hook on, whose images are gone (dynamo#4157)."
        key = "platform.values.dynamo-operator.dynamo.mpiRun.sshKeygen.enabled"
        yield fails(Section.PLATFORM, "images", what, "Take it out: the stack makes that Secret itself.", key=key)


def _several(case: Case, operator: Deployment | None) -> Iterator[Finding]:
    """Workers of several pods: Grove, or LeaderWorkerSet with Volcano."""
    if not case.plan.platform.grove:
        return
    apis = case.view.apis
    grove, kai = "podcliquesets" in apis.get("grove", ()), "queues" in apis.get("kai", ())
    lws, volcano = "leaderworkersets" in apis.get("lws", ()), "podgroups" in apis.get("volcano", ())
    wide = some_of(role for role, plan in case.plan.roles.items() if plan.pods > 1)
    if grove or (lws and volcano):
        what = "Grove" if grove else "LeaderWorkerSet and Volcano"
        what += f" {'are' if ' and ' in what else 'is'} there for workers of several pods ({wide})."
        if grove and not kai:
            what += " KAI is not: pods of a worker are scheduled one by one."
        yield holds(Section.PLATFORM, "multi-node", what)
    elif case.settings.platform.grove is Grove.EXISTING:
        what = f"Workers of several pods ({wide}) are to be started by a Grove that is there, and the cluster has none."
        yield fails(Section.PLATFORM, "multi-node", what, "platform.grove: auto", key="platform.grove")
    elif case.plan.platform.install and operator is None:
        what = f"Grove and KAI come with the platform, for workers of several pods ({wide})."
        yield holds(Section.PLATFORM, "multi-node", what)
    else:
        what = f"Workers of several pods ({wide}) need Grove, or LeaderWorkerSet and Volcano: the cluster has neither."
        single = "layout: one with nodes: 1, such as lab-16gpu-singlenode"
        if case.plan.platform.install:
            yield fails(Section.PLATFORM, "multi-node", what, "`pulumi up --refresh`", single, key="layout")
        else:
            yield fails(Section.PLATFORM, "multi-node", what, "Install Grove.", single, key="layout")
