"""What an `up` that was killed has left on the cluster, unknown to the state: it goes, so that the next one can go on.

The engine writes a resource into the state when it stands. One that it was killed over is on the cluster and not in the
state, and its next creation would fail, because it exists. What took the time stays: the image in its registry, the
weights on their volume, and all objects of a Helm release, which Helm takes over again.
"""

from __future__ import annotations

import base64
import gzip
import json
import time
from collections.abc import Callable, Collection
from dataclasses import dataclass
from typing import Any, Final, cast

import pulumi

from components.draining import DrainError, drain
from components.kube import KubeNamespace
from wideep.plan import Plan

__all__ = ["Leftovers", "clear_leftovers", "mark_objects", "release_note"]

MARK: Final = "dynamo-wideep/stack"
"""Annotation of the objects that may be cleared; its value is the stack that made them."""
MARKED: Final = (
    "kubernetes:core/v1:Namespace",
    "kubernetes:batch/v1:Job",
    "kubernetes:nvidia.com/v1alpha1:DynamoGraphDeployment",
)
NAMESPACE, JOB, GRAPH = "namespace-namespace", "download-job", "graph-graph"
RELEASES: Final = ("platform-crds", "platform-platform")
PENDING: Final = "pending-install"
GONE_SECONDS: Final = 120
READ_TRIES: Final = 10
READ_AGAIN_SECONDS: Final = 0.2
NOT_FOUND: Final = 404
Progress = Callable[[str], None]


def stack_name() -> str:
    return f"{pulumi.get_organization()}/{pulumi.get_project()}/{pulumi.get_stack()}"


def release_note() -> str:
    """The description of this stack's Helm releases, by which an interrupted run's are known."""
    return f"made by Pulumi stack {stack_name()}"


def mark_objects() -> None:
    """From here on, each object of the kinds that may be cleared says whose it is."""

    def mark(args: pulumi.ResourceTransformationArgs) -> pulumi.ResourceTransformationResult | None:
        if args.type_ not in MARKED:
            return None
        metadata: Any = args.props.get("metadata")
        metadata.annotations = {**(metadata.annotations or {}), MARK: stack_name()}
        return pulumi.ResourceTransformationResult(args.props, args.opts)

    pulumi.runtime.register_stack_transformation(mark)


def clear_leftovers(plan: Plan) -> None:
    """Clears what this stack's interrupted run has left; nothing in a preview, or when the state knows everything.

    A cluster that cannot be reached is left to the provider, which says so of each resource.
    """
    if pulumi.runtime.is_dry_run():
        return
    expected = {NAMESPACE, *(RELEASES if plan.platform.install else ()), *([JOB] if plan.download else ()), GRAPH}
    known = _known()
    missing = expected - known if known is not None else set[str]()
    if not missing:
        return
    from kubernetes.client import ApiException
    from kubernetes.config import ConfigException
    from urllib3.exceptions import HTTPError

    config = pulumi.Config("kubernetes")
    try:
        place = KubeNamespace.connect(plan.namespace, config.get("kubeconfig"), config.get("context"))
        Leftovers(place, plan, stack_name(), release_note(), pulumi.log.info).clear(missing)
    except DrainError as error:
        raise pulumi.RunError(str(error)) from None
    except (ApiException, ConfigException, HTTPError, OSError) as error:
        pulumi.log.debug(f"leftovers of an interrupted run were not looked for: {type(error).__name__}")


def _known() -> set[str] | None:
    """The names of the resources in the state of this stack; None when the state cannot be read.

    The engine writes the state while the program runs, and a file that is read in the middle of it is cut short.
    """
    for _ in range(READ_TRIES):
        try:
            answer: Any = pulumi.runtime.invoke("pulumi:pulumi:readStackResourceOutputs", {"stackName": stack_name()})
        except Exception as error:  # the SDK raises no other class for a call that failed
            pulumi.log.debug(f"the state could not be read: {error}")
            time.sleep(READ_AGAIN_SECONDS)
        else:
            outputs: dict[str, object] = answer.value["outputs"]
            return {urn.rpartition("::")[2] for urn in outputs}
    return None


