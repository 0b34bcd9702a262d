"""Deletes, at the end of a destroy, the objects that an interrupted `up` created and the state does not know.

The engine records a resource in the state once it is created. If it is killed during the creation, the resource exists
only on the cluster. What took long to produce stays: the image in its registry, the weights on their volume. The next
`up` handles an orphan where it would create the object (``lifecycle.orphan_hooks``); a destroy deletes the graph in its
drain, and the rest here.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from components.lifecycle.helm_releases import HelmReleases
from components.lifecycle.ownership import is_owned_by
from components.lifecycle.sharing import Share, users
from wideep_cluster.kinds import CLAIMS, JOBS, NAMESPACES
from wideep_cluster.kube import KubeNamespace
from wideep_cluster.retry import poll

__all__ = ["CRDS_NAMESPACE", "GONE_SECONDS", "OrphanCleaner", "until_gone"]

CRDS_NAMESPACE: Final = "default"
"""The namespace that the lab uses too. The CRDs are cluster-wide and outlive the release, which is found again by name
and namespace, so it must be in a namespace that no stack deletes."""
GONE_SECONDS: Final = 120
Progress = Callable[[str], None]


@dataclass(frozen=True)
class OrphanCleaner:
    """Deletes a stack's orphans in its namespace. Each method deletes one object that the state does not know."""

    place: KubeNamespace
    stack: str
    say: Progress

    @property
    def _releases(self) -> HelmReleases:
        return HelmReleases(self.place, self.say, began=True)

    def release(self, namespace: str, release: str) -> None:
        """Delete the Helm records of a release that was interrupted, or that completed after the engine was killed."""
        self._releases.delete_records(namespace, release, self.stack)

    def platform(self, release: str) -> None:
        """Uninstall the platform's release if nobody else has a graph that depends on it."""
        if not self._releases.exists(self.place.name, release):
            return
        share = Share(self.place.name, self.stack, operator="cluster", releases=(release,))
        others = list(users(self.place.cluster, share))
        if others:
            self.say(f"release {self.place.name}/{release} is kept: others use it, for example {others[0].what}")
            return
        self._releases.uninstall(self.place.name, release, self.stack)

    def monitoring(self, release: str) -> None:
        """Uninstall the Prometheus release that this stack began; its CRDs stay, because others may have objects of
        them."""
        self._releases.uninstall(self.place.name, release, self.stack)

    def job(self, name: str) -> None:
        """Delete the download Job."""
        cluster, namespace = self.place.cluster, self.place.name
        live = cluster.find(JOBS, name, namespace)
        if live and is_owned_by(self.stack, live.metadata.annotations):
            self.say(f"Job {name}: orphaned by an interrupted run (not in the state); deleting it")
            cluster.delete(JOBS, name, namespace, propagation="Foreground")
            until_gone(lambda: cluster.find(JOBS, name, namespace))

    def namespace(self) -> None:
        """Delete the namespace if it holds no volume (a cache that was to be kept is never deleted) and no objects of
        others."""
        cluster, name = self.place.cluster, self.place.name
        live = cluster.find(NAMESPACES, name)
        if not live or not is_owned_by(self.stack, live.metadata.annotations):
            return
        claims = cluster.list(CLAIMS, name).items
        own = [claim.metadata.name for claim in claims if is_owned_by(self.stack, claim.metadata.annotations)]
        if own:
            self.say(f"namespace {name} is kept, with PersistentVolumeClaim {own[0]}: the next `pulumi up` uses it")
        elif others := list(users(cluster, Share(name, self.stack, namespace_goes=True))):
            self.say(f"namespace {name} is kept: others use it, for example {others[0].what}")
        elif not claims:
            self.say(f"namespace {name}: orphaned by an interrupted run (not in the state); deleting it")
            cluster.delete(NAMESPACES, name)
            until_gone(lambda: cluster.find(NAMESPACES, name))


def until_gone(read: Callable[[], object]) -> None:
    """Wait until an object is gone, for as long as its finalizers may take."""
    poll(read, bool, GONE_SECONDS, 0.5)
