"""What an `up` that was killed has left on the cluster, unknown to the state: it goes, so that the next one can go on.

The engine writes a resource into the state when it stands. One that it was killed over is on the cluster and not in the
state, and its next creation would fail, because it exists. What took the time stays: the image in its registry, the
weights on their volume, and all objects of a Helm release, which Helm takes over again.

A destroy clears them too: the graph in its drain, the rest at its end (``dynamic.stack_cleanup``). What was killed
in the moment of its making is ``components.lifecycle.unrecorded``'s.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Collection
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, cast

import pulumi

from components.lifecycle.helm_releases import Releases
from components.lifecycle.own_cluster import own_cluster
from components.lifecycle.ownership import is_owned_by, stack_name
from components.lifecycle.sharing import Share, users
from components.lifecycle.state import known_outputs
from components.preflight.crds import check_crds
from components.preflight.storage import check_storage
from wideep import resource_names as names
from wideep.errors import ConfigError
from wideep.resource_names import CACHE_CLAIM, CRDS_RELEASE, DOWNLOAD_JOB, PLATFORM_RELEASE
from wideep_cluster.dynamo.conflicts import operators_of, taken_release, unwanted_operators
from wideep_cluster.dynamo.drain import DrainError, drain
from wideep_cluster.kube import KubeNamespace

if TYPE_CHECKING:  # the engine unpickles providers in a process of its own, which has no use for the domain
    from wideep.plan import Plan

__all__ = [
    "CLAIM",
    "CRDS_NAMESPACE",
    "GRAPH",
    "JOB",
    "Leftovers",
    "clear_leftovers",
    "found",
]

CRDS_NAMESPACE: Final = "default"
"""As in the lab. The CRDs are the cluster's and outlive the release, which is found again by name and namespace:
one that no stack deletes."""
CLAIM, JOB, GRAPH = CACHE_CLAIM.name, DOWNLOAD_JOB.name, names.GRAPH.name
RELEASES: Final = (CRDS_RELEASE.name, PLATFORM_RELEASE.name)
GONE_SECONDS: Final = 120
NOT_FOUND: Final = 404
Progress = Callable[[str], None]


def clear_leftovers(plan: Plan) -> None:
    """Clears what this stack's interrupted run has left; nothing in a preview, or when the state knows everything.

    A cluster that cannot be reached is left to the provider, which says so of each resource.
    """
    if pulumi.runtime.is_dry_run():
        return
    expected = {*(RELEASES if plan.platform.install else ()), *([JOB] if plan.download else ()), GRAPH}
    expected |= {CLAIM} if plan.cache.create else set()
    known = known_outputs()
    missing = expected - known.keys() if known is not None else set[str]()
    if not missing:
        return
    from kubernetes.client import ApiException
    from kubernetes.config import ConfigException
    from urllib3.exceptions import HTTPError

    try:
        _clear(Leftovers(own_cluster(plan.namespace), stack_name(), pulumi.log.info), plan, missing)
    except DrainError as error:
        raise pulumi.RunError(str(error)) from None
    except (ApiException, ConfigException, HTTPError, OSError) as error:
        pulumi.log.debug(f"leftovers of an interrupted run were not looked for: {type(error).__name__}")


def _clear(left: Leftovers, plan: Plan, missing: Collection[str]) -> None:
    """What is on the cluster of the resources in ``missing`` (their names in the program)."""
    wanted = {RELEASES[0]: (CRDS_NAMESPACE, plan.platform.crds_release)}
    wanted[RELEASES[1]] = (plan.namespace, plan.platform.release)
    new = [where for name, where in wanted.items() if name in missing]
    if plan.platform.install:
        _refuse_gone(left, [where for name, where in wanted.items() if name not in missing])
    for where in new:
        left.release(*where)
    _refuse_others(left, new, restricted=plan.platform.restricted)
    if RELEASES[0] in missing:
        check_crds(left.place, CRDS_NAMESPACE, plan.platform.crds_release)
    if CLAIM in missing:
        check_storage(left.place, plan.cache)
    if GRAPH in missing:
        left.graph(plan.name)
    if JOB in missing and plan.download:
        left.job(plan.download.job)


def _refuse_gone(left: Leftovers, known: list[tuple[str, str]]) -> None:
    """Raises pulumi.RunError for a release of the state that Helm does not know: no operator would come."""
    releases = Releases(left.place, left.say)
    gone = [f"{namespace}/{release}" for namespace, release in known if not releases.has(namespace, release)]
    if gone:
        raise pulumi.RunError(
            f"The state has Helm release {' and '.join(gone)}, and the cluster has not: it was uninstalled by hand, or "
            "by a run that was killed before it could note it.\n"
            "  `pulumi up --refresh` installs it again; `pulumi destroy --refresh` goes on taking down."
        )


def _refuse_others(left: Leftovers, new: list[tuple[str, str]], *, restricted: bool) -> None:
    """Raises pulumi.RunError where somebody else has installed what is about to be installed."""
    if not new:
        return
    releases = Releases(left.place, left.say)
    taken = {where: releases.status_of_others(*where, left.stack) for where in new}
    problems = [taken_release(*where, status) for where, status in taken.items() if status is not None]
    problems += unwanted_operators(operators_of(left.place), left.place.name, restricted=restricted)
    if problems:
        raise pulumi.RunError(str(ConfigError(problems)))


@dataclass(frozen=True)
class Leftovers:
    """What a stack has left in its namespace. Each method clears one object that the state does not know."""

    place: KubeNamespace
    stack: str
    say: Progress

    def release(self, namespace: str, release: str) -> None:
        """One that an interrupted Helm has left half installed, or that stood when the engine was no more there to
        note it."""
        Releases(self.place, self.say).forget(namespace, release, self.stack)

    def platform(self, release: str) -> None:
        """Likewise, with all that it brought, where the namespace stays and nobody else has a graph on it."""
        releases = Releases(self.place, self.say)
        if not releases.has(self.place.name, release):
            return
        others = list(users(self.place, Share(self.place.name, self.stack, operator="cluster", releases=(release,))))
        if others:
            self.say(f"release {self.place.name}/{release} stays: others use it, such as {others[0].what}")
            return
        releases.uninstall(self.place.name, release, self.stack)

    def graph(self, name: str) -> None:
        """Raises DrainError where it cannot go, or does not in time."""
        from kubernetes.client import CustomObjectsApi

        where = ("nvidia.com", "v1alpha1", self.place.name, "dynamographdeployments", name)
        live: Any = found(lambda: CustomObjectsApi(self.place.api).get_namespaced_custom_object(*where))
        if live and is_owned_by(self.stack, live["metadata"].get("annotations")):
            drain(self.place, name, GONE_SECONDS, self.say)

    def job(self, name: str) -> None:
        """The download."""
        from kubernetes.client import BatchV1Api

        api = BatchV1Api(self.place.api)
        live: Any = found(lambda: api.read_namespaced_job(name, self.place.name))
        if live and is_owned_by(self.stack, live.metadata.annotations):
            self.say(f"Job {name}: an interrupted run has left it, unknown to the state; it is deleted")
            api.delete_namespaced_job(name, self.place.name, propagation_policy="Foreground")
            self._until_gone(lambda: api.read_namespaced_job(name, self.place.name))

    def namespace(self) -> None:
        """The namespace, if there is no volume in it (a cache that was to be kept is never deleted) and nothing of
        others."""
        from kubernetes.client import CoreV1Api

        core, name = CoreV1Api(self.place.api), self.place.name
        live: Any = found(lambda: core.read_namespace(name))
        if not live or not is_owned_by(self.stack, live.metadata.annotations):
            return
        claims: Any = core.list_namespaced_persistent_volume_claim(name)
        others = list(users(self.place, Share(name, self.stack, namespace_goes=True)))
        if others:
            self.say(f"namespace {name} stays: others use it, such as {others[0].what}")
        elif not claims.items:
            self.say(f"namespace {name}: an interrupted run has left it, unknown to the state; it is deleted")
            core.delete_namespace(name)
            self._until_gone(lambda: core.read_namespace(name))

    def _until_gone(self, read: Callable[[], object]) -> None:
        end = time.monotonic() + GONE_SECONDS
        while found(read) and time.monotonic() < end:
            time.sleep(0.5)


def found(read: Callable[[], object]) -> object:
    """What is read; None where it is not there, or its kind is not."""
    from kubernetes.client import ApiException

    try:
        return read()
    except ApiException as error:
        if cast("int", error.status) == NOT_FOUND:  # pyright: ignore[reportUnknownMemberType]
            return None
        raise