@dataclass(frozen=True)
class Leftovers:
    """The search in one namespace of a live cluster."""

    place: KubeNamespace
    plan: Plan
    stack: str
    note: str
    say: Progress

    def clear(self, missing: Collection[str]) -> None:
        """Clears what of the resources in ``missing`` (names in the program) is on the cluster and this stack's."""
        if RELEASES[0] in missing:
            self._release("default", self.plan.platform.crds_release)
        if RELEASES[1] in missing:
            self._release(self.place.name, self.plan.platform.release)
        if GRAPH in missing:
            self._graph()
        if JOB in missing and self.plan.download:
            self._job(self.plan.download.job)
        if NAMESPACE in missing:
            self._namespace()

    def _release(self, namespace: str, release: str) -> None:
        """A release that an interrupted Helm has left half installed, or that stood when the engine was no more there
        to note it. Without its record Helm installs it again, and takes over the objects, by their own labels."""
        from kubernetes.client import CoreV1Api

        core = CoreV1Api(self.place.api)
        found: Any = core.list_namespaced_secret(namespace, label_selector=f"owner=helm,name={release}")
        for secret in found.items:
            status = secret.metadata.labels["status"]
            if status == PENDING or _note(secret.data["release"]) == self.note:
                core.delete_namespaced_secret(secret.metadata.name, namespace)
                self.say(
                    f"release {namespace}/{release}: an interrupted run has left it {status}; it is installed again"
                )

    def _graph(self) -> None:
        from kubernetes.client import CustomObjectsApi

        where = ("nvidia.com", "v1alpha1", self.place.name, "dynamographdeployments", self.plan.name)
        api = CustomObjectsApi(self.place.api)
        live: Any = _get(lambda: api.get_namespaced_custom_object(*where))
        if live and self._is_ours(live["metadata"].get("annotations")):
            self.say(f"graph {self.plan.name}: an interrupted run has left it; it is made again")
            api.delete_namespaced_custom_object(*where, propagation_policy="Background")
            drain(self.place, self.plan.name, GONE_SECONDS, self.say)

    def _job(self, name: str) -> None:
        from kubernetes.client import BatchV1Api

        api = BatchV1Api(self.place.api)
        live: Any = _get(lambda: api.read_namespaced_job(name, self.place.name))
        if live and self._is_ours(live.metadata.annotations):
            self.say(f"Job {name}: an interrupted run has left it; the next one goes on with its files")
            api.delete_namespaced_job(name, self.place.name, propagation_policy="Foreground")
            self._until_gone(lambda: api.read_namespaced_job(name, self.place.name))

    def _namespace(self) -> None:
        """Only one without a volume: a cache that was to be kept is never deleted."""
        from kubernetes.client import CoreV1Api

        core, name = CoreV1Api(self.place.api), self.place.name
        live: Any = _get(lambda: core.read_namespace(name))
        if not live or not self._is_ours(live.metadata.annotations):
            return
        claims: Any = core.list_namespaced_persistent_volume_claim(name)
        if not claims.items:
            self.say(f"namespace {name}: an interrupted run has left it, without a volume; it is made again")
            core.delete_namespace(name)
            self._until_gone(lambda: core.read_namespace(name))

    def _is_ours(self, annotations: dict[str, str] | None) -> bool:
        return (annotations or {}).get(MARK) == self.stack

    def _until_gone(self, read: Callable[[], object]) -> None:
        end = time.monotonic() + GONE_SECONDS
        while _get(read) and time.monotonic() < end:
            time.sleep(0.5)


def _note(record: str) -> str:
    """The description in Helm's record of a release: JSON, gzipped, in base64, and once more as a Secret's data."""
    packed = base64.b64decode(base64.b64decode(record))
    return json.loads(gzip.decompress(packed))["info"].get("description", "")


def _get(read: Callable[[], object]) -> object:
    """What is read; None where it is not there, or its kind is not."""
    from kubernetes.client import ApiException

    try:
        return read()
    except ApiException as error:
        if cast("int", error.status) == NOT_FOUND:  # pyright: ignore[reportUnknownMemberType]
            return None
        raise
